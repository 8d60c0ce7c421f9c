#include "tools/venue/faults.h"

#include <gtest/gtest.h>

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kNow = 1'000'000;

TEST(FaultTable, RowsStandInTheOrderOfTheirKinds) {
  for (std::size_t i = 0; i < kFaultTable.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kFaultTable[i].kind), i) << kFaultTable[i].name;
    EXPECT_EQ(&row_of(kFaultTable[i].kind), &kFaultTable[i]);
  }
}

TEST(FaultBoard, AFaultByCountMeetsSoManyMessagesOfItsVenueAndNoOther) {
  FaultBoard sut;
  sut.add(*FaultBoard::parse({{"fault", "gap"}, {"venue", "okx"}, {"count", 2}, {"holds", "BTC"}},
                             kNow));
  EXPECT_FALSE(sut.use(FaultKind::kGap, "bybit", "BTC"));
  EXPECT_FALSE(sut.use(FaultKind::kGap, "okx", "ETH"));
  EXPECT_FALSE(sut.use(FaultKind::kCorrupt, "okx", "BTC"));
  EXPECT_TRUE(sut.use(FaultKind::kGap, "okx", "a BTC message"));
  EXPECT_TRUE(sut.expire(kNow + 1'000'000'000).empty()) << "time does not end it";
  EXPECT_TRUE(sut.use(FaultKind::kGap, "okx", "a BTC message"));
  EXPECT_FALSE(sut.use(FaultKind::kGap, "okx", "a BTC message"));
  EXPECT_EQ(sut.expire(kNow).size(), 1u);
  EXPECT_EQ(sut.shown()["met"]["gap"], 2);
}

TEST(FaultBoard, AFaultByTimeEndsWithItsTime) {
  FaultBoard sut;
  sut.add(*FaultBoard::parse({{"fault", "silent"}, {"for_ms", 500}}, kNow));
  EXPECT_TRUE(sut.expire(kNow + 499).empty());
  EXPECT_TRUE(sut.use(FaultKind::kSilent, "binance", "x"));
  EXPECT_EQ(sut.expire(kNow + 500).size(), 1u);
  EXPECT_FALSE(sut.use(FaultKind::kSilent, "binance", "x"));
}

TEST(FaultBoard, RefusesWhatItDoesNotKnow) {
  for (const Json& wrong : {Json(), Json::array(), Json{{"fault", 3}}, Json{{"fault", "flood"}},
                            Json{{"fault", "gap"}, {"count", -1}},
                            Json{{"fault", "gap"}, {"count", "2"}},
                            Json{{"fault", "cut"}, {"venue", 1}},
                            Json{{"fault", "slow"}, {"for_ms", 1e12}}}) {
    const auto sut = FaultBoard::parse(wrong, kNow);
    ASSERT_FALSE(sut.has_value()) << wrong.dump();
    EXPECT_EQ(sut.error().exit, Exit::kUsage);
  }
}

}  // namespace
}  // namespace pinstripe::venue
