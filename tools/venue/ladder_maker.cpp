#include "tools/venue/ladder_maker.h"

#include <algorithm>

namespace pinstripe::venue {

/// Everything that goes or shrinks first, then what grows: the market's new bid may lie where its
/// old ask did.
void LadderMaker::set_levels(std::span<const WantedLevel> levels, std::int64_t now_ms) {
  for (const WantedLevel& level : levels) shrink(level, now_ms);
  for (const WantedLevel& level : levels) grow(level, now_ms);
}

std::vector<BookFill> LadderMaker::take(bool is_buy, std::int64_t price_ticks, std::int64_t lots,
                                        std::int64_t now_ms) {
  BookOrder order;
  order.is_buy = is_buy;
  order.price_ticks = price_ticks;
  order.lots = lots;
  order.tif = BookTif::kIoc;
  ++takes_;
  const bool liquidation = is_perpetual(book().listing.market) && liquidation_every_ > 0 &&
                           takes_ % liquidation_every_ == 0;
  return engine_.submit(index_, order, now_ms, liquidation).fills;
}

std::vector<std::int64_t> LadderMaker::prices(bool is_buy) const {
  std::vector<std::int64_t> out;
  for (const auto& [price, keys] : is_buy ? bids_ : asks_) out.push_back(price);
  return out;
}

std::int64_t LadderMaker::resting(const Keys& keys) const {
  std::int64_t lots = 0;
  for (const OrderKey key : keys) lots += book().book.resting_lots(key);
  return lots;
}

void LadderMaker::shrink(const WantedLevel& to, std::int64_t now_ms) {
  Ladder& ladder = side(to.is_buy);
  const auto at = ladder.find(to.price_ticks);
  if (at == ladder.end()) return;
  Keys& keys = at->second;
  std::int64_t over = resting(keys) - to.lots;
  while (over > 0 && !keys.empty()) {
    const std::int64_t newest = book().book.resting_lots(keys.back());
    const std::int64_t off = std::min(newest, over);
    engine_.reduce(index_, keys.back(), off, now_ms);
    over -= off;
    if (off == newest) keys.pop_back();
  }
  if (to.lots == 0) ladder.erase(at);
}

void LadderMaker::grow(const WantedLevel& to, std::int64_t now_ms) {
  if (to.lots == 0) return;
  Keys& keys = side(to.is_buy)[to.price_ticks];
  std::erase_if(keys, [&](OrderKey key) {  // traded away
    return book().book.resting_lots(key) == 0;
  });
  const std::int64_t more = to.lots - resting(keys);
  if (more <= 0) return;
  BookOrder order;
  order.is_buy = to.is_buy;
  order.price_ticks = to.price_ticks;
  order.lots = more;
  const OrderKey key = engine_.next_key();
  if (engine_.submit(index_, order, now_ms).verdict == BookVerdict::kRests) keys.push_back(key);
}

}  // namespace pinstripe::venue
