#include "feed/feed_error.h"

#include <algorithm>
#include <charconv>

namespace pinstripe {
namespace {

const char* advice(FeedErrorKind kind) {
  switch (kind) {
    case FeedErrorKind::kNone: return "";
    case FeedErrorKind::kBadJson:
      return "the line is cut or damaged (of a recorded file: take that anew)";
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

/// Text put together in a given room; what does not fit is left out.
class Line {
 public:
  explicit Line(std::span<char> room) noexcept : room_(room) {}
  Line& add(std::string_view text) noexcept {
    const std::size_t n = std::min(text.size(), room_.size() - used_);
    std::copy_n(text.begin(), n, room_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += n;
    return *this;
  }
  Line& add(std::uint64_t number) noexcept {
    std::array<char, 20> digits{};
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  std::size_t used_ = 0;
};

}  // namespace

std::string_view describe_into(std::span<char> out, const FeedError& e,
                               std::span<const std::string> files) noexcept {
  constexpr std::size_t kPathMax = 120;
  std::string_view path = e.file < files.size() ? std::string_view(files[e.file]) : "frame";
  Line line(out);
  if (path.size() > kPathMax) {
    path.remove_prefix(path.size() - kPathMax);
    line.add("...");
  }
  line.add(path).add(":").add(e.line).add(":").add(e.column).add(": ");
  line.add(kFeedErrorNames[static_cast<std::size_t>(e.kind)]);
  if (e.excerpt_length > 0) {
    std::array<char, sizeof(e.excerpt)> near{};
    std::transform(e.text().begin(), e.text().end(), near.begin(),
                   [](char c) { return c >= ' ' && c < 127 ? c : '.'; });
    line.add(" at '").add({near.data(), e.excerpt_length}).add("'");
  }
  return line.add("; ").add(advice(e.kind)).text();
}

std::string describe(const FeedError& e, std::span<const std::string> files) {
  std::array<char, 512> text{};
  return std::string(describe_into(text, e, files));
}

}  // namespace pinstripe
