#include "tools/venue/ladder_view.h"

namespace pinstripe::venue {
namespace {

template <class Side>
std::vector<ShownLevel> shown_side(const Side& side, std::size_t depth) {
  std::vector<ShownLevel> levels;
  for (const auto& [price, level] : side) {
    if (levels.size() == depth) break;
    levels.push_back({price, level.lots, static_cast<std::int64_t>(level.orders.size())});
  }
  return levels;
}

/// Both lists best first; `better(a, b)`: price a comes before b.
template <class Better>
std::vector<ShownLevel> difference(const std::vector<ShownLevel>& old,
                                   const std::vector<ShownLevel>& now, Better better) {
  std::vector<ShownLevel> changes;
  std::size_t o = 0;
  std::size_t n = 0;
  while (o < old.size() || n < now.size()) {
    const bool gone = n == now.size() ||
                      (o < old.size() && better(old[o].price_ticks, now[n].price_ticks));
    if (gone) {
      changes.push_back({old[o++].price_ticks, 0, 0});
      continue;
    }
    const bool same_price = o < old.size() && old[o].price_ticks == now[n].price_ticks;
    if (!same_price || old[o] != now[n]) changes.push_back(now[n]);
    if (same_price) ++o;
    ++n;
  }
  return changes;
}

}  // namespace

ShownLevels shown_levels(const MatchingBook& book, std::size_t depth) {
  return {shown_side(book.bids(), depth), shown_side(book.asks(), depth)};
}

const ShownLevels& LadderView::reset(const MatchingBook& book) {
  told_ = shown_levels(book, depth_);
  return told_;
}

ShownLevels LadderView::changes(const MatchingBook& book) {
  ShownLevels now = shown_levels(book, depth_);
  ShownLevels changed{difference(told_.bids, now.bids, std::greater<>{}),
                      difference(told_.asks, now.asks, std::less<>{})};
  told_ = std::move(now);
  return changed;
}

}  // namespace pinstripe::venue
