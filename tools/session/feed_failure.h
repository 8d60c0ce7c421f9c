// What stopped a feed, or what it skipped, as one error for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "feed/feed_stage.h"
#include "feed/source.h"
#include "shm/ring/stage_page.h"
#include "tools/session/snapshot.h"

namespace pinstripe {

/// An error where the source broke off or a bad line stopped the feed; nothing where all was read.
std::optional<Error> feed_failure(const FeedStage& stage, const FrameSource& source);
/// Carries what a feed refused from the stage to its page: the first line of each kind with its
/// place, and how many. Between batches; allocates nothing.
class BadLineLog {
 public:
  /// `files` as the source names them.
  explicit BadLineLog(std::span<const std::string> files) : files_(files.begin(), files.end()) {}
  void operator()(StagePage& page, const FeedErrors& errors) noexcept;

 private:
  std::vector<std::string> files_;
  std::array<std::uint64_t, kFeedErrorNames.size()> told_{};
};

/// Codes of the page's error log from here on are bad lines, by kind.
inline constexpr std::uint32_t kBadLineCode = 100;

/// Bad lines that the feeds of a session skipped: the first of each kind with its place.
std::vector<std::string> skipped_lines(const SessionShot& shot);

}  // namespace pinstripe
