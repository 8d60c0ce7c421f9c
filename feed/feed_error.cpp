#include "feed/feed_error.h"

namespace pinstripe {
namespace {

const char* advice(FeedErrorKind kind) {
  switch (kind) {
    case FeedErrorKind::kNone: return "";
    case FeedErrorKind::kBadJson: return "the line is cut or damaged; take the file anew";
    case FeedErrorKind::kMissingField: return "a field that this message must have is not there";
    case FeedErrorKind::kBadNumber: return "a plain decimal number belongs here";
    case FeedErrorKind::kUnknownSymbol:
      return "add the instrument to the session, or leave the line out";
    case FeedErrorKind::kOffGrid:
      return "not a multiple of the instrument's tick or lot; check its record";
    case FeedErrorKind::kOverflow:
      return "price or quantity outside the range that the system computes in";
    case FeedErrorKind::kTooLong: return "raise frame_bytes_max or frame_levels_max of the feed";
    case FeedErrorKind::kBadRow: return "the row does not have the columns of its kind of file";
    case FeedErrorKind::kBadFrame: return "sizes or kinds of the binary frame do not fit";
  }
  return "";
}

}  // namespace

std::string describe(const FeedError& e, std::span<const std::string> files) {
  std::string where = e.file < files.size() ? files[e.file] : "frame";
  where += ':' + std::to_string(e.line) + ':' + std::to_string(e.column);
  std::string what(kFeedErrorNames[static_cast<std::size_t>(e.kind)]);
  std::string near;
  for (const char c : e.text()) near += c >= ' ' && c < 127 ? c : '.';
  return where + ": " + what + (near.empty() ? "" : " at '" + near + "'") + "; " + advice(e.kind);
}

}  // namespace pinstripe
