// What stopped a feed, or what it skipped, as one error for people.
#pragma once

#include <optional>

#include "feed/feed_stage.h"
#include "feed/source.h"

namespace pinstripe {

/// An error where the source broke off or a bad line stopped the feed; nothing where all was read.
std::optional<Error> feed_failure(const FeedStage& stage, const FrameSource& source);
/// The last line that was skipped as bad, described; empty where there was none.
std::string skipped_line(const FeedStage& stage, const FrameSource& source);

}  // namespace pinstripe
