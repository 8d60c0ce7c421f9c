// The checksum that OKX sends with a book: CRC-32 of its best 25 levels a side as text.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/market/order_book.h"

namespace pinstripe {

/// Levels a side that the checksum covers.
inline constexpr std::size_t kChecksumLevels = 25;

/// CRC-32 (IEEE 802.3, as in zlib) of `size` bytes.
std::uint32_t crc32_of(const char* bytes, std::size_t size) noexcept;

/// "bidPx:bidSz:askPx:askSz:..." of the best levels, the longer side alone where the other ends; as
/// a signed number, as the venue writes it. Prices and quantities are written without trailing
/// zeros: so did every level of the captures in which the venue computed it.
std::int32_t okx_checksum(const BookSide<Side::kBuy>& bids, const BookSide<Side::kSell>& asks,
                          std::int64_t tick_e8, std::int64_t lot_e8) noexcept;

}  // namespace pinstripe
