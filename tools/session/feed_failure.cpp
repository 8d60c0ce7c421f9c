#include "tools/session/feed_failure.h"

#include "feed/feed_error.h"

namespace pinstripe {

std::string skipped_line(const FeedStage& stage, const FrameSource& source) {
  const FeedError& last = stage.last_error();
  return last.kind == FeedErrorKind::kNone ? "" : describe(last, source.files());
}

std::optional<Error> feed_failure(const FeedStage& stage, const FrameSource& source) {
  if (auto broken = source.error(); broken) return broken;
  if (stage.stopped()) {
    return Error{"stopped at a bad line (feed.on_bad_line is \"stop\"): " +
                 skipped_line(stage, source), Exit::kFailed};
  }
  return std::nullopt;
}

}  // namespace pinstripe
