// Lines of recordings: their three forms, which stream gets which, and going on in the middle of a
// zstd file.
#include <gtest/gtest.h>

#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>

#include "feed/capture_lines.h"
#include "tests/feed/recording_support.h"
#include "tests/feed/resume_support.h"

namespace pinstripe::feed_test {
namespace {

namespace fs = std::filesystem;

class RecordingFiles : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::temp_directory_path() /
           ("pinstripe-recording-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::string plain(const std::string& name, const std::string& text) const {
    const std::string path = (dir_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string packed(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
  }
  fs::path dir_;
};

std::string recv(const char* conn, const char* ts, std::string json) {
  std::string escaped;
  for (const char c : json) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return R"({"t":"recv","conn":")" + std::string(conn) + R"(","ts":)" + ts + R"(,"data":")" +
         escaped + "\"}\n";
}

std::string trade(const char* symbol, int seq) {
  return R"({"topic":"publicTrade.)" + std::string(symbol) +
         R"(","type":"snapshot","ts":1786310823790,"data":[{"s":")" + symbol +
         R"(","S":"Buy","v":"1","p":"100.0","seq":)" + std::to_string(seq) + "}]}";
}

const std::string kHead =
    "{\"t\":\"header\",\"exchange\":\"BYBIT\"}\n"
    "{\"t\":\"connect\",\"conn\":\"a\",\"ts\":1.5,\"addr\":\"wss://stream.bybit.com/v5/public/linear\"}\n"
    "{\"t\":\"connect\",\"conn\":\"b\",\"ts\":1.5,\"addr\":\"wss://stream.bybit.com/v5/public/spot\"}\n"
    "{\"t\":\"send\",\"conn\":\"a\",\"ts\":1.5,\"data\":\"{}\"}\n";

TEST(RecordedLines, LiquidationsOfOkxAreOfNoOneInstrument) {
  constexpr auto kOkx = CaptureFormat::kOkxRaw;
  EXPECT_EQ(symbol_in(kOkx, R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{}]})", ""),
            "BTC-USDT");
  EXPECT_EQ(symbol_in(kOkx, R"({"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[)"
                            R"({"instId":"DOGE-USDT-SWAP","details":[]}]})", ""), "")
      << "a recording would hold an instrument without a book";
}

TEST(RecordedLines, HaveThreeForms) {
  RawLine raw = split_line(R"(1786310823.5264041: {"a":1})");
  EXPECT_EQ(raw.kind, RawLine::Kind::kMessage);
  EXPECT_EQ(raw.receive_ns, 1'786'310'823'526'404'100);
  EXPECT_EQ(raw.json, R"({"a":1})");
  raw = split_line(R"(1786310823526404100 {"a":1})");
  EXPECT_EQ(raw.receive_ns, 1'786'310'823'526'404'100);
  raw = split_line(R"({"t":"recv","conn":"x.1","ts":1786310823.25,"data":"{\"a\":1}"})");
  EXPECT_EQ(raw.kind, RawLine::Kind::kMessage);
  EXPECT_TRUE(raw.is_escaped);
  EXPECT_EQ(raw.receive_ns, 1'786'310'823'250'000'000);
  EXPECT_EQ(raw.connection, "x.1");
  EXPECT_EQ(raw.json, R"({\"a\":1})");
  for (const char* passed : {"wss://ws.okx.com:8443/ws/v5/public <-> 1646003666.64",
                             R"({"t":"header","format":2})", R"({"t":"send","conn":"a","data":"{}"})"}) {
    EXPECT_EQ(split_line(passed).kind, RawLine::Kind::kPassed) << passed;
  }
  for (const char* damaged : {R"({"t":"recv","conn":"a","ts":x,"data":"{}"})",
                              R"({"t":"recv","conn":"a","ts":1.5,"data":"{}")", "hello",
                              R"({"t":"recv","conn":"a","ts":1.5)", "1786310823.12345678901: {}",
                              "-5.5: {}", R"({"t":"other","data":"{}"})"}) {
    EXPECT_EQ(split_line(damaged).kind, RawLine::Kind::kDamaged) << damaged;
  }
}

