#include "tools/session/message_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "shm/msg/exec_report.h"
#include "shm/msg/order_command.h"
#include "shm/msg/signal.h"

namespace pinstripe {
namespace {

TEST(MessageJson, ShowsEnumsByNameAndNumbersAsTheyAre) {
  ExecReport sut;
  sut.h.word = 2 * 41 + 2;
  sut.h.type = MsgType::kExecReport;
  sut.h.set(kFlagSell);
  sut.kind = ExecKind::kFill;
  sut.rule = FillRule::kTradeThrough;
  sut.last_ticks = PriceTicks(281'500);
  const auto j = nlohmann::json::parse(message_json("exec_report", &sut));
  EXPECT_EQ(j.at("seq"), 41);
  EXPECT_EQ(j.at("kind"), "fill");
  EXPECT_EQ(j.at("rule"), "trade_through");
  EXPECT_EQ(j.at("side"), "sell");
  EXPECT_EQ(j.at("last_ticks"), 281'500);
  EXPECT_FALSE(j.contains("spare"));
}

TEST(MessageJson, AMarketEventsFieldsFollowItsType) {
  MarketEvent sut;
  sut.h.type = MsgType::kBookState;
  sut.a = static_cast<std::int64_t>(BookState::kGap);
  sut.b = 3;
  const auto j = nlohmann::json::parse(message_json("market_event", &sut));
  EXPECT_EQ(j.at("state"), "gap");
  EXPECT_EQ(j.at("gaps"), 3);
  sut.h.type = MsgType::kTrade;
  EXPECT_TRUE(nlohmann::json::parse(message_json("market_event", &sut)).contains("price_ticks"));
}

TEST(MessageJson, ReportsOfTheVenueHaveTheirOwnNames) {
  MarketEvent sut;
  sut.a = 7;
  sut.b = 9;
  const auto shown = [&](MsgType type) {
    sut.h.type = type;
    return nlohmann::json::parse(message_json("market_event", &sut));
  };
  EXPECT_EQ(shown(MsgType::kOpenInterest).at("interest_e8"), 7);
  EXPECT_EQ(shown(MsgType::kOpenInterest).at("type"), "open_interest");
  EXPECT_EQ(shown(MsgType::kBar).at("interval_ns"), 9);
  EXPECT_EQ(shown(MsgType::kBarBody).at("close_ticks"), 9);
  EXPECT_EQ(shown(MsgType::kBarRange).at("high_ticks"), 7);
  EXPECT_EQ(shown(MsgType::kBarVolume).at("volume_lots"), 7);
  sut.h.set(kFlagSell);
  EXPECT_EQ(shown(MsgType::kLiquidation).at("side"), "sell");
  EXPECT_EQ(shown(MsgType::kLiquidation).at("price_ticks"), 7);
  sut.a = static_cast<std::int64_t>(BookState::kHalted);
  EXPECT_EQ(shown(MsgType::kBookState).at("state"), "halted");
}

TEST(MessageJson, TextLeavesOutWhatIsZero) {
  Signal sut;
  sut.h.word = 2;
  sut.h.type = MsgType::kSignal;
  sut.decision = 5;
  const std::string text = message_text("signal", &sut);
  EXPECT_NE(text.find("signal"), std::string::npos);
  EXPECT_NE(text.find("decision=5"), std::string::npos);
  EXPECT_EQ(text.find("edge_bps"), std::string::npos);
}

TEST(MessageJson, OnlyWhatHasASideSaysOne) {
  Signal signal;
  signal.h.type = MsgType::kSignal;
  signal.direction = -1;
  EXPECT_FALSE(nlohmann::json::parse(message_json("signal", &signal)).contains("side"));
  const std::string text = message_text("signal", &signal);
  EXPECT_EQ(text.find("buy"), std::string::npos) << text;
  EXPECT_NE(text.find("direction=-1"), std::string::npos) << text;
  OrderCommand order;
  order.h.type = MsgType::kOrderCommand;
  order.h.set_side(Side::kSell);
  EXPECT_EQ(nlohmann::json::parse(message_json("order_command", &order)).at("side"), "sell");
}

TEST(MessageJson, LeavesOutTheMachinesStampsWhereAsked) {
  OrderCommand order;
  order.h.type = MsgType::kOrderCommand;
  const auto told = nlohmann::json::parse(message_json("order_command", &order));
  const auto sut =
      nlohmann::json::parse(message_json("order_command", &order, Measured::kLeftOut));
  EXPECT_TRUE(told.contains("publish_ticks"));
  EXPECT_FALSE(sut.contains("publish_ticks"));
  EXPECT_FALSE(sut.contains("origin_ticks"));
  EXPECT_EQ(sut.at("seq"), told.at("seq"));
}

TEST(MessageJson, AnUnknownRingTypeHasNoShape) {
  EXPECT_EQ(shape_of_message("nothing", MsgType::kNone).bytes, 0U);
}

}  // namespace
}  // namespace pinstripe
