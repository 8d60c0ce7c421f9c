// Which build this is: the journals of another build are not taken.
#pragma once

#include <string_view>

namespace pinstripe {

/// 32 hex digits over compiler, flags and the code of every stage, the same in all programs of one
/// build; "unknown" in programs that do not link `pinstripe_build_id`.
std::string_view build_id() noexcept;

}  // namespace pinstripe
