#include "tools/venue/matching_book.h"

#include <algorithm>

namespace pinstripe::venue {
namespace {

/// True where an order that buys (or sells) at `limit` may trade at `price`.
bool meets(bool is_buy, std::int64_t limit, std::int64_t price) {
  return is_buy ? price <= limit : price >= limit;
}

}  // namespace

template <class Side>
void MatchingBook::take(Side& side, BookOrder& order, std::vector<BookFill>& fills) {
  while (order.lots > 0 && !side.empty() &&
         meets(order.is_buy, order.price_ticks, side.begin()->first)) {
    BookPrice& level = side.begin()->second;
    BookOrder& maker = level.orders.front();
    const std::int64_t lots = std::min(order.lots, maker.lots);
    fills.push_back({maker.key, order.key, maker.owner, order.is_buy, maker.price_ticks, lots});
    order.lots -= lots;
    maker.lots -= lots;
    level.lots -= lots;
    if (maker.lots > 0) continue;
    places_.erase(maker.key);
    level.orders.pop_front();
    if (level.orders.empty()) side.erase(side.begin());
  }
}

/// Lots that could trade now, counted no further than the order needs.
template <class Side>
std::int64_t MatchingBook::reachable(const Side& side, const BookOrder& order) const {
  std::int64_t lots = 0;
  for (const auto& [price, level] : side) {
    if (lots >= order.lots || !meets(order.is_buy, order.price_ticks, price)) break;
    lots += level.lots;
  }
  return lots;
}

BookVerdict MatchingBook::submit(const BookOrder& order, std::vector<BookFill>& fills) {
  if (places_.contains(order.key)) return BookVerdict::kDuplicate;
  BookOrder left = order;
  const std::int64_t can = order.is_buy ? reachable(asks_, order) : reachable(bids_, order);
  if (order.tif == BookTif::kPostOnly && can > 0) return BookVerdict::kWouldTake;
  if (order.tif == BookTif::kFok && can < order.lots) return BookVerdict::kExpired;
  if (order.is_buy) {
    take(asks_, left, fills);
  } else {
    take(bids_, left, fills);
  }
  if (left.lots == 0) return BookVerdict::kFilled;
  if (order.tif == BookTif::kIoc) return BookVerdict::kExpired;
  rest(left);
  return BookVerdict::kRests;
}

void MatchingBook::rest(const BookOrder& order) {
  BookPrice& level = order.is_buy ? bids_[order.price_ticks] : asks_[order.price_ticks];
  level.lots += order.lots;
  level.orders.push_back(order);
  places_[order.key] = {order.is_buy, order.price_ticks, std::prev(level.orders.end())};
}

void MatchingBook::remove(std::unordered_map<OrderKey, Place>::iterator at) {
  const Place place = at->second;
  places_.erase(at);
  const auto drop = [&](auto& side) {
    const auto level = side.find(place.price_ticks);
    level->second.orders.erase(place.order);
    if (level->second.orders.empty()) side.erase(level);
  };
  if (place.is_buy) {
    drop(bids_);
  } else {
    drop(asks_);
  }
}

bool MatchingBook::reduce(OrderKey key, std::int64_t lots) {
  const auto at = places_.find(key);
  if (at == places_.end() || lots <= 0 || at->second.order->lots < lots) return false;
  const Place& place = at->second;
  BookPrice& level = place.is_buy ? bids_[place.price_ticks] : asks_[place.price_ticks];
  level.lots -= lots;
  place.order->lots -= lots;
  if (place.order->lots == 0) remove(at);
  return true;
}

std::int64_t MatchingBook::cancel(OrderKey key) {
  const std::int64_t lots = resting_lots(key);
  if (lots > 0) reduce(key, lots);
  return lots;
}

std::int64_t MatchingBook::resting_lots(OrderKey key) const {
  const BookOrder* order = find(key);
  return order == nullptr ? 0 : order->lots;
}

const BookOrder* MatchingBook::find(OrderKey key) const {
  const auto at = places_.find(key);
  return at == places_.end() ? nullptr : &*at->second.order;
}

}  // namespace pinstripe::venue
