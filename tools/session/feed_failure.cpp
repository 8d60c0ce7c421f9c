#include "tools/session/feed_failure.h"

#include "feed/feed_error.h"
#include "shm/run/machine_time.h"

namespace pinstripe {

void BadLineLog::operator()(StagePage& page, const FeedErrors& errors) noexcept {
  for (std::size_t k = 0; k < errors.count.size(); ++k) {
    const std::uint64_t fresh = errors.count[k] - told_[k];
    if (fresh == 0) continue;
    told_[k] = errors.count[k];
    std::array<char, kPageErrorBytes> text{};
    page.log_error(kBadLineCode + static_cast<std::uint32_t>(k),
                   describe_into(text, errors.first[k], files_), realtime_ns(), fresh);
  }
}

std::optional<Error> feed_failure(const FeedStage& stage, const FrameSource& source) {
  if (auto broken = source.error(); broken) return broken;
  if (stage.stopped()) {
    return Error{"stopped at a bad line (feed.on_bad_line is \"stop\"): " +
                 describe(stage.last_error(), source.files()), Exit::kFailed};
  }
  return std::nullopt;
}

std::vector<std::string> skipped_lines(const SessionShot& shot) {
  std::vector<std::string> lines;
  for (const StageShot& s : shot.stages) {
    for (const ErrorShot& e : s.errors) {
      if (e.code < kBadLineCode) continue;
      const std::string more =
          e.count > 1 ? " (the first of " + std::to_string(e.count) + ")" : std::string();
      lines.push_back("skipped: " + e.text + more);
    }
  }
  return lines;
}

}  // namespace pinstripe
