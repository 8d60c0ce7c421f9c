// Files as frame sources: formats, merging, cut files, clocks, joins.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <zlib.h>

#include "feed/inspect.h"
#include "tests/feed/feed_support.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::temp_directory_path() /
           ("pinstripe-feed-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::string plain(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return (dir_ / name).string();
  }
  std::string gz(const std::string& name, const std::string& text) {
    const std::string path = (dir_ / name).string();
    gzFile f = gzopen(path.c_str(), "wb");
    gzwrite(f, text.data(), static_cast<unsigned>(text.size()));
    gzclose(f);
    return path;
  }
  fs::path dir_;
};

struct Seen {
  std::int64_t origin_ns;
  std::string bytes;
  std::uint32_t file;
  std::uint64_t line;
};

std::vector<Seen> drain(FrameSource& source) {
  std::vector<Seen> out;
  while (const FeedFrame* f = source.peek()) {
    out.push_back({f->origin_ns.value, std::string(f->bytes), f->file, f->line});
    source.pop();
  }
  return out;
}

std::string spot_depth(int first, int last, std::int64_t venue_ms) {
  return R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":)" + std::to_string(venue_ms) +
         R"(,"s":"BTCUSDT","U":)" + std::to_string(first) + R"(,"u":)" + std::to_string(last) +
         R"(,"b":[["100.00","1"]],"a":[]}})";
}

TEST_F(Files, PlainAndGzipGiveTheSameFrames) {
  const std::string text =
      "1700000000000000 {\"a\":1}\r\n1700000000000001000 {\"b\":2}\n\n1700000000001 {\"c\":3}";
  for (const std::string& path : {plain("a.txt", text), gz("a.gz", text)}) {
    auto source = open_captures({{3, CaptureFormat::kBinanceRaw, {path}, 1'000}});
    ASSERT_TRUE(source.has_value());
    const auto got = drain(**source);
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[0].origin_ns, 1'700'000'000'000'000'000 - 1'000) << "16 digits are microseconds";
    EXPECT_EQ(got[1].origin_ns, 1'700'000'000'000'001'000 - 1'000) << "19 digits are nanoseconds";
    EXPECT_EQ(got[2].origin_ns, 1'700'000'000'001'000'000 - 1'000) << "13 digits are milliseconds";
    EXPECT_EQ(got[0].bytes, "{\"a\":1}");
    EXPECT_EQ(got[2].line, 4u);
  }
}

TEST_F(Files, CutGzipDeliversWhatCameBeforeAndNamesFileAndOffset) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(1'700'000'000'000'000 + i) + " {\"x\":" +
            std::to_string(i * 7919 % 10'007) + "}\n";
  }
  const std::string path = gz("cut.gz", text);
  fs::resize_file(path, fs::file_size(path) / 2);
  auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {path}, 0}});
  ASSERT_TRUE(source.has_value());
  const auto got = drain(**source);
  EXPECT_GT(got.size(), 10'000u);
  EXPECT_LT(got.size(), 40'000u);
  for (const Seen& s : got) ASSERT_EQ(s.bytes.back(), '}') << "no half line";
  const auto error = (*source)->error();
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(error->message.find(path), std::string::npos);
  EXPECT_NE(error->message.find("uncompressed bytes"), std::string::npos);
  const auto info = inspect_captures({path}, {});
  EXPECT_FALSE(info.has_value());
}

TEST_F(Files, TimesThatRunBackwardsAreRaisedAndCounted) {
  const auto path = plain("b.txt",
      "1700000000000005 {}\n1700000000000003 {}\n1700000000000006 {}\n");
  auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {path}, 0}});
  ASSERT_TRUE(source.has_value());
  const auto got = drain(**source);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[1].origin_ns, got[0].origin_ns);
  EXPECT_EQ((*source)->backward_times(), 1);
}

