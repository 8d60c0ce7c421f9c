// The synthetic market: a function of its seed, as predictable as it says, with the scripted
// events.
#include <gtest/gtest.h>

#include <cmath>

#include "feed/synthetic.h"
#include "shm/base/hash.h"
#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

FeedConfig market_config() {
  FeedConfig c;
  c.instruments.push_back(synthetic_instrument());
  return c;
}

std::uint64_t digest_of(const SyntheticConfig& config) {
  SyntheticSource sut(config);
  Hasher h;
  while (const FeedFrame* f = sut.peek()) {
    h.add(static_cast<std::uint64_t>(f->origin_ns.value));
    h.bytes(f->bytes.data(), f->bytes.size());
    sut.pop();
  }
  return h.value();
}

TEST(SyntheticMarket, IsAFunctionOfItsSeed) {
  SyntheticConfig c;
  c.duration_ns = 5 * kNsPerSecond;
  const std::uint64_t first = digest_of(c);
  EXPECT_EQ(first, digest_of(c));
  c.seed = 2;
  EXPECT_NE(first, digest_of(c));
}

TEST(SyntheticMarket, FeedsTheStageWithoutAFaultAndAgreesWithItsTickers) {
  SyntheticConfig c;
  c.duration_ns = 20 * kNsPerSecond;
  SyntheticSource source(c);
  Rig rig(market_config());
  TimeNs last;
  while (const FeedFrame* f = source.peek()) {
    ASSERT_GE(f->origin_ns, last);
    last = f->origin_ns;
    rig.send(last, *f);
    rig.out.entries.clear();
    source.pop();
  }
  for (const char* none : {"bad_lines", "gaps", "crossed", "duplicates", "out_of_order",
                           "ticker_mismatches", "trade_holes", "clock_ahead"}) {
    EXPECT_EQ(rig.count(none), 0) << none;
  }
  EXPECT_EQ(rig.state(), BookState::kValid);
  const double rate = static_cast<double>(rig.count("events")) / 20;
  EXPECT_NEAR(rate, c.rate_per_s, c.rate_per_s * 0.05);
  EXPECT_GT(rig.count("trades"), 5'000);
  EXPECT_NEAR(static_cast<double>(rig.count("marks")), 20, 1);
}

TEST(SyntheticMarket, ScriptedGapIsOneGapAndASnapshotBringsTheBookBack) {
  SyntheticConfig c;
  c.duration_ns = 10 * kNsPerSecond;
  c.gap_at_s = 4;
  SyntheticSource source(c);
  Rig rig(market_config());
  TimeNs invalid_since, valid_again;
  while (const FeedFrame* f = source.peek()) {
    rig.send(f->origin_ns, *f);
    rig.out.entries.clear();
    if (rig.state() == BookState::kGap && invalid_since == TimeNs()) invalid_since = f->origin_ns;
    if (rig.state() == BookState::kValid && invalid_since != TimeNs() && valid_again == TimeNs()) {
      valid_again = f->origin_ns;
    }
    source.pop();
  }
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.count("resyncs"), 1);
  EXPECT_EQ(rig.count("ticker_mismatches"), 0);
  EXPECT_EQ(rig.count("crossed"), 0);
  EXPECT_EQ(rig.count("SYNTHETIC:PINUSD.bid_levels"), 24) << "no level is left over";
  EXPECT_EQ(rig.count("SYNTHETIC:PINUSD.ask_levels"), 24);
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_NEAR(static_cast<double>((valid_again - invalid_since).value) * 1e-9, 1.0, 0.2);
}

TEST(SyntheticMarket, ScriptedJumpMovesTheMidAndTheBurstRaisesTheRate) {
  SyntheticConfig c;
  c.duration_ns = 10 * kNsPerSecond;
  c.jump_at_s = 5;
  c.jump_bps = 200;
  c.burst_at_s = 7;
  SyntheticSource source(c);
  double before = 0, after = 0;
  int in_burst = 0;
  while (const FeedFrame* f = source.peek()) {
    const double t = static_cast<double>((f->origin_ns - c.start_ns).value) * 1e-9;
    const auto mid = static_cast<double>(source.truth().mid_half_ticks);
    if (t < 5) before = mid;
    if (t < 5.01) after = mid;
    in_burst += t >= 7 && t < 7.5;
    source.pop();
  }
  EXPECT_NEAR((after / before - 1) * 1e4, 200, 5);
  EXPECT_GT(in_burst, 5 * c.rate_per_s);
}

struct Sample {
  double edge_bps, move_bps, imbalance;
};

