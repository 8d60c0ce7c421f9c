// Best bid and offer of a book.
#pragma once

#include "tools/venue/ladder_view.h"

namespace pinstripe::venue {

/// A side without orders: all zero.
struct BookTouch {
  ShownLevel bid, ask;
};

inline BookTouch touch_of(const MatchingBook& book) {
  const auto best = [](const auto& side) {
    if (side.empty()) return ShownLevel{};
    const auto& [price, level] = *side.begin();
    return ShownLevel{price, level.lots, static_cast<std::int64_t>(level.orders.size())};
  };
  return {best(book.bids()), best(book.asks())};
}

}  // namespace pinstripe::venue
