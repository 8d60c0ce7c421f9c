// The watch over a session's instruments: what it says of each, and what a venue that cannot be
// asked does to that (nothing).
#include "tools/rest/instrument_watch.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/tools/rest/venue_support.h"

namespace pinstripe {
namespace {

Instrument record() {
  Instrument i;
  i.tick_e8 = 10'000'000;
  i.lot_e8 = 100'000;
  i.order_step_lots = 1;
  i.multiplier_e8 = 100'000'000;
  return i;
}

TEST(NoticeWords, SayWhetherTheRecordStillHolds) {
  const InstrumentStatus same{record(), ""}, halted{std::nullopt, "does not trade"};
  EXPECT_EQ(notice_word(record(), same, NoticeWord::kNone), NoticeWord::kTrading);
  EXPECT_EQ(notice_word(record(), halted, NoticeWord::kTrading), NoticeWord::kHalted);
  EXPECT_EQ(notice_word(record(), same, NoticeWord::kHalted), NoticeWord::kTrading);
  for (std::int64_t Instrument::*part :
       {&Instrument::tick_e8, &Instrument::lot_e8, &Instrument::multiplier_e8}) {
    InstrumentStatus other{record(), ""};
    *other.record.*part *= 10;
    EXPECT_EQ(notice_word(record(), other, NoticeWord::kHalted), NoticeWord::kChanged);
  }
  EXPECT_EQ(notice_word(record(), same, NoticeWord::kChanged), NoticeWord::kChanged);
  EXPECT_EQ(notice_word(record(), halted, NoticeWord::kChanged), NoticeWord::kChanged);
}

TEST(NoticeWords, WhatTheTableSaysOtherwiseOfFeesIsNoChange) {
  InstrumentStatus now{record(), ""};
  now.record->notional_min_e8 = 7;
  now.record->price_band_bps = 7;
  EXPECT_EQ(notice_word(record(), now, NoticeWord::kTrading), NoticeWord::kTrading);
}

TEST(NoticeWords, WhatCannotBeReadLeavesWhatWasKnown) {
  InstrumentStatus now{std::nullopt, "", "the answer is not as the venue documents it"};
  for (const NoticeWord word : {NoticeWord::kNone, NoticeWord::kTrading, NoticeWord::kHalted}) {
    EXPECT_EQ(notice_word(record(), now, word), word);
  }
}

class InstrumentWatchTest : public VenueTest {
 protected:
  std::size_t told(const std::string& word) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        said_, [&](const std::string& s) { return s.find(word) != std::string::npos; }));
  }
  std::vector<std::string> said_;
};

TEST_F(InstrumentWatchTest, TellsWhatIsHaltedChangedAndUnreachedOnce) {
  start_venue();
  VenueRest rest_client = rest();
  const std::vector<std::string> ids{"BINANCE_USDM:BTCUSDT", "BYBIT_LINEAR:BTCUSDT",
                                     "BINANCE_USDM:ETHUSDT"};
  auto instruments = fetch_instruments(rest_client, ids).value();
  instruments[2].tick_e8 *= 10;  // as a session would hold it that began before a change
  auto board = NoticesBoard::open((folder_ / "notices").string(), ids.size()).value();
  InstrumentWatch sut(instruments, board, [&](const std::string& s) { said_.push_back(s); });
  const auto words = [&] {
    return std::vector{board.word(0), board.word(1), board.word(2)};
  };
  using enum NoticeWord;
  sut.look(rest_client);
  EXPECT_EQ(words(), (std::vector{kTrading, kTrading, kChanged}));
  EXPECT_EQ(said_.size(), 1u) << "what trades as it should is not worth a line";
  EXPECT_EQ(told("BINANCE_USDM:ETHUSDT is no longer what the session began with"), 1u);

  fault(R"({"fault": "instrument_change", "venue": "bybit", "holds": "BTCUSDT", "for_ms": 60000})");
  sut.look(rest_client);
  sut.look(rest_client);
  EXPECT_EQ(words(), (std::vector{kTrading, kHalted, kChanged}));
  EXPECT_EQ(told("BYBIT_LINEAR:BTCUSDT does not trade"), 1u);

  VenueRest::Options short_patience;
  short_patience.request_ns_max = short_patience.patience_ns = 50 * kNsPerMs;
  VenueRest nobody = VenueRest::open({"127.0.0.1:1", ""}, short_patience).value();
  sut.look(nobody);
  sut.look(nobody);
  EXPECT_EQ(words(), (std::vector{kTrading, kHalted, kChanged}));
  EXPECT_EQ(told("BYBIT_LINEAR does not say what it trades"), 1u);
  sut.look(rest_client);
  EXPECT_EQ(told("BYBIT_LINEAR says again"), 1u);
}

TEST_F(InstrumentWatchTest, ABadAnswerIsCountedAndToldAndTheOthersAreLookedAt) {
  std::vector<Instrument> two{record(), record()};
  two[0].id = "BYBIT_LINEAR:A", two[1].id = "BYBIT_LINEAR:B";
  two[0].venue = two[1].venue = "BYBIT_LINEAR";
  auto board = NoticesBoard::open((folder_ / "notices").string(), two.size()).value();
  InstrumentWatch sut(two, board, [&](const std::string& s) { said_.push_back(s); });
  using Statuses = std::vector<InstrumentStatus>;
  const InstrumentStatus good{record(), "", ""}, bad{std::nullopt, "", "status is 7"};
  const InstrumentStatus halted{std::nullopt, "does not trade", ""};
  sut.take("BYBIT_LINEAR", Statuses{good, good}, 1'000);
  sut.take("BYBIT_LINEAR", Statuses{bad, halted}, 2'000);
  sut.take("BYBIT_LINEAR", Statuses{bad, halted}, 3'000);
  EXPECT_EQ(board.word(0), NoticeWord::kTrading) << "nothing else is known of it";
  EXPECT_EQ(board.word(1), NoticeWord::kHalted);
  EXPECT_EQ(told("BYBIT_LINEAR:A cannot be read"), 1u);
  ASSERT_EQ(sut.seen().size(), 1u);
  EXPECT_EQ(sut.seen()[0].asked, 3u);
  EXPECT_EQ(sut.seen()[0].bad, 2u);
  EXPECT_EQ(sut.seen()[0].good_ns, 1'000);
  EXPECT_EQ(sut.seen()[0].problem, "status is 7");
  sut.take("BYBIT_LINEAR", fail("no route"), 4'000);
  EXPECT_EQ(sut.seen()[0].bad, 3u);
  EXPECT_EQ(sut.seen()[0].problem, "no route");
  sut.take("BYBIT_LINEAR", Statuses{good, good}, 5'000);
  EXPECT_EQ(told("BYBIT_LINEAR:A can be read again"), 1u);
  EXPECT_EQ(sut.seen()[0].good_ns, 5'000);
  EXPECT_EQ(sut.seen()[0].problem, "");
}

}  // namespace
}  // namespace pinstripe
