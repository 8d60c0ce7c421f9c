// A venue message in binary: what the synthetic market and decoded captures hold.
//
//   byte 0 magic (4) | kind (1) | flags (1) | instrument (2) | bids (2) | asks (2) | venue_us (4)
//       16 venue_ms (8) | first_id (8) | last_id (8) | prev_id (8) | a (8) | b (8)
//       64 levels: bids, then asks, each price_ticks (8), qty_lots (8)
//
// depth, snapshot: ids U, u, pu (prev_id 0: spot rule); ticker: last_id = u, one bid and one ask;
// trade: last_id = trade id, a = price, b = quantity; aggregate trade: first_id and last_id = first
// and last trade; mark: a = mark_e8, b = index_e8, first_id = funding time in ms (0: no rate was
// there), prev_id = rate_e8 (as a signed number); plain book: levels alone.
// Chained book: first_id = levels a side that its channel keeps, last_id and prev_id = ids of this
// message and the one before (kDecodedHasPrev), a = checksum.
//
// The venue's time is venue_ms and venue_us, the microseconds past it. Instrument kNoInstrument:
// that of the frame's file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "shm/market/order_book.h"

namespace pinstripe {

enum class DecodedKind : std::uint8_t {
  kDepth = 1, kTicker = 2, kTrade = 3, kMark = 4, kSnapshot = 5, kAggTrade = 6, kPlainBook = 7,
  kChainedBook = 8,
};
inline constexpr std::uint32_t kDecodedMagic = 0x31465350;  // "PSF1"
inline constexpr std::uint8_t kDecodedSell = 1;             // trade: the aggressor sells
inline constexpr std::uint8_t kDecodedNonMarket = 2;
inline constexpr std::uint8_t kDecodedHasPrev = 4;  // futures rule, chained book: prev_id counts
inline constexpr std::uint8_t kDecodedFresh = 8;  // plain, chained book: forget what was before
inline constexpr std::uint8_t kDecodedNoIndex = 16;         // mark: no index price was there
inline constexpr std::uint8_t kDecodedChecksum = 32;        // chained book: a checksum was there

struct DecodedHeader {
  std::uint32_t magic = kDecodedMagic;
  DecodedKind kind = DecodedKind::kDepth;
  std::uint8_t flags = 0;
  std::uint16_t instrument = 0;
  std::uint16_t bids = 0;
  std::uint16_t asks = 0;
  std::uint32_t venue_us = 0;
  std::int64_t venue_ms = 0;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  std::uint64_t prev_id = 0;
  std::int64_t a = 0;
  std::int64_t b = 0;
};
static_assert(sizeof(DecodedHeader) == 64 && std::is_trivially_copyable_v<DecodedHeader>);
static_assert(sizeof(BookLevel) == 16 && std::is_trivially_copyable_v<BookLevel>);

}  // namespace pinstripe