/// Samples every 100 ms: what the oracle says about the next `horizon`, and what came.
std::vector<Sample> samples(const SyntheticConfig& c, std::int64_t horizon_ns) {
  SyntheticSource source(c);
  struct Point {
    std::int64_t t;
    double edge, mid, imbalance;
  };
  std::vector<Point> points;
  std::int64_t next = 0;
  Rig rig(market_config());
  double bid = 1, ask = 1;
  while (const FeedFrame* f = source.peek()) {
    rig.send(f->origin_ns, *f);
    for (const MarketEvent& e : rig.take(1)) {
      if (e.h.type == MsgType::kTouch) (e.h.side() == Side::kBuy ? bid : ask) =
          static_cast<double>(e.b);
    }
    if (f->origin_ns.value >= next) {
      next = f->origin_ns.value + 100 * kNsPerMs;
      points.push_back({f->origin_ns.value, oracle_edge_bps(c, source.truth().pressure, horizon_ns),
                        static_cast<double>(source.truth().mid_half_ticks),
                            (bid - ask) / (bid + ask)});
    }
    source.pop();
  }
  std::vector<Sample> out;
  std::size_t j = 0;
  for (const Point& p : points) {
    while (j < points.size() && points[j].t < p.t + horizon_ns) ++j;
    if (j == points.size()) break;
    out.push_back({p.edge, std::log(points[j].mid / p.mid) * 1e4, p.imbalance});
  }
  return out;
}

/// Share of (up, down) pairs that `score` puts in order: by ranks.
template <class Score>
double auc(std::vector<Sample> s, Score score) {
  std::ranges::sort(s, {}, score);
  double rank_sum = 0, up = 0, down = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i].move_bps > 0) {
      rank_sum += static_cast<double>(i + 1);
      ++up;
    } else {
      ++down;
    }
  }
  return (rank_sum - up * (up + 1) / 2) / (up * down);
}

TEST(SyntheticMarket, IsAsPredictableAsItsOracleSays) {
  SyntheticConfig c;
  c.duration_ns = 1'500 * kNsPerSecond;
  c.rate_per_s = 400;
  for (const std::int64_t horizon_s : {1, 5}) {
    const auto got = samples(c, horizon_s * kNsPerSecond);
    double size = 0, product = 0, square = 0;
    for (const Sample& s : got) {
      size += std::abs(s.edge_bps);
      product += s.edge_bps * s.move_bps;
      square += s.edge_bps * s.edge_bps;
    }
    const double mean_edge = size / static_cast<double>(got.size());
    const double by_oracle = auc(got, [](const Sample& s) { return s.edge_bps; });
    const double by_imbalance = auc(got, [](const Sample& s) { return s.imbalance; });
    std::printf("horizon %ld s: oracle AUC %.3f, mean |edge| %.2f bps; AUC of the touch "
                "imbalance %.3f\n",
                static_cast<long>(horizon_s), by_oracle, mean_edge, by_imbalance);
    // The oracle is unbiased: what comes is, on average, what it said.
    EXPECT_NEAR(product / square, 1.0, 0.15);
    EXPECT_GT(by_oracle, 0.6);
    EXPECT_GT(by_imbalance, 0.53);
    EXPECT_LT(by_imbalance, by_oracle);
    // trading.md 5: about 1.5 x the maker round trip (4 bps) at 5 s.
    if (horizon_s == 5) {
      EXPECT_NEAR(mean_edge, 6.0, 1.0);
    }
  }
}

TEST(SyntheticMarket, WithoutPredictabilityNobodyKnowsAnything) {
  SyntheticConfig c;
  c.duration_ns = 1'500 * kNsPerSecond;
  c.rate_per_s = 400;
  c.predictability = 0;
  const auto got = samples(c, 5 * kNsPerSecond);
  // 300 independent windows: the standard error of the AUC is about 0.5 / sqrt(300 / 3) /
  // sqrt(...); three of 0.034 around one half.
  EXPECT_NEAR(auc(got, [](const Sample& s) { return s.imbalance; }), 0.5, 0.1);
  for (const Sample& s : got) ASSERT_EQ(s.edge_bps, 0);
}

TEST(SyntheticMarket, SeveralMarketsMergeByTime) {
  SyntheticConfig a;
  a.duration_ns = kNsPerSecond;
  SyntheticConfig b = a;
  b.seed = 9;
  b.instrument = 1;
  std::vector<std::unique_ptr<FrameSource>> both;
  both.push_back(std::make_unique<SyntheticSource>(a));
  both.push_back(std::make_unique<SyntheticSource>(b));
  const auto merged = merge_sources(std::move(both));
  TimeNs last;
  int count[2] = {};
  while (const FeedFrame* f = merged->peek()) {
    ASSERT_GE(f->origin_ns, last);
    last = f->origin_ns;
    ++count[f->instrument];
    merged->pop();
  }
  EXPECT_GT(count[0], 1'000);
  EXPECT_GT(count[1], 1'000);
}

}  // namespace
}  // namespace pinstripe::feed_test
