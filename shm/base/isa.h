// Which instruction set the kernels of this machine may use. Every kernel gives the same bits on
// each of them (protocol 9), so the choice is a matter of speed alone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pinstripe {

/// In rising order: a machine that has one has all before it.
enum class Isa : std::uint8_t { kPlain = 0, kAvx2 = 1, kAvx512 = 2 };
inline constexpr std::array<std::string_view, 3> kIsaNames{"plain", "avx2", "avx512"};

/// The widest set that this processor and its kernel offer.
Isa widest_isa() noexcept;
/// `wanted`, or the widest available below it.
Isa usable_isa(Isa wanted) noexcept;

}  // namespace pinstripe
