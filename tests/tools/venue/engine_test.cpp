// The engine with the synthetic market in it: the book is the market's ladder, prints are counted
// without a gap, candles say what the prints say, a client's order takes part.
#include "tools/venue/engine.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tools/venue/liquidity.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kStartMs = 1'700'000'000'000;

Listing listing(ListingMarket market = ListingMarket::kBinanceUsdm) {
  Listing l;
  l.market = market;
  l.base = "BTC";
  l.quote = "USDT";
  l.symbol = symbol_of(market, l.base, l.quote);
  l.tick_e8 = 10'000'000;
  l.lot_e8 = 100'000;
  l.mid_ticks = 600'000;
  l.rate_per_s = 200;
  l.seed = 7;
  return l;
}

/// Every print and how many book changes were told.
struct Listener : EngineListener {
  void on_print(ListingIndex, const Print& p) override { prints.push_back(p); }
  void on_book(ListingIndex) override { ++changes; }
  void on_mark(ListingIndex) override { ++marks; }
  std::vector<Print> prints;
  std::uint64_t changes = 0;
  std::uint64_t marks = 0;
};

/// The ladder that the market's own frames state, by price; lots that trades took are not known
/// here, so that only prices are compared.
std::pair<std::map<std::int64_t, std::int64_t>, std::map<std::int64_t, std::int64_t>> ladder_until(
    std::int64_t end_ms) {
  SyntheticConfig c;
  const Listing l = listing();
  c.seed = l.seed;
  c.start_ns = TimeNs(kStartMs * kNsPerMs);
  c.duration_ns = 0;
  c.rate_per_s = l.rate_per_s;
  c.mid_ticks = l.mid_ticks;
  c.tick_e8 = l.tick_e8;
  c.feed_delay_ns = 0;
  SyntheticSource source(c);
  std::map<std::int64_t, std::int64_t> bids, asks;
  for (; source.peek()->origin_ns.value / kNsPerMs <= end_ms; source.pop()) {
    DecodedHeader h;
    const char* bytes = source.peek()->bytes.data();
    std::memcpy(&h, bytes, sizeof(h));
    if (h.kind != DecodedKind::kDepth && h.kind != DecodedKind::kSnapshot) continue;
    for (std::size_t i = 0; i < std::size_t{h.bids} + h.asks; ++i) {
      BookLevel level;
      std::memcpy(&level, bytes + sizeof(h) + i * sizeof(level), sizeof(level));
      auto& side = i < h.bids ? bids : asks;
      if (level.qty.value == 0) {
        side.erase(level.price.value);
      } else {
        side[level.price.value] = level.qty.value;
      }
    }
  }
  return {bids, asks};
}

TEST(VenueEngine, TheBookOfAnUndisturbedMarketIsTheMarketsLadder) {
  VenueEngine sut({listing()}, kStartMs);
  SyntheticLiquidity market(sut, 0, {}, kStartMs);
  for (std::int64_t t = kStartMs; t <= kStartMs + 30'000; t += 1'000) {
    market.advance(t);
    const auto [bids, asks] = ladder_until(t);
    const MatchingBook& book = sut.at(0).book;
    ASSERT_LT(book.bids().begin()->first, book.asks().begin()->first) << "crossed";
    std::size_t traded_away = 0;
    for (const auto& [price, lots] : bids) {
      const auto at = book.bids().find(price);
      if (at == book.bids().end()) {
        ++traded_away;
      } else {
        EXPECT_LE(at->second.lots, lots) << price;
      }
    }
    EXPECT_LE(traded_away, 3u);
    for (const auto& [price, level] : book.bids()) EXPECT_TRUE(bids.contains(price)) << price;
    for (const auto& [price, level] : book.asks()) EXPECT_TRUE(asks.contains(price)) << price;
  }
}

TEST(VenueEngine, PrintsAreNumberedWithoutAGapAndTheCandlesSumThemUp) {
  VenueEngine sut({listing()}, kStartMs);
  Listener listener;
  sut.add_listener(listener);
  SyntheticLiquidity market(sut, 0, {}, kStartMs);
  market.advance(kStartMs + 150'000);
  ASSERT_GT(listener.prints.size(), 1'000u);
  std::map<std::int64_t, Candle> plain;  // by minute, from the prints alone
  for (std::size_t i = 0; i < listener.prints.size(); ++i) {
    const Print& p = listener.prints[i];
    ASSERT_EQ(p.id, i + 1);
    Candle& c = plain.try_emplace(p.time_ms / kMinuteMs * kMinuteMs).first->second;
    if (c.trades == 0) c.open = c.high = c.low = p.price_ticks;
    c.high = std::max(c.high, p.price_ticks);
    c.low = std::min(c.low, p.price_ticks);
    c.close = p.price_ticks;
    c.lots += p.lots;
    ++c.trades;
  }
  EXPECT_EQ(sut.at(0).update_id, 1'000'000 + listener.changes);
  EXPECT_GT(listener.marks, 100u);
  for (const Candle& c : sut.at(0).candles.minutes()) {
    const Candle& p = plain[c.open_ms];
    EXPECT_EQ(c.trades, p.trades);
    EXPECT_EQ(c.lots, p.lots);
    EXPECT_EQ(c.open, p.open);
    EXPECT_EQ(c.high, p.high);
    EXPECT_EQ(c.low, p.low);
    EXPECT_EQ(c.close, p.close);
  }
}

TEST(VenueEngine, TheSameSeedGivesTheSamePrintsWhateverTheStepsOfTime) {
  const auto prints = [](std::int64_t step_ms) {
    VenueEngine engine({listing()}, kStartMs);
    Listener listener;
    engine.add_listener(listener);
    SyntheticLiquidity market(engine, 0, {}, kStartMs);
    for (std::int64_t t = 0; t <= 20'000; t += step_ms) market.advance(kStartMs + t);
    std::string text;
    for (const Print& p : listener.prints) {
      text += std::to_string(p.time_ms) + ':' + std::to_string(p.price_ticks) + ':' +
              std::to_string(p.lots) + ' ';
    }
    return text;
  };
  EXPECT_EQ(prints(5), prints(1'000));
}

TEST(VenueEngine, AClientsOrderAtTheTouchTradesWithTheMarket) {
  VenueEngine sut({listing()}, kStartMs);
  SyntheticLiquidity market(sut, 0, {}, kStartMs);
  market.advance(kStartMs + 1'000);
  BookOrder order;
  order.owner = 42;
  order.is_buy = true;
  order.price_ticks = sut.at(0).book.asks().begin()->first;
  order.lots = 3;
  order.tif = BookTif::kIoc;
  const std::uint64_t before = sut.at(0).trade_id;
  const OrderOutcome outcome = sut.submit(0, order, kStartMs + 1'001);
  EXPECT_EQ(outcome.verdict, BookVerdict::kFilled);
  EXPECT_EQ(sut.at(0).trade_id, before + outcome.fills.size());
  EXPECT_TRUE(sut.at(0).prints.back().taker_buys);
}

TEST(VenueEngine, AHaltedListingTakesNoOrder) {
  VenueEngine sut({listing()}, kStartMs);
  sut.set_trading(0, false);
  BookOrder order;
  order.price_ticks = 600'000;
  order.lots = 1;
  EXPECT_EQ(sut.submit(0, order, kStartMs).verdict, BookVerdict::kExpired);
  EXPECT_TRUE(sut.at(0).book.bids().empty());
}

}  // namespace
}  // namespace pinstripe::venue