TEST_F(RecordingFiles, EveryLineGoesToOneStream) {
  const std::string text = kHead + recv("a", "1786310824.1", trade("BTCUSDT", 1)) +
                           recv("a", "1786310824.2", R"({"success":true,"op":"subscribe"})") +
                           recv("a", "1786310824.3", trade("ETHUSDT", 2)) + "rubbish\n" +
                           recv("b", "1786310824.05", trade("BTCUSDT", 3)) +
                           recv("b", "1786310824.15", R"({"success":true,"op":"subscribe"})") +
                           recv("a", "1786310824.4", trade("XYZUSDT", 4));
  const auto info = inspect_captures({plain("a.jsonl", text)}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->instruments.size(), 3u);
  EXPECT_EQ(info->left_out, std::vector<std::string>{"BYBIT_LINEAR:XYZUSDT"});
  EXPECT_EQ(info->files.front().bad_lines, 1);
  for (const CaptureStream& s : info->streams) {
    EXPECT_EQ(s.clock_offset_ns, info->streams.front().clock_offset_ns) << "one clock a file";
  }
  Playback sut(*info);
  sut.play();
  EXPECT_EQ(sut.count("frames"), 6);
  EXPECT_EQ(sut.count("trades"), 3);
  EXPECT_EQ(sut.count("other"), 2);
  EXPECT_EQ(sut.count("bad_lines"), 1);
  EXPECT_EQ(sut.source->backward_times(), 0) << "connections are merged by time";
}

std::string okx_update(int before, int id) {
  return R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":")" +
         std::string(before < 0 ? "snapshot" : "update") +
         R"(","data":[{"asks":[["100.1","1","0","1"]],"bids":[["100.0","1","0","1"]],)" +
         R"("ts":"1786310824000","checksum":0,"prevSeqId":)" + std::to_string(before) +
         R"(,"seqId":)" + std::to_string(id) + "}]}";
}

