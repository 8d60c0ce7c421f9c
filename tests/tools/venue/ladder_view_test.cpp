#include "tools/venue/ladder_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pinstripe::venue {
namespace {

using Plain = std::map<std::int64_t, ShownLevel>;

void apply(Plain& side, const std::vector<ShownLevel>& changes) {
  for (const ShownLevel& l : changes) {
    if (l.lots == 0) {
      side.erase(l.price_ticks);
    } else {
      side[l.price_ticks] = l;
    }
  }
}

std::vector<ShownLevel> listed(const Plain& side, bool falling) {
  std::vector<ShownLevel> levels;
  for (const auto& [price, level] : side) levels.push_back(level);
  if (falling) std::reverse(levels.begin(), levels.end());
  return levels;
}

TEST(LadderView, ChangesAppliedToWhatWasToldGiveTheTopOfTheBook) {
  for (const std::size_t depth : {std::size_t{1}, std::size_t{5}, std::size_t{400}}) {
    std::mt19937_64 random(depth);
    MatchingBook book;
    LadderView sut(depth);
    Plain bids, asks;
    std::vector<BookFill> fills;
    for (OrderKey key = 1; key <= 2'000; ++key) {
      if (random() % 3 == 0) book.cancel(1 + random() % key);
      const auto price = 100 + static_cast<std::int64_t>(random() % 40);
      book.submit({key, 0, random() % 2 == 0, price, 1 + static_cast<std::int64_t>(random() % 9),
                   BookTif::kGtc}, fills);
      if (random() % 4 != 0) continue;  // several orders between two messages
      const ShownLevels changes = sut.changes(book);
      apply(bids, changes.bids);
      apply(asks, changes.asks);
      const ShownLevels now = shown_levels(book, depth);
      ASSERT_EQ(listed(bids, true), now.bids) << "depth " << depth << " order " << key;
      ASSERT_EQ(listed(asks, false), now.asks) << "depth " << depth << " order " << key;
      ASSERT_TRUE(sut.changes(book).empty()) << "told twice";
    }
  }
}

}  // namespace
}  // namespace pinstripe::venue