TEST_F(Files, LineWithoutTimeIsHandedOnWholeSoThatTheStageCountsIt) {
  const auto path = plain("c.txt",
      "1700000000000005 {}\nrubbish {}\n1700000000000006 {\"x\n1700000000000007 {}\n");
  auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {path}, 0}});
  Rig rig("BINANCE_SPOT:BTCUSDT");
  while (const FeedFrame* f = (*source)->peek()) {
    rig.send(f->origin_ns, *f);
    (*source)->pop();
  }
  EXPECT_EQ(rig.count("bad_lines"), 2);
  EXPECT_EQ(rig.count("frames"), 4);
  EXPECT_EQ(rig.sut.last_error().line, 3u);
}

TEST_F(Files, StreamsMergeByTimeAndTiesKeepTheOrderGiven) {
  const auto a = plain("a.txt", "1700000000000001 {\"a\":1}\n1700000000000003 {\"a\":2}\n");
  const auto b = plain("b.txt", "1700000000000001 {\"b\":1}\n1700000000000002 {\"b\":2}\n");
  auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {a}, 0}, {1,
      CaptureFormat::kBinanceRaw, {b}, 0}});
  std::string order;
  for (const Seen& s : drain(**source)) order += s.bytes;
  EXPECT_EQ(order, R"({"a":1}{"b":1}{"b":2}{"a":2})");
}

TEST_F(Files, LimitsCountFramesAndSimulatedTime) {
  const auto path = plain("a.txt",
      "1700000000000000 {}\n1700000000000500 {}\n1700000000001000 {}\n");
  const auto open = [&] { return std::move(*open_captures({{0, CaptureFormat::kBinanceRaw, {path},
      0}})); };
  EXPECT_EQ(drain(*limit_source(open(), 2, 0)).size(), 2u);
  EXPECT_EQ(drain(*limit_source(open(), 0, 1'000'000)).size(), 2u) << "the end itself is outside";
  EXPECT_EQ(drain(*limit_source(open(), 0, 1'000'001)).size(), 3u);
}

TEST_F(Files, MissingFileIsNamed) {
  const auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {"/nowhere/x.gz"}, 0}});
  ASSERT_FALSE(source.has_value());
  EXPECT_NE(source.error().message.find("/nowhere/x.gz"), std::string::npos);
}

