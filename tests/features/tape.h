// Random tapes of market events for tests: a wandering market with levels, trades, marks, funding,
// a gap with a fresh book, silences and non-market prints.
#pragma once

#include <random>
#include <vector>

#include "features/features_config.h"
#include "shm/msg/market_event.h"

namespace pinstripe::test {

inline MarketEvent event_of(std::int64_t t, MsgType type, std::int64_t a, std::int64_t b,
                            unsigned flags) {
  MarketEvent e;
  e.h.event_ns = e.h.origin_ns = TimeNs(t);
  e.h.type = type;
  e.h.instrument = 0;
  e.h.flags = static_cast<std::uint8_t>(flags);
  e.a = a;
  e.b = b;
  return e;
}

inline Instrument test_instrument() {
  Instrument i;
  i.id = "TEST:AB";
  i.tick_e8 = 10'000'000;
  i.lot_e8 = 100'000;
  return i;
}

inline FeaturesConfig test_config() {
  FeaturesConfig c;
  c.instruments = {test_instrument()};
  c.book_levels = 1'024;
  c.trade_capacity = 1 << 14;
  c.update_capacity = 1 << 13;
  return c;
}

class TapeMaker {
 public:
  explicit TapeMaker(std::uint64_t seed) : random_(seed) {}

  /// A tape of about `messages` venue messages, 10 ms apart on average.
  std::vector<MarketEvent> make(std::size_t messages) {
    fresh_book();
    for (std::size_t i = 0; i < messages; ++i) {
      t_ += 1 + draw(20) * kNsPerMs + (draw(400) == 0 ? 900 * kNsPerMs : 0);
      step(i, messages);
    }
    return std::move(tape_);
  }

 private:
  std::int64_t draw(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  void put(MsgType type, std::int64_t a, std::int64_t b, unsigned flags) {
    tape_.push_back(event_of(t_, type, a, b, flags));
  }
  void end() { tape_.back().h.set(kFlagEndOfUpdate); }
  void state(BookState s, unsigned flags) {
    put(MsgType::kBookState, static_cast<std::int64_t>(s), 0, flags);
  }
  void fresh_book() {
    state(BookState::kValid, kFlagSnapshot);
    for (std::int64_t i = 0; i < 60; ++i) {
      put(MsgType::kLevel, mid_ - 1 - i, 1 + draw(50), kFlagSnapshot);
      put(MsgType::kLevel, mid_ + 1 + i, 1 + draw(50), kFlagSnapshot | kFlagSell);
    }
    end();
  }
  void step(std::size_t i, std::size_t messages) {
    if (i == messages / 2) {
      state(BookState::kGap, 0);
      end();
      gap_ = true;
    } else if (i == messages / 2 + 40) {
      gap_ = false;
      fresh_book();
    } else if (draw(100) == 0) {
      put(MsgType::kMark, mid_ * 10'000'000 + draw(1'000'000), 0, 0);
      end();
    } else if (draw(300) == 0) {
      put(MsgType::kFunding, draw(20'000) - 10'000, 0, 0);
      end();
    } else if (draw(3) == 0) {
      trades();
    } else if (!gap_) {
      levels();
    }
  }
  void trades() {
    const bool sell = draw(2) == 0;
    const unsigned odd = draw(200) == 0 ? unsigned{kFlagNonMarket} : 0U;
    const std::int64_t count = 1 + draw(3);
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t size = 1 + draw(12) + (draw(30) == 0 ? 90 : 0);
      put(MsgType::kTrade, sell ? mid_ - 1 - k : mid_ + 1 + k, size,
          (sell ? unsigned{kFlagSell} : 0U) | odd);
    }
    end();
  }
  void levels() {
    const std::int64_t move = draw(8) == 0 ? draw(5) - 2 : 0;
    // Crossing levels go first, as in a fused book; the band around the mid is set afresh.
    for (std::int64_t p = mid_ - 3; p <= mid_ + 3; ++p) {
      const std::int64_t next = mid_ + move;
      if (move == 0) break;
      put(MsgType::kLevel, p, p < next ? 1 + draw(40) : 0, 0);
      put(MsgType::kLevel, p, p > next ? 1 + draw(40) : 0, kFlagSell);
    }
    mid_ += move;
    const std::int64_t count = 1 + draw(6);
    for (std::int64_t k = 0; k < count; ++k) {
      const bool sell = draw(2) == 0;
      const std::int64_t off = 1 + draw(draw(3) == 0 ? 60 : 6);
      const std::int64_t qty = off > 1 && draw(4) == 0 ? 0 : 1 + draw(60);
      put(MsgType::kLevel, sell ? mid_ + off : mid_ - off, qty, sell ? unsigned{kFlagSell} : 0U);
    }
    put(MsgType::kTouch, mid_, 1, 0);
    end();
  }

  std::mt19937_64 random_;
  std::vector<MarketEvent> tape_;
  std::int64_t t_ = 1'700'000'000'123'456'789;
  std::int64_t mid_ = 300'000;
  bool gap_ = false;
};

}  // namespace pinstripe::test
