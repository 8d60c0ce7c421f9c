// The fused book against a market whose true book is known at every id.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "feed/fused_book.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

using Levels = std::map<std::int64_t, std::int64_t>;

struct Truth {
  Levels bids, asks;
  Ticker ticker(std::uint64_t id) const {
    return {id, {PriceTicks(bids.rbegin()->first), QtyLots(bids.rbegin()->second)},
            {PriceTicks(asks.begin()->first), QtyLots(asks.begin()->second)}};
  }
};

/// A venue: its book changes one level an id; depth updates come late and in lumps, tickers at
/// once.
class Venue {
 public:
  explicit Venue(std::uint64_t seed) : seed_(seed) {
    for (int k = 0; k < 20; ++k) {
      truth.bids[1'000 - k] = 10 + k;
      truth.asks[1'001 + k] = 10 + k;
    }
  }
  std::uint64_t draw(std::uint64_t n) { return random_draw(seed_, 7, ++drawn_, 0) % n; }
  void change() {
    ++id;
    const bool bid = draw(2) == 0;
    Levels& own = bid ? truth.bids : truth.asks;
    const std::int64_t best = bid ? own.rbegin()->first : own.begin()->first;
    const std::int64_t other = bid ? truth.asks.begin()->first : truth.bids.rbegin()->first;
    const auto step = static_cast<std::int64_t>(draw(8)) - 2;
    std::int64_t price = bid ? best - step : best + step;
    if (bid && price >= other) price = other - 1;
    if (!bid && price <= other) price = other + 1;
    const auto qty = static_cast<std::int64_t>(draw(3) == 0 ? 0 : 1 + draw(50));
    if (qty == 0 && own.size() > 3) own.erase(price);
    if (qty != 0) own[price] = qty;
    (bid ? changed_bids : changed_asks).insert(price);
  }
  Truth truth;
  std::uint64_t id = 100;
  std::set<std::int64_t> changed_bids, changed_asks;

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

std::vector<BookLevel> levels_of(const Levels& book, const std::set<std::int64_t>& prices) {
  std::vector<BookLevel> out;
  for (const std::int64_t p : prices) {
    const auto at = book.find(p);
    out.push_back({PriceTicks(p), QtyLots(at == book.end() ? 0 : at->second)});
  }
  return out;
}

struct Delayed {
  std::uint64_t id;
  std::vector<BookLevel> bids, asks;
  Ticker touch;
  Truth truth;
};

/// What the output queue says the book is.
void follow(OutQueue& out, Levels& bids, Levels& asks) {
  while (!out.empty()) {
    const OutEvent& e = out.front();
    if (e.type == MsgType::kLevel) {
      Levels& side = (e.flags & kFlagSell) != 0 ? asks : bids;
      if (e.b == 0) side.erase(e.a);
      else side[e.a] = e.b;
    }
    out.pop();
  }
}

TEST(FusedBookProperty, ShowsTheNewestTouchAndKeepsThePlainDepthBook) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Venue venue(seed);
    FusedBook sut(512);
    OutQueue out(100'000);
    Levels seen_bids, seen_asks;
    Ticker newest;
    std::vector<Delayed> late;
    std::set<std::int64_t> all_bids, all_asks;
    for (const auto& [p, q] : venue.truth.bids) all_bids.insert(p);
    for (const auto& [p, q] : venue.truth.asks) all_asks.insert(p);
    sut.apply_depth(venue.id, levels_of(venue.truth.bids, all_bids),
                    levels_of(venue.truth.asks, all_asks), newest, out);
    follow(out, seen_bids, seen_asks);
    std::uint64_t depth_id = venue.id;
    for (int step = 0; step < 2'000; ++step) {
      venue.change();
      const std::uint64_t what = venue.draw(10);
      if (what < 4) {
        newest = venue.truth.ticker(venue.id);
        sut.apply_ticker(newest, out);
      }
      if (what == 5) {
        late.push_back({venue.id, levels_of(venue.truth.bids, venue.changed_bids),
                        levels_of(venue.truth.asks, venue.changed_asks),
                        venue.truth.ticker(venue.id), venue.truth});
        venue.changed_bids.clear();
        venue.changed_asks.clear();
      }
      if (what > 6 && !late.empty()) {
        const Delayed d = late.front();
        late.erase(late.begin());
        depth_id = d.id;
        sut.apply_depth(d.id, d.bids, d.asks, newest, out);
        ASSERT_TRUE(sut.agrees_with(d.touch)) << "seed " << seed << " step " << step;
        ASSERT_FALSE(sut.depth_crossed());
        // With no newer ticker the fused book is the true book of that id.
        if (newest.id <= d.id) {
          Levels bids, asks;
          const auto into = [](Levels& to) {
            return [&to](const BookLevel& l) { to[l.price.value] = l.qty.value; };
          };
          sut.bids.levels().from_worst(into(bids));
          sut.asks.levels().from_worst(into(asks));
          ASSERT_EQ(bids, d.truth.bids) << "seed " << seed << " step " << step;
          ASSERT_EQ(asks, d.truth.asks);
        }
      }
      follow(out, seen_bids, seen_asks);
      // A reader of the messages has the same book, and never a crossed one.
      ASSERT_EQ(seen_bids.size(), sut.bids.levels().size());
      ASSERT_EQ(seen_asks.size(), sut.asks.levels().size());
      if (newest.id > depth_id) {
        ASSERT_EQ(sut.bids.touch(), newest.bid);
        ASSERT_EQ(sut.asks.touch(), newest.ask);
      }
      ASSERT_LT(sut.bids.touch().price, sut.asks.touch().price);
    }
  }
}

TEST(FusedBook, OlderDepthNeverBringsALevelBack) {
  FusedBook sut(64);
  OutQueue out(1'000);
  const BookLevel bids[] = {{PriceTicks(100), QtyLots(5)}, {PriceTicks(99), QtyLots(6)}};
  const BookLevel asks[] = {{PriceTicks(101), QtyLots(5)}, {PriceTicks(102), QtyLots(6)}};
  sut.apply_depth(10, bids, asks, {}, out);
  // At id 20 the best bid is 98: 100 and 99 are gone. At id 30 it is 101 against 103.
  sut.apply_ticker({20, {PriceTicks(98), QtyLots(4)}, {PriceTicks(101), QtyLots(5)}}, out);
  const Ticker newest{30, {PriceTicks(101), QtyLots(1)}, {PriceTicks(103), QtyLots(2)}};
  sut.apply_ticker(newest, out);
  // An update as of id 15 still speaks of 100: older than what the ticker of id 20 said.
  const BookLevel old_bids[] = {{PriceTicks(100), QtyLots(9)}};
  sut.apply_depth(15, old_bids, {}, newest, out);
  EXPECT_EQ(sut.bids.levels().qty_at(PriceTicks(100)), QtyLots(0));
  EXPECT_EQ(sut.bids.touch().price, PriceTicks(101));
  // One as of id 25 knows better than the ticker of id 20.
  const BookLevel newer_bids[] = {{PriceTicks(100), QtyLots(7)}};
  sut.apply_depth(25, newer_bids, {}, newest, out);
  EXPECT_EQ(sut.bids.levels().qty_at(PriceTicks(100)), QtyLots(7));
  EXPECT_EQ(sut.bids.touch().price, PriceTicks(101));
}

}  // namespace
}  // namespace pinstripe
