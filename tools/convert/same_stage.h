// Proves that a binary capture says to the feed stage what its text says.
#pragma once

#include "feed/inspect.h"

namespace pinstripe {

/// Feeds one stage from the text and one from the binary capture, frame by frame; fails, naming the
/// line, where their outputs, times or states differ. `info` is that of the text.
Result<void> check_same_stage(const CaptureInfo& info, const std::string& binary);

}  // namespace pinstripe