std::string okx_candle(int minute) {
  return R"({"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[[")" +
         std::to_string(60'000 * minute) + R"(","100.0","100.0","100.0","100.0","5","5","9","1"]]})";
}

TEST_F(RecordingFiles, AFileThatSawNothingOnOneConnectionJoinsAllTheSame) {
  const std::string head =
      "{\"t\":\"header\",\"exchange\":\"OKX\"}\n"
      "{\"t\":\"connect\",\"conn\":\"p\",\"ts\":1.5,\"addr\":\"wss://ws.okx.com/ws/v5/public\"}\n"
      "{\"t\":\"connect\",\"conn\":\"c\",\"ts\":1.5,\"addr\":\"wss://ws.okx.com/ws/v5/business\"}\n";
  const auto info = inspect_captures(
      {plain("1.jsonl", head + recv("p", "1786310824.1", okx_update(-1, 10)) +
                            recv("p", "1786310824.2", okx_update(10, 11))),
       plain("2.jsonl", head + recv("p", "1786310824.3", okx_update(11, 12)) +
                            recv("c", "1786310824.4", okx_candle(1))),
       plain("3.jsonl", head + recv("p", "1786310824.5", okx_update(12, 13)))}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_TRUE(info->files[1].joins_previous && info->files[2].joins_previous);
  EXPECT_EQ(info->streams.size(), 2u) << "one a connection";
  Playback sut(*info);
  sut.play();
  EXPECT_EQ(sut.count("frames"), 5);
  EXPECT_EQ(sut.count("bars"), 1);
  EXPECT_EQ(sut.count("gaps"), 0);
  EXPECT_EQ(sut.count("bad_lines"), 0);
}

TEST_F(RecordingFiles, TheConfigsInstrumentsAloneAreTaken) {
  const std::string path =
      plain("a.jsonl", kHead + recv("a", "1786310824.1", trade("BTCUSDT", 1)) +
                           recv("b", "1786310824.2", trade("BTCUSDT", 2)));
  InspectOptions options;
  options.instruments = {"BYBIT:BTCUSDT"};
  const auto info = inspect_captures({path}, options);
  ASSERT_TRUE(info.has_value());
  ASSERT_EQ(info->instruments.size(), 1u);
  EXPECT_EQ(info->instruments[0].id, "BYBIT:BTCUSDT");
  EXPECT_EQ(info->left_out, std::vector<std::string>{"BYBIT_LINEAR:BTCUSDT"});
  options.instruments = {"OKX:BTC-USDT"};
  const auto none = inspect_captures({path}, options);
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().message.find("it holds BYBIT_LINEAR:BTCUSDT, BYBIT:BTCUSDT"),
            std::string::npos)
      << none.error().message;
}

/// Lines without a connection: the config says which market it is.
TEST_F(RecordingFiles, WithoutAnAddressTheMarketIsAskedFor) {
  const std::string path = plain("a.txt", "1786310824000000000 " + trade("BTCUSDT", 1) + "\n");
  EXPECT_FALSE(inspect_captures({path}, {}).has_value());
  InspectOptions options;
  options.market = "BYBIT";
  options.symbol = "BTCUSDT";
  const auto info = inspect_captures({path}, options);
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->instruments[0].id, "BYBIT:BTCUSDT");
  EXPECT_EQ(info->files[0].format, CaptureFormat::kBybitRaw);
}

TEST_F(RecordingFiles, EscapesAreUndoneAndWhatIsNoneRefused) {
  const std::string path = plain(
      "a.txt", R"("\u0041\u00e9\u20ac\n\/\\\"" "\ud800" "\x" "\u12")" "\n");
  auto reader = LineReader::open(path);
  ASSERT_TRUE(reader.has_value());
  std::string_view line;
  ASSERT_TRUE((*reader)->next(line));
  for (const std::string_view bad : {"\\ud800", "\\x", "\\u12"}) {
    std::string_view part = line.substr(line.find(bad), bad.size());
    EXPECT_FALSE((*reader)->unescape(part)) << bad;
  }
  std::string_view part = line.substr(1, line.find("\" \"") - 1);
  ASSERT_TRUE((*reader)->unescape(part));
  EXPECT_EQ(part, "A\xC3\xA9\xE2\x82\xAC\n/\\\"");
}

TEST_F(RecordingFiles, ZstdInSeveralFramesReadsAsOneAndGoesOnAnywhere) {
  std::string text = kHead;
  for (int i = 0; i < 30; ++i) {
    const std::string ts = "1786310824." + std::to_string(100 + i);
    text += recv(i % 3 == 0 ? "b" : "a", ts.c_str(), trade("BTCUSDT", i + 1));
  }
  const std::string path =
      plain("a.jsonl.zst", packed(text.substr(0, 700)) + packed(text.substr(700)));
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  const auto open = [&] { return std::move(*open_captures(info->streams)); };
  std::size_t frames = 0;
  for (auto source = open(); source->peek() != nullptr; source->pop()) ++frames;
  EXPECT_EQ(frames, 30u);
  expect_resumes(open, 1);
}

TEST_F(RecordingFiles, CutZstdDeliversWhatCameBeforeAndSaysSo) {
  std::string text = kHead;
  for (int i = 0; i < 3'000; ++i) {
    text += recv("a", ("1786310824." + std::to_string(1'000 + i)).c_str(), trade("BTCUSDT", i + 1));
  }
  const std::string whole = packed(text);
  const std::string path = plain("a.jsonl.zst", whole.substr(0, whole.size() / 2));
  const auto info = inspect_captures({path}, {});
  ASSERT_FALSE(info.has_value());
  EXPECT_NE(info.error().message.find("is cut"), std::string::npos) << info.error().message;
}

TEST(RecordingResume, GoesOnAtPlacesOfARealRecording) {
  PINSTRIPE_NEED_DATA(path, kOkxRecording);
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value());
  expect_resumes([&] { return std::move(*open_captures(info->streams)); }, 97);
}

}  // namespace
}  // namespace pinstripe::feed_test
