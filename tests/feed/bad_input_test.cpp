// Bad input (issue 5, feed): refused, counted, with its place; never a crash, never a silent
// correction.
#include <gtest/gtest.h>

#include "feed/decoded_frame.h"
#include "tests/feed/feed_support.h"

namespace pinstripe::feed_test {
namespace {

constexpr const char* kPerp = "BINANCE_USDM:BTCUSDT";

std::string depth(const std::string& price, const std::string& qty, const std::string& symbol =
    "BTCUSDT") {
  return R"({"e":"depthUpdate","E":1,"T":1,"s":")" + symbol + R"(","U":10,"u":12,"pu":9,"b":[[")" + price +
         R"(",")" + qty + R"("]],"a":[]})";
}

struct Case {
  const char* name;
  std::string line;
  FeedErrorKind kind;
  const char* counter;
};

class BadLine : public testing::TestWithParam<Case> {};

TEST_P(BadLine, IsRefusedCountedAndNamed) {
  Rig rig(kPerp);
  rig.send(TimeNs(5), depth("100.0", "1"));
  rig.out.entries.clear();
  const std::uint64_t before = rig.sut.state_hash();
  rig.send(TimeNs(6), GetParam().line);
  EXPECT_TRUE(rig.out.entries.empty());
  EXPECT_EQ(rig.count("bad_lines"), 1);
  EXPECT_EQ(rig.count(GetParam().counter), 1);
  EXPECT_EQ(rig.sut.last_error().kind, GetParam().kind);
  EXPECT_EQ(rig.sut.last_error().line, 2u);
  EXPECT_GE(rig.sut.last_error().column, 1u);
  EXPECT_FALSE(rig.sut.stopped());
  EXPECT_NE(rig.sut.state_hash(), before) << "the count is state";
  const std::vector<std::string> files{"a.gz"};
  EXPECT_NE(describe(rig.sut.last_error(), files).find("a.gz:2:"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLine,
    testing::Values(
        Case{"CutJson", R"({"e":"depthUpdate","E":1,"s":"BTC)", FeedErrorKind::kBadJson, "bad_json"},
        Case{"NotJson", "hello", FeedErrorKind::kBadJson, "bad_json"},
        Case{"Empty", "", FeedErrorKind::kBadJson, "bad_json"},
        Case{"BadUtf8", "{\"e\":\"\xff\"}", FeedErrorKind::kBadJson, "bad_json"},
        Case{"UnknownSymbol", depth("100.0", "1", "NOPEUSDT"), FeedErrorKind::kUnknownSymbol,
             "unknown_symbol"},
        Case{"PriceOffTheGrid", depth("100.05", "1"), FeedErrorKind::kOffGrid, "off_grid"},
        Case{"QuantityOffTheGrid", depth("100.0", "0.0005"), FeedErrorKind::kOffGrid, "off_grid"},
        Case{"QuantityOverflow", depth("100.0", "99999999999999"), FeedErrorKind::kOverflow,
            "overflow"},
        Case{"PriceZero", depth("0.0", "1"), FeedErrorKind::kOverflow, "overflow"},
        Case{"PriceNegative", depth("-1.0", "1"), FeedErrorKind::kBadNumber, "bad_lines"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(BadLines, StopTheStageWhereTheConfigSaysSo) {
  FeedConfig config = Rig::config_of(kPerp);
  config.on_bad_line = OnBadLine::kStop;
  Rig rig(config);
  rig.send(TimeNs(5), "{");
  EXPECT_TRUE(rig.sut.stopped());
  rig.send(TimeNs(6), depth("100.0", "1"));
  EXPECT_EQ(rig.count("frames"), 1);
  EXPECT_TRUE(rig.out.entries.empty());
}

TEST(BadLines, TellTheColumnOfANumberOffTheGrid) {
  Rig rig(kPerp);
  const std::string price = depth("100.05", "1"), quantity = depth("100.0", "0.0005");
  rig.send(TimeNs(5), price);
  EXPECT_EQ(rig.sut.last_error().column, price.find("100.05") + 1);
  rig.send(TimeNs(6), quantity);
  EXPECT_EQ(rig.sut.last_error().column, quantity.find("0.0005") + 1);
}

TEST(BadLines, AreCountedByKindWithTheFirstOfEach) {
  Rig rig(kPerp);
  for (const char* price : {"100.05", "100.06", "x"}) {
    rig.send(TimeNs(5), depth(price, "1"));
  }
  const FeedErrors& sut = rig.sut.errors();
  const auto off_grid = static_cast<std::size_t>(FeedErrorKind::kOffGrid);
  EXPECT_EQ(sut.count[off_grid], 2u);
  EXPECT_TRUE(sut.first[off_grid].text().starts_with("100.05"));
  EXPECT_EQ(sut.count[static_cast<std::size_t>(FeedErrorKind::kBadNumber)], 1u);
}

TEST(BadLines, AreDescribedWithoutAnAllocationAndCutWhereTheRoomEnds) {
  FeedError e;
  e.kind = FeedErrorKind::kOffGrid;
  e.line = 7;
  e.column = 3;
  const std::vector<std::string> files{std::string(300, 'a') + "/end.gz"};
  const std::string whole = describe(e, files);
  EXPECT_TRUE(whole.starts_with("..."));
  EXPECT_NE(whole.find("/end.gz:7:3: off_grid; not a multiple"), std::string::npos) << whole;
  std::array<char, 20> small{};
  EXPECT_EQ(describe_into(small, e, files), whole.substr(0, 20));
}

TEST(BadLines, TellTheColumnOfTheFault) {
  Rig rig(kPerp);
  const std::string line = depth("x", "1");
  rig.send(TimeNs(5), line);
  EXPECT_EQ(rig.sut.last_error().column, line.find("x\"") + 1);
  EXPECT_TRUE(rig.sut.last_error().text().starts_with("x\""));
}

TEST(BadLines, LostUpdateShowsAsAGapAtTheNext) {
  Rig rig(kPerp);
  rig.send(TimeNs(5), depth("100.0", "1"));
  rig.send(TimeNs(6), R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":13,"u":14,"pu":12,"b":[["1","x"]],"a":[]})");
  rig.send(TimeNs(7), R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":15,"u":16,"pu":14,"b":[],"a":[]})");
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.state(), BookState::kGap);
}

TEST(DecodedFrames, AreCheckedLikeAnyOutsideBytes) {
  Rig rig("SYNTHETIC:PINUSD");
  DecodedHeader h;
  const auto send = [&](const DecodedHeader& header, std::size_t extra) {
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    bytes.append(extra, '\0');
    rig.send(TimeNs(1'000), bytes, FrameFormat::kDecoded);
    return rig.sut.last_error().kind;
  };
  EXPECT_EQ(send(h, 1), FeedErrorKind::kBadFrame);
  h.bids = 2;
  EXPECT_EQ(send(h, 16), FeedErrorKind::kBadFrame);
  h.bids = 1;
  EXPECT_EQ(send(h, 16), FeedErrorKind::kOverflow) << "a price of zero";
  h.instrument = 9;
  EXPECT_EQ(send(h, 16), FeedErrorKind::kUnknownSymbol);
  h = {};
  h.magic = 1;
  EXPECT_EQ(send(h, 0), FeedErrorKind::kBadFrame);
  h = {};
  h.kind = static_cast<DecodedKind>(99);
  EXPECT_EQ(send(h, 0), FeedErrorKind::kBadFrame);
  rig.send(TimeNs(2'000), "short", FrameFormat::kDecoded);
  EXPECT_EQ(rig.count("bad_lines"), 7);
  EXPECT_EQ(rig.count("events"), 0);
}

TEST(DecodedFrames, MayBeLongerThanTheLimitAndAreThenRefused) {
  FeedConfig config = Rig::config_of("SYNTHETIC:PINUSD");
  config.frame_levels_max = 1'000;
  Rig rig(config);
  DecodedHeader h;
  h.bids = 1'001;
  std::string bytes(reinterpret_cast<const char*>(&h), sizeof(h));
  bytes.append(1'001 * sizeof(BookLevel), '\1');
  rig.send(TimeNs(1'000), bytes, FrameFormat::kDecoded);
  EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kTooLong);
}

}  // namespace
}  // namespace pinstripe::feed_test
