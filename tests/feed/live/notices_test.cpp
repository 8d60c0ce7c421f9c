// What the watch over the instruments writes into its page: the hub shows each change once, and a
// hub that comes later all that stands there.
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "feed/live/notices_page.h"
#include "tests/feed/live/live_market.h"
#include "tests/support/temp_dir.h"

namespace pinstripe {
namespace {

const std::vector<std::string> kMarkets{"BINANCE_USDM:BTCUSDT", "BYBIT_LINEAR:BTCUSDT"};

class NoticesPageTest : public testing::Test {
 protected:
  TempDir folder_;
  const std::string path_ = folder_.file("notices");
};

TEST_F(NoticesPageTest, WhatOneWriterSaidTheNextAndEveryReaderFind) {
  ASSERT_FALSE(NoticesReader::open(path_, 3).value().has_value()) << "no page yet is no error";
  {
    auto first = NoticesBoard::open(path_, 3);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    EXPECT_EQ(first->word(2), NoticeWord::kNone);
    first->say(2, NoticeWord::kHalted);
    first->say(3, NoticeWord::kHalted);  // behind the last: nothing
  }
  auto second = NoticesBoard::open(path_, 3);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->word(2), NoticeWord::kHalted);
  const auto sut = NoticesReader::open(path_, 3).value();
  ASSERT_TRUE(sut.has_value());
  EXPECT_EQ(sut->word(0), NoticeWord::kNone);
  EXPECT_EQ(sut->word(2), NoticeWord::kHalted);
  EXPECT_EQ(sut->word(3), NoticeWord::kNone);
  second->say(0, static_cast<NoticeWord>(99));
  EXPECT_EQ(sut->word(0), NoticeWord::kNone) << "a later version's word";
}

TEST_F(NoticesPageTest, AnotherSessionsPageIsRefusedByName) {
  ASSERT_TRUE(NoticesBoard::open(path_, 3).has_value());
  const auto other = NoticesReader::open(path_, 4);
  ASSERT_FALSE(other.has_value());
  EXPECT_NE(other.error().message.find(path_), std::string::npos) << other.error().message;
  std::ofstream(path_) << "no page";
  EXPECT_FALSE(NoticesReader::open(path_, 3).has_value());
  EXPECT_FALSE(NoticesBoard::open(path_, 3).has_value());
}

TEST_F(NoticesPageTest, AWriterThatDiedOverThePageIsSucceeded) {
  std::ofstream(path_ + ".new") << "half";
  EXPECT_TRUE(NoticesBoard::open(path_, 3).has_value());
}

class HubNotices : public NoticesPageTest {
 protected:
  HubNotices()
      : venue_(nlohmann::json::parse(R"({"history_s": 60, "assets": [
            {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.1", "lot": "0.001",
             "rate_per_s": 60}]})")) {}
  HubOptions told() const {
    HubOptions options;
    options.notices = path_;
    return options;
  }

  VenueProcess venue_;
};

TEST_F(HubNotices, ArriveWhenThePageDoesAndHaltOneBookUntilTheVenueTradesItAgain) {
  LiveMarket sut(venue_, kMarkets, told());
  ASSERT_EQ(sut.error, "");
  ASSERT_TRUE(sut.run(20, [&] { return sut.all_valid(); }));
  EXPECT_EQ(sut.count("notices"), 0) << "there is no page yet";
  auto board = NoticesBoard::open(path_, kMarkets.size());
  ASSERT_TRUE(board.has_value()) << board.error().message;
  board->say(0, NoticeWord::kTrading);
  board->say(1, NoticeWord::kHalted);
  ASSERT_TRUE(sut.run(10, [&] { return sut.state(1) == BookState::kHalted; }));
  EXPECT_EQ(sut.state(0), BookState::kValid) << "the other goes on";
  sut.run(1);
  EXPECT_EQ(sut.count("notices"), 2) << "each once";
  EXPECT_EQ(sut.state(1), BookState::kHalted);
  EXPECT_GT(sut.count("passed_over"), 0) << "what its stream said meanwhile";
  board->say(1, NoticeWord::kTrading);
  ASSERT_TRUE(sut.run(20, [&] { return sut.all_valid(); })) << "built anew";
  EXPECT_EQ(sut.count("notices"), 3);
}

TEST_F(HubNotices, StandingWordsAreToldToAHubThatComesLater) {
  auto board = NoticesBoard::open(path_, kMarkets.size());
  ASSERT_TRUE(board.has_value()) << board.error().message;
  board->say(0, NoticeWord::kChanged);
  board->say(1, NoticeWord::kTrading);
  LiveMarket sut(venue_, kMarkets, told());
  ASSERT_EQ(sut.error, "");
  ASSERT_TRUE(sut.run(20, [&] {
    return sut.state(0) == BookState::kHalted && sut.state(1) == BookState::kValid &&
           sut.count("notices") == 2;  // they come one at a time, beside the books
  })) << sut.count("notices");
  board->say(0, NoticeWord::kTrading);
  EXPECT_FALSE(sut.run(2, [&] { return sut.state(0) != BookState::kHalted; }))
      << "what has changed stays so, whoever says otherwise";
}

}  // namespace
}  // namespace pinstripe
