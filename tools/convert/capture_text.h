// The text that a binary capture was made of.
#pragma once

#include <functional>
#include <string_view>

#include "feed/binary_capture.h"

namespace pinstripe {

/// Hands on the text block by block. Fails at the first damaged byte, naming block and frames, and
/// at the end where the whole is not what the header says; what `take` fails with stops it.
Result<void> read_capture_text(const BinaryCapture& capture,
                               const std::function<Result<void>(std::string_view)>& take);

}  // namespace pinstripe
