#include "tools/session/text_table.h"

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

TEST(TextTable, PadsTextToTheRightAndNumbersToTheLeft) {
  TextTable sut({"ring", "depth"});
  sut.row({"feed.risk", "5"});
  sut.row({"a", "1,024"});
  EXPECT_EQ(sut.text(), "ring       depth\nfeed.risk      5\na          1,024\n");
}

TEST(TextTable, ShowsTimesWithAUnitThatFits) {
  EXPECT_EQ(shown_ns(-1), "-");
  EXPECT_EQ(shown_ns(950), "950 ns");
  EXPECT_EQ(shown_ns(12'340), "12.3 us");
  EXPECT_EQ(shown_ns(4'500'000), "4.50 ms");
  EXPECT_EQ(shown_ns(2'100'000'000), "2.10 s");
}

TEST(TextTable, ShowsMoneyExactly) {
  EXPECT_EQ(shown_e8(150'000'000), "1.50000000");
  EXPECT_EQ(shown_e8(-1), "-0.00000001");
  EXPECT_EQ(shown_e8(123'456'789, 2), "1.23");
  EXPECT_EQ(shown_e8(-99'500'000, 0), "-1");
  EXPECT_EQ(shown_e8(INT64_MIN), "-92233720368.54775808");
}

TEST(TextTable, GroupsThousands) {
  EXPECT_EQ(shown_count(0), "0");
  EXPECT_EQ(shown_count(999), "999");
  EXPECT_EQ(shown_count(1'000), "1,000");
  EXPECT_EQ(shown_count(-1'234'567), "-1,234,567");
}

}  // namespace
}  // namespace pinstripe
