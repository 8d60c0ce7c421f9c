// Minute candles of one book, and what is made of them: longer ones, and the last 24 hours.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace pinstripe::venue {

inline constexpr std::int64_t kMinuteMs = 60'000;

struct Candle {
  std::int64_t open_ms = 0;
  std::int64_t open = 0, high = 0, low = 0, close = 0;  // ticks
  std::int64_t lots = 0;
  std::int64_t buy_lots = 0;      // of trades whose taker bought
  std::int64_t quote_e8 = 0;      // price x quantity, 1e-8 quote
  std::int64_t buy_quote_e8 = 0;
  std::uint64_t trades = 0;
  std::uint64_t first_trade = 0;  // ids; first > last where there is none
  std::uint64_t last_trade = 0;
};

class CandleBook {
 public:
  static constexpr std::size_t kKept = 1'500;  // minutes

  /// `price_ticks` is the price before the first trade.
  void begin(std::int64_t now_ms, std::int64_t price_ticks);
  /// Opens flat candles for minutes without a trade.
  void roll(std::int64_t now_ms);
  void trade(std::int64_t now_ms, std::int64_t price_ticks, std::int64_t lots,
             std::int64_t quote_e8, bool taker_buys, std::uint64_t id);

  const std::deque<Candle>& minutes() const { return minutes_; }
  /// Candles of `minutes` minutes each, oldest first, cut to what begins in [from, to] and to the
  /// newest `limit`. A candle begins at a multiple of its length since 1970.
  std::vector<Candle> of_length(std::int64_t minutes, std::int64_t from_ms, std::int64_t to_ms,
                                std::size_t limit) const;
  /// The last 24 hours as one candle.
  Candle day() const;

 private:
  std::deque<Candle> minutes_;
};

/// Minutes of an interval as Binance and OKX write it ("1m", "4h", "1H", "1D"); 0: none of these.
std::int64_t interval_minutes(const char* text);

}  // namespace pinstripe::venue
