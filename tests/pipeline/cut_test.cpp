// No decision sees the future: a capture cut at any line gives the same orders up to that line.
#include <algorithm>
#include <random>

#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

struct Cuts {
  std::string capture;
  int count;
};

/// How gtest shows it; without this the test's name holds addresses.
void PrintTo(const Cuts& c, std::ostream* out) { *out << c.count << " of " << c.capture; }

class CutTest : public PipelineTest, public testing::WithParamInterface<Cuts> {};

TEST_P(CutTest, CuttingTheCaptureLeavesEveryEarlierOrderAndReportUnchanged) {
  PINSTRIPE_NEED_DATA(file, capture_name(GetParam().capture));
  const auto lines = lines_of(file);
  const std::string orders = (folder_ / "orders.jsonl").string();
  const auto whole = up({file}, {"--in-process", "--orders", orders});
  ASSERT_EQ(whole.exit, 0) << whole.err;
  const auto all = read_orders(orders);
  ASSERT_GT(all.size(), 10U);
  const auto [offset_file, offset_ns] = kept_offset();
  ASSERT_FALSE(offset_file.empty());

  std::mt19937_64 random(20230404);
  std::uniform_int_distribution<std::size_t> any_line(lines.size() / 10, lines.size() - 1);
  std::size_t compared = 0;
  for (int i = 0; i < GetParam().count; ++i) {
    const std::size_t k = any_line(random);  // the first line that is gone
    const std::string cut_file = (folder_ / "cut.txt").string();
    write_lines(cut_file, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(k)});
    const auto cut = up({cut_file}, {"--in-process", "--orders", orders, "--clock-offset",
                                     offset_file});
    ASSERT_EQ(cut.exit, 0) << "cut at line " << k << ": " << cut.err;
    const std::int64_t cut_ns = receive_ns(lines[k]) - offset_ns;
    const auto before = [&](const std::vector<OrderLine>& from) {
      std::vector<std::string> texts;
      for (const OrderLine& o : from) {
        if (o.event_ns < cut_ns) texts.push_back(o.text);
      }
      return texts;
    };
    const auto expected = before(all), found = before(read_orders(orders));
    ASSERT_EQ(found, expected) << "cut at line " << k;
    compared += expected.size();
  }
  EXPECT_GT(compared, 10U) << "the cuts must leave something to compare";
}

INSTANTIATE_TEST_SUITE_P(OneOfEachMarket, CutTest,
                         testing::Values(Cuts{"usdm_btcusdt_20230404", 50},
                                         Cuts{"spot_btcusdt_20230405", 8},
                                         Cuts{"cm_btcusd_perp_20240808", 8}),
                         [](const auto& of) { return of.param.capture; });

}  // namespace
}  // namespace pinstripe
