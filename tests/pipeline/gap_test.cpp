// Depth lines lost from a capture: every break is counted, nothing is opened on a book that is not
// valid, and the run ends with a valid book or flat.
#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include "shm/msg/market_event.h"
#include "shm/ring/segment.h"
#include "shm/ring/tap.h"
#include "tests/pipeline/pipeline_support.h"
#include "tools/session/session_plan.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

class GapTest : public PipelineTest, public testing::WithParamInterface<std::string> {
 protected:
  /// What the shipped config says, with a feed -> risk ring that keeps the whole run.
  std::string roomy_config() {
    std::ifstream in(kRecordedConfig);
    auto j = nlohmann::json::parse(in, nullptr, true, true);
    for (auto& member : j.at("models").at("members")) {
      for (auto& fold : member.at("folds")) {
        fold = std::filesystem::absolute("tools/configs/" + fold.get<std::string>()).string();
      }
    }
    j["rings"]["feed.risk"]["capacity"] = 1 << 19;
    return config(j.dump(), "recorded");
  }
};

struct StateChange {
  std::int64_t event_ns;
  BookState state;
};

/// Every book state that risk was told, in event time, from the ring of a kept session.
std::vector<StateChange> states_told(const std::string& directory) {
  std::vector<StateChange> told;
  const auto plan = load_resolved(directory);
  EXPECT_TRUE(plan) << plan.error().message;
  for (const RingSpec& ring : plan->topology.rings) {
    if (ring.type != "market_event" || ring.consumer != "risk") continue;
    auto segment = Segment::open(directory + "/" + ring.name + ".ring", true);
    EXPECT_TRUE(segment) << segment.error().message;
    auto view = attach_ring(segment->bytes(), shape_of(ring));
    EXPECT_TRUE(view) << view.error().message;
    RingTap<> tap(*view, TapFrom::kOldest);
    MarketEvent event;
    std::size_t seen = 0;
    while (tap.next(&event) == TapResult::kMessage) {
      ++seen;
      if (event.h.type == MsgType::kBookState) {
        told.push_back({event.h.event_ns.value, event.book_state()});
      }
    }
    EXPECT_LT(seen, ring.capacity) << "the ring must hold the whole run";
  }
  return told;
}

/// Removes 0.1 % of the depth lines, at least 3, not of the first 100 nor the last; gives the
/// breaks: neighbours among the depth lines are one.
std::size_t remove_depth_lines(std::vector<std::string>& lines, std::uint64_t seed) {
  std::vector<std::size_t> depth;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_depth(lines[i])) depth.push_back(i);
  }
  const std::size_t count = std::max<std::size_t>(3, depth.size() / 1'000);
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> any(100, depth.size() - 2);
  std::set<std::size_t> gone;
  while (gone.size() < count) gone.insert(any(random));
  std::size_t breaks = 0;
  for (const std::size_t i : gone) breaks += gone.contains(i - 1) ? 0 : 1;
  for (auto i = gone.rbegin(); i != gone.rend(); ++i) {
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(depth[*i]));
  }
  return breaks;
}

TEST_P(GapTest, EveryBreakIsCountedAndNothingIsOpenedOnABrokenBook) {
  PINSTRIPE_NEED_DATA(file, capture_name(GetParam()));
  auto lines = lines_of(file);
  const std::size_t breaks = remove_depth_lines(lines, 11);
  const std::string holed = (folder_ / "holed.txt").string();
  write_lines(holed, lines);
  const std::string orders_file = (folder_ / "orders.jsonl").string();
  const auto done = run({"up", roomy_config(), "--json", "--in-process", "--keep", "--orders",
                         orders_file, "--data", holed});
  ASSERT_EQ(done.exit, 0) << done.err;
  const auto account = done.json();
  EXPECT_EQ(account.at("gaps"), breaks);
  EXPECT_EQ(account.at("lost"), 0);

  const auto left = leftovers();
  ASSERT_EQ(left.size(), 1U);
  const auto told = states_told((root_ / left.front()).string());
  const auto orders = read_orders(orders_file);
  std::size_t gap_states = 0, opened = 0;
  for (const StateChange& s : told) gap_states += s.state == BookState::kGap ? 1 : 0;
  EXPECT_GE(gap_states, 1U);
  for (const OrderLine& order : orders) {
    if (!order.opens) continue;
    ++opened;
    BookState known = BookState::kEmpty;
    for (const StateChange& s : told) {
      if (s.event_ns <= order.event_ns) known = s.state;
    }
    EXPECT_EQ(known, BookState::kValid) << "book " << kBookStateNames[static_cast<int>(known)]
                                        << " at " << order.text;
  }
  EXPECT_GT(opened, 0U) << "the run must trade for this to say something";
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(told.back().state == BookState::kValid ||
              account.at("instruments").at(0).at("position_lots") == 0);
  EXPECT_EQ(run({"down", "recorded"}).exit, 0);
  EXPECT_TRUE(leftovers().empty());
}

INSTANTIATE_TEST_SUITE_P(
    EveryCapture, GapTest,
    testing::Values("cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809", "spot_btcusdt_20230405",
                    "spot_btcusdt_20240808", "spot_btcusdt_20240809", "spot_ethusdt_20240808",
                    "spot_ethusdt_20240809", "usdm_btcusdt_20230404", "usdm_btcusdt_20230405",
                    "usdm_btcusdt_20240718", "usdm_btcusdt_20240719", "usdm_btcusdt_20240808",
                    "usdm_ethusdt_20240808"),
    [](const auto& of) { return of.param; });

}  // namespace
}  // namespace pinstripe
