// Raw Binance frames to market events in one ring, as the decode and wire benches measure it.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/venue_frames.h"
#include "feed/binance_decoder.h"
#include "feed/decimal.h"
#include "shm/msg/market_event.h"
#include "shm/ring/ring.h"
#include "shm/ring/ring_layout.h"

namespace pinstripe::bench {

inline constexpr std::uint64_t kRingSlots = 4'096;

/// A ring with a consumer in the same thread that takes whatever lies there.
class Publisher {
 public:
  Publisher()
      : memory_(ring_shape<MarketEvent>(kRingSlots, 0, FullPolicy::kWait)),
        producer_(memory_.view()),
        consumer_(memory_.view()) {}
  MarketEvent& claim(unsigned) noexcept {
    if (!producer_.has_room(1)) {
      drain();
      (void)producer_.has_room(1);  // reads the cursor anew
    }
    MarketEvent& m = producer_.claim();
    m.h.event_ns = now;
    m.h.cause_seq = 0;
    m.h.cause_ring = kNoRing;
    m.h.lane = 0;
    m.h.publish_ticks = m.h.origin_ticks = 0;
    return m;
  }
  void commit(unsigned) noexcept {
    producer_.commit();
    ++count;
  }
  TimeNs now;
  std::uint64_t count = 0;

 private:
  void drain() noexcept {
    while (consumer_.peek() != nullptr) consumer_.advance();
    consumer_.release();
  }
  PrivateRing memory_;
  RingProducer<MarketEvent> producer_;
  RingConsumer<> consumer_;
};

/// Frames to market events in one ring, without a book.
class DecodeOnly {
 public:
  explicit DecodeOnly(const Frames& f) : decoder_(1 << 20), message_(16'384) {
    for (const Instrument& i : f.instruments) {
      ticks_.emplace_back(i.tick_e8);
      lots_.emplace_back(i.lot_e8);
    }
  }
  bool pass(const Frames& f) {
    for (const FeedFrame& frame : f.frames) {
      if (!take(frame)) return false;
    }
    return true;
  }
  /// One frame; false where it cannot be read.
  bool take(const FeedFrame& frame) {
    if (decoder_.decode(frame.bytes, message_).kind != FeedErrorKind::kNone) return false;
    ring.now = frame.origin_ns;
    return publish(frame);
  }
  Publisher ring;

 private:
  bool put(const FeedFrame& frame, MsgType type, std::uint8_t flags, const RawLevel& l) {
    MarketEvent& m = ring.claim(0);
    m.h.type = type;
    m.h.flags = flags;
    m.h.instrument = frame.instrument;
    m.h.origin_ns = frame.origin_ns;
    m.h.venue_offset_us =
        static_cast<std::int32_t>(message_.venue_us - frame.origin_ns.value / kNsPerUs);
    const bool ok = ticks_[frame.instrument].divide(l.price_e8, m.a) &
                    lots_[frame.instrument].divide(l.qty_e8, m.b);
    ring.commit(0);
    return ok;
  }
  bool publish(const FeedFrame& frame) {
    const VenueMessage& m = message_;
    if (m.kind == VenueKind::kTrade) {
      return put(frame, MsgType::kTrade, kFlagEndOfUpdate, {m.price_e8, m.qty_e8});
    }
    if (m.kind == VenueKind::kMark) return true;
    const MsgType type = m.kind == VenueKind::kTicker ? MsgType::kTouch : MsgType::kLevel;
    bool ok = true;
    for (std::size_t i = 0; i < m.bid_count; ++i) ok &= put(frame, type, 0, m.bids[i]);
    for (std::size_t i = 0; i < m.ask_count; ++i) {
      ok &= put(frame, type, i + 1 == m.ask_count ? kFlagSell | kFlagEndOfUpdate : kFlagSell,
                m.asks[i]);
    }
    return ok;
  }
  BinanceDecoder decoder_;
  VenueMessage message_;
  std::vector<ExactDivisor> ticks_;
  std::vector<ExactDivisor> lots_;
};

}  // namespace pinstripe::bench
