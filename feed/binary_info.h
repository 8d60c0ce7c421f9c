// What a binary capture's header says of the text that it was made of.
#pragma once

#include "feed/binary_capture.h"
#include "feed/inspect.h"

namespace pinstripe {

/// Fills `info` of the file `info.path`, as looking through its text would.
Result<void> read_binary_info(CaptureFileInfo& info);
/// The other way round; `info.instrument` is known. Fails where a name is too long.
Result<void> put_binary_info(const CaptureFileInfo& info, BinaryHeader& header);
/// Prices were counted in the instrument's grid of then: refuses where it is another one now.
Result<void> check_binary_grid(const CaptureFileInfo& info);

}  // namespace pinstripe
