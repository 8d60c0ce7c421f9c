// The paper venue on recorded markets: is what it gives us plausible?
#include <gtest/gtest.h>

#include "feed/feed_stage.h"
#include "feed/inspect.h"
#include "tests/exec/venue_driver.h"
#include "tests/support/data.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kFeedLatencyNs = 1'000'000;
constexpr std::int64_t kRequoteNs = 500'000'000;

/// Keeps one order of one lot at the own touch on both sides, quoted anew twice a second.
class Quoter {
 public:
  explicit Quoter(VenueDriver& driver) : d_(driver) {}

  void look(std::int64_t t, const MarketEvent& e) {
    if (e.h.type == MsgType::kBookState) valid_ = e.book_state() == BookState::kValid;
    if (e.h.type == MsgType::kTouch) touch_[e.h.side() == Side::kSell ? 1 : 0] = e.price().value;
    if (!e.ends_update() || !valid_ || t < next_ || touch_[0] == 0 || touch_[1] == 0) return;
    next_ = t + kRequoteNs;
    for (const OrderId id : working_) d_.cancel(t, id);
    working_.clear();
    working_.push_back(d_.send(t, Side::kBuy, touch_[0], 1, kPostOnlyOrder));
    working_.push_back(d_.send(t, Side::kSell, touch_[1], 1, kPostOnlyOrder));
  }

 private:
  VenueDriver& d_;
  std::vector<OrderId> working_;
  std::int64_t touch_[2] = {0, 0};
  std::int64_t next_ = 0;
  bool valid_ = false;
};

/// Runs a capture through feed into exec; quotes from `Quoter`.
void run_capture(const std::string& path, VenueDriver*& out, ExecConfig config) {
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info) << info.error().message;
  auto source = open_captures(info->streams);
  ASSERT_TRUE(source) << source.error().message;
  FeedConfig feed_config;
  feed_config.instruments = info->instruments;
  FeedStage feed(feed_config);
  config.instruments = info->instruments;
  // One lot is enough to ask where the mid goes: the venue's least sizes are set aside.
  // Both sides are quoted without a position: what is judged is the fills, not the account.
  for (Instrument& i : config.instruments) {
    if (i.market == Market::kSpot) i.market = Market::kLinear;
    i.notional_min_e8 = 0;
    i.qty_min = QtyLots(1);
    i.order_step_lots = 1;
  }
  config.book_levels_max = 8'192;
  out = new VenueDriver(config);
  Quoter quoter(*out);
  std::int64_t bid = 0, ask = 0;
  while (const FeedFrame* f = (*source)->peek()) {
    FeedInput in = FeedInput::frame(*f);
    do {
      TestSink<MarketEvent> sink;
      feed.on_event(f->origin_ns, in, sink);
      for (const auto& entry : sink.entries) {
        if (entry.port != 2) continue;
        const std::int64_t t = f->origin_ns.value - kFeedLatencyNs;
        out->pass(t, entry.message);
        if (entry.message.h.type == MsgType::kTouch) {
          (entry.message.h.side() == Side::kBuy ? bid : ask) = entry.message.a;
        }
        quoter.look(t, entry.message);
      }
      in = FeedInput::continued();
    } while (feed.more());
    (*source)->pop();
  }
  ASSERT_FALSE((*source)->error());
  out->until(INT64_MAX - 1);
  EXPECT_GT(bid, 0);
  EXPECT_GT(ask, bid);
}

class CapturesTest : public testing::TestWithParam<const char*> {};

TEST_P(CapturesTest, TheMidMovesAgainstPassiveFills) {
  PINSTRIPE_NEED_DATA(path, std::string("binance_l2_raw/") + GetParam() + ".txt.gz");
  VenueDriver* made = nullptr;
  run_capture(path, made, test_config());
  const std::unique_ptr<VenueDriver> sut(made);
  ASSERT_NE(sut, nullptr);
  const auto names = sut->sut.counter_names();
  std::int64_t sum = 0, count = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].ends_with(".maker_markout_5s_e6_sum")) sum = sut->sut.counters()[i];
    if (names[i].ends_with(".maker_markout_5s_count")) count = sut->sut.counters()[i];
  }
  const double mean_bps =
      count == 0 ? 0 : static_cast<double>(sum) / 1e6 / static_cast<double>(count);
  RecordProperty("mean_bps", std::to_string(mean_bps));
  std::printf("%s: %lld passive fills, mean mid after 5 s %.3f bps\n", GetParam(),
              static_cast<long long>(count), mean_bps);
  EXPECT_GE(count, 10);
  EXPECT_LT(mean_bps, 0) << "passive fills that earn: the paper venue is too kind";
}

INSTANTIATE_TEST_SUITE_P(
    All, CapturesTest,
    testing::Values("usdm_btcusdt_20230404", "usdm_btcusdt_20230405", "usdm_btcusdt_20240718",
                    "usdm_btcusdt_20240719", "usdm_btcusdt_20240808", "usdm_ethusdt_20240808",
                    "spot_btcusdt_20230405", "spot_btcusdt_20240808", "spot_btcusdt_20240809",
                    "spot_ethusdt_20240808", "spot_ethusdt_20240809", "cm_btcusd_perp_20240808",
                    "cm_btcusd_perp_20240809"));

}  // namespace
}  // namespace pinstripe