TEST_F(Files, InspectionRebasesTheClockOverTheWholeJoinedStream) {
  // The local clock is about 1.5 s slow; the least delay is in the second file.
  const auto one = plain("1.txt", "1700000000000000000 " + spot_depth(1, 5,
      1'700'000'001'500) + "\n");
  const auto two = plain("2.txt", "1700000000100000000 " + spot_depth(6, 9,
      1'700'000'001'601) + "\n");
  const auto info = inspect_captures({two, one}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  ASSERT_EQ(info->streams.size(), 1u);
  EXPECT_EQ(info->streams[0].files, (std::vector<std::string>{one, two}));
  EXPECT_TRUE(info->files[1].joins_previous);
  EXPECT_EQ(info->streams[0].clock_offset_ns, -1'501'000'000 - 1'000'000);
  EXPECT_EQ(info->instruments[0].id, "BINANCE_SPOT:BTCUSDT");
  InspectOptions options;
  options.clock_offsets = {{"BINANCE_SPOT:BTCUSDT", -1'502'000'000}};
  const auto given = inspect_captures({one}, options);
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->streams[0].clock_offset_ns, -1'502'000'000)
      << "a cut file takes the offset it is given";
  options.clock_offsets[0].second = -1'400'000'000;
  const auto wrong = inspect_captures({one}, options);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().message.find(one + ":1:"), std::string::npos) << wrong.error().message;
}

TEST_F(Files, FilesThatDoNotJoinAreStreamsOfTheirOwn) {
  const auto one = plain("1.txt", "1700000000000000000 " + spot_depth(1, 5,
      1'699'999'999'000) + "\n");
  const auto two = plain("2.txt", "1700000000100000000 " + spot_depth(8, 9,
      1'699'999'999'500) + "\n");
  const auto info = inspect_captures({one, two}, {});
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->streams.size(), 2u);
  EXPECT_FALSE(info->files[1].joins_previous);
}

TEST_F(Files, UnknownSymbolNamesTheNearestAndWhatToDo) {
  std::string line = spot_depth(1, 5, 1'700'000'000'000);
  line.replace(line.find("BTCUSDT"), 7, "BTCUSDX");
  const auto info = inspect_captures({plain("1.txt", "1700000000000000000 " + line + "\n")}, {});
  ASSERT_FALSE(info.has_value());
  EXPECT_NE(info.error().message.find("nearest known one is 'BINANCE_SPOT:BTCUSDT'"),
      std::string::npos)
      << info.error().message;
}

TEST_F(Files, TardisBookRowsOfOneMessageAreOneFrame) {
  const std::string head =
      "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
  const std::string row = "binance-futures,BTCUSDT,";
  const auto path = gz("t.csv.gz",
      head + row + "1600000000000000,1600000000001000,true,bid,100.0,1\n" + row +
                                       "1600000000000000,1600000000001000,true,ask,100.2,2\n" + row +
                                       "1600000000002000,1600000000003000,false,ask,100.1,3\n" + row +
                                       "1600000000002000,1600000000003000,false,ask,100.2,0\n");
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->instruments[0].id, "BINANCE_USDM:BTCUSDT");
  auto source = open_captures(info->streams);
  Rig rig("BINANCE_USDM:BTCUSDT");
  while (const FeedFrame* f = (*source)->peek()) {
    rig.send(f->origin_ns, *f);
    (*source)->pop();
  }
  EXPECT_EQ(rig.count("frames"), 2);
  EXPECT_EQ(rig.count("bad_lines"), 0);
  EXPECT_EQ(rig.state(), BookState::kValid);
  EXPECT_EQ(rig.count("BINANCE_USDM:BTCUSDT.ask_levels"), 1);
}

TEST(TardisSamples, DecodeToTheirRows) {
  PINSTRIPE_NEED_DATA(book, "tardis_csv/deribit_incremental_book_L2_BTC-PERPETUAL.csv");
  PINSTRIPE_NEED_DATA(trades, "tardis_csv/bitmex_trades_XBTUSD.csv");
  const auto info = inspect_captures({book, trades}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  FeedConfig config;
  config.instruments = info->instruments;
  Rig rig(config);
  auto source = open_captures(info->streams);
  while (const FeedFrame* f = (*source)->peek()) {
    rig.send(f->origin_ns, *f);
    (*source)->pop();
  }
  EXPECT_EQ(rig.count("bad_lines"), 0);
  EXPECT_EQ(rig.count("trades"), 10);
  EXPECT_EQ(rig.count("DERIBIT:BTC-PERPETUAL.ask_levels"), 15);
  PINSTRIPE_NEED_DATA(other, "tardis_csv/huobi-dm-swap_quotes_BTC-USD.csv");
  EXPECT_FALSE(inspect_captures({other}, {}).has_value());
}

TEST(CaptureInspection, TellsMarketsJoinsAndClocksOfEveryCapture) {
  struct Expected {
    const char* name;
    const char* id;
    bool joins;
  };
  for (const Expected& e : {Expected{"usdm_btcusdt_2023040", "BINANCE_USDM:BTCUSDT", true},
                            Expected{"cm_btcusd_perp_2024080", "BINANCE_COINM:BTCUSD_PERP", true},
                            Expected{"spot_ethusdt_2024080", "BINANCE_SPOT:ETHUSDT", true}}) {
    const std::string first = std::string(e.name) + (e.id[8] == 'U' ? "4" : "8");
    const std::string second = std::string(e.name) + (e.id[8] == 'U' ? "5" : "9");
    PINSTRIPE_NEED_DATA(one, capture_path(first));
    PINSTRIPE_NEED_DATA(two, capture_path(second));
    const auto info = inspect_captures({two, one}, {});
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_EQ(info->instruments[0].id, e.id);
    ASSERT_EQ(info->streams.size(), 1u) << e.name;
    EXPECT_EQ(info->files[1].joins_previous, e.joins);
    EXPECT_EQ(info->files[0].bad_lines + info->files[1].bad_lines, 0);
  }
}

}  // namespace
}  // namespace pinstripe::feed_test
