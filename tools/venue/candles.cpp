#include "tools/venue/candles.h"

#include <algorithm>
#include <cstdlib>

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kDayMinutes = 1'440;

Candle flat(std::int64_t open_ms, std::int64_t price, std::uint64_t last_trade) {
  Candle c;
  c.open_ms = open_ms;
  c.open = c.high = c.low = c.close = price;
  c.first_trade = last_trade + 1;
  c.last_trade = last_trade;
  return c;
}

void join(Candle& into, const Candle& next) {
  into.high = std::max(into.high, next.high);
  into.low = std::min(into.low, next.low);
  into.close = next.close;
  into.lots += next.lots;
  into.buy_lots += next.buy_lots;
  into.quote_e8 += next.quote_e8;
  into.buy_quote_e8 += next.buy_quote_e8;
  into.trades += next.trades;
  into.last_trade = std::max(into.last_trade, next.last_trade);
}

}  // namespace

void CandleBook::begin(std::int64_t now_ms, std::int64_t price_ticks) {
  minutes_.assign(1, flat(now_ms / kMinuteMs * kMinuteMs, price_ticks, 0));
}

void CandleBook::roll(std::int64_t now_ms) {
  while (minutes_.back().open_ms + kMinuteMs <= now_ms) {
    const Candle& last = minutes_.back();
    minutes_.push_back(flat(last.open_ms + kMinuteMs, last.close, last.last_trade));
    if (minutes_.size() > kKept) minutes_.pop_front();
  }
}

void CandleBook::trade(std::int64_t now_ms, std::int64_t price_ticks, std::int64_t lots,
                       std::int64_t quote_e8, bool taker_buys, std::uint64_t id) {
  roll(now_ms);
  Candle& c = minutes_.back();
  if (c.trades == 0) {
    c.open = c.high = c.low = price_ticks;
    c.first_trade = id;
  }
  c.high = std::max(c.high, price_ticks);
  c.low = std::min(c.low, price_ticks);
  c.close = price_ticks;
  c.lots += lots;
  c.quote_e8 += quote_e8;
  if (taker_buys) {
    c.buy_lots += lots;
    c.buy_quote_e8 += quote_e8;
  }
  c.last_trade = id;
  ++c.trades;
}

std::vector<Candle> CandleBook::of_length(std::int64_t minutes, std::int64_t from_ms,
                                          std::int64_t to_ms, std::size_t limit) const {
  const std::int64_t length_ms = minutes * kMinuteMs;
  std::vector<Candle> all;
  for (const Candle& c : minutes_) {
    const std::int64_t open_ms = c.open_ms / length_ms * length_ms;
    if (open_ms < from_ms || open_ms > to_ms) continue;
    if (!all.empty() && all.back().open_ms == open_ms) {
      join(all.back(), c);
    } else {
      all.push_back(c);
      all.back().open_ms = open_ms;
    }
  }
  if (all.size() > limit) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(limit));
  return all;
}

Candle CandleBook::day() const {
  const auto count = static_cast<std::int64_t>(minutes_.size());
  const auto first = minutes_.begin() + std::max<std::int64_t>(0, count - kDayMinutes);
  Candle day = *first;
  for (auto c = first + 1; c != minutes_.end(); ++c) join(day, *c);
  return day;
}

std::int64_t interval_minutes(const char* text) {
  char* end = nullptr;
  const std::int64_t count = std::strtoll(text, &end, 10);
  if (count <= 0 || count > 60 || end == text || *end == 0 || end[1] != 0) return 0;
  switch (*end) {
    case 'm': return count;
    case 'h': case 'H': return count * 60;
    case 'd': case 'D': return count == 1 ? kDayMinutes : 0;
    default: return 0;
  }
}

}  // namespace pinstripe::venue
