#include "tools/convert/frame_encoder.h"

#include <cstring>
#include <limits>

namespace pinstripe {
namespace {

constexpr std::size_t kFrameBytesMax = 4u << 20;
constexpr std::size_t kLevelsMax = std::numeric_limits<std::uint16_t>::max();

}  // namespace

FrameEncoder::FrameEncoder(const Instrument& instrument)
    : symbol_(instrument.symbol),
      tick_(instrument.tick_e8),
      lot_(instrument.lot_e8),
      decoder_(kFrameBytesMax),
      message_(kLevelsMax) {}

std::string_view FrameEncoder::encode(const CaptureLine& line) {
  const DecodeFault fault = decoder_.decode(line.format, line.bytes, message_);
  if (!line.has_time || fault.kind != FeedErrorKind::kNone) return {};
  const VenueMessage& m = message_;
  DecodedHeader h;
  if (!take_common(h) || !take_kind(h)) return {};
  bytes_.assign(sizeof(h), '\0');
  const bool has_levels = h.kind != DecodedKind::kTrade && h.kind != DecodedKind::kAggTrade &&
                          h.kind != DecodedKind::kMark;
  if (has_levels) {
    if (m.bid_count > kLevelsMax || m.ask_count > kLevelsMax) return {};
    if (!take_levels(m.bids, m.bid_count) || !take_levels(m.asks, m.ask_count)) return {};
    h.bids = static_cast<std::uint16_t>(m.bid_count);
    h.asks = static_cast<std::uint16_t>(m.ask_count);
  }
  std::memcpy(bytes_.data(), &h, sizeof(h));
  return bytes_;
}

/// Symbol, ids and the venue's time.
bool FrameEncoder::take_common(DecodedHeader& h) const {
  const VenueMessage& m = message_;
  if (m.kind == VenueKind::kOther || (!m.symbol.empty() && m.symbol != symbol_)) return false;
  constexpr std::int64_t kMsMost = std::numeric_limits<std::int64_t>::max() / kNsPerMs;
  if (m.venue_us < 0 || m.venue_us / kNsPerUs >= kMsMost) return false;
  h.instrument = kNoInstrument;  // the session's number of it is not known here
  h.venue_ms = m.venue_us / kNsPerUs;
  h.venue_us = static_cast<std::uint32_t>(m.venue_us % kNsPerUs);
  return true;
}

bool FrameEncoder::take_kind(DecodedHeader& h) const {
  const VenueMessage& m = message_;
  switch (m.kind) {
    case VenueKind::kDepth:
      h.kind = DecodedKind::kDepth;
      h.flags = m.has_prev ? kDecodedHasPrev : 0;
      h.first_id = m.first_id;
      h.last_id = m.last_id;
      h.prev_id = m.prev_id;
      return true;
    case VenueKind::kSnapshot:
      h.kind = DecodedKind::kSnapshot;
      h.last_id = m.last_id;
      return true;
    case VenueKind::kTicker:
      h.kind = DecodedKind::kTicker;
      h.last_id = m.last_id;
      return m.bid_count == 1 && m.ask_count == 1;
    case VenueKind::kPlainBook:
      h.kind = DecodedKind::kPlainBook;
      h.flags = m.is_fresh ? kDecodedFresh : 0;
      return true;
    case VenueKind::kTrade:
    case VenueKind::kAggTrade: return take_trade(h);
    case VenueKind::kMark: return take_mark(h);
    case VenueKind::kChainedBook: return take_chained(h);
    // Of these a frame has no room for everything: they stay text.
    case VenueKind::kTrades:
    case VenueKind::kTickerState:
    case VenueKind::kLiquidations:
    case VenueKind::kBars:
    case VenueKind::kOther: break;
  }
  return false;
}

bool FrameEncoder::take_chained(DecodedHeader& h) const {
  const VenueMessage& m = message_;
  h.kind = DecodedKind::kChainedBook;
  h.flags = static_cast<std::uint8_t>((m.is_fresh ? kDecodedFresh : 0) |
                                      (m.has_prev ? kDecodedHasPrev : 0) |
                                      (m.has_checksum ? kDecodedChecksum : 0));
  h.first_id = m.book_depth;
  h.last_id = m.last_id;
  h.prev_id = m.prev_id;
  h.a = m.checksum;
  return true;
}

bool FrameEncoder::take_trade(DecodedHeader& h) const {
  const VenueMessage& m = message_;
  const bool is_aggregate = m.kind == VenueKind::kAggTrade;
  h.kind = is_aggregate ? DecodedKind::kAggTrade : DecodedKind::kTrade;
  h.flags = static_cast<std::uint8_t>((m.is_buyer_maker ? kDecodedSell : 0) |
                                      (m.is_market ? 0 : kDecodedNonMarket));
  h.first_id = m.first_id;
  h.last_id = m.last_id;
  BookLevel trade;
  if (!to_grid({m.price_e8, m.qty_e8}, trade)) return false;
  h.a = trade.price.value;
  h.b = trade.qty.value;
  return is_aggregate || m.first_id == m.last_id;
}

bool FrameEncoder::take_mark(DecodedHeader& h) const {
  const VenueMessage& m = message_;
  h.kind = DecodedKind::kMark;
  h.flags = m.has_index ? 0 : kDecodedNoIndex;
  h.a = m.price_e8;
  h.b = m.has_index ? m.qty_e8 : 0;
  if (m.has_rate) {
    h.first_id = static_cast<std::uint64_t>(m.funding_ms);
    h.prev_id = static_cast<std::uint64_t>(m.rate_e8);
  }
  return !m.has_rate || m.funding_ms > 0;
}

bool FrameEncoder::take_levels(const std::vector<RawLevel>& from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    BookLevel level;
    if (!to_grid(from[i], level)) return false;
    bytes_.append(reinterpret_cast<const char*>(&level), sizeof(level));
  }
  return true;
}

bool FrameEncoder::to_grid(const RawLevel& from, BookLevel& to) const {
  std::int64_t ticks = 0;
  std::int64_t lots = 0;
  if (!tick_.divide(from.price_e8, ticks) || !lot_.divide(from.qty_e8, lots)) return false;
  to = {PriceTicks(ticks), QtyLots(lots)};
  return ticks > 0 && ticks <= kTicksMax && lots >= 0 && lots <= kLotsMax;
}

}  // namespace pinstripe
