// Captures to binary captures and back: nothing lost, the same said to the feed stage, every
// damage refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <zlib.h>

#include "feed/binary_capture.h"
#include "feed/inflated_file.h"
#include "tests/feed/feed_support.h"
#include "tests/feed/resume_support.h"
#include "tests/support/data.h"
#include "tools/convert/convert.h"
#include "tools/convert/same_stage.h"

namespace pinstripe::feed_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPerp = "BINANCE_USDM:BTCUSDT";

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

std::string text_in(const std::string& path) {
  auto file = InflatedFile::open(path);
  EXPECT_TRUE(file.has_value()) << path;
  std::string text(1u << 16, '\0'), all;
  while (const std::size_t got = (*file)->read(text.data(), text.size())) all.append(text, 0, got);
  EXPECT_EQ((*file)->fault(), "");
  return all;
}

class Convert : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::temp_directory_path() /
           ("pinstripe-convert-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::string at(const std::string& name) const { return (dir_ / name).string(); }
  std::string plain(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }
  /// Converted to `name`; every conversion is proven by the converter, which fails otherwise.
  std::string converted(const std::string& from, const std::string& name,
                        const InspectOptions& options = {}) const {
    const auto done = convert_capture(from, at(name), options);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return at(name);
  }
  static InspectOptions perp() {
    InspectOptions options;
    options.market = "BINANCE_USDM";
    options.symbol = "BTCUSDT";
    return options;
  }

  fs::path dir_;
};

std::string message(int i, const std::string& json) {
  return std::to_string(1'700'000'000'000'000 + 1'000 * i) + " " + json + "\n";
}

std::string depth(int i, const std::string& price = "100.00") {
  const std::string u = std::to_string(100 + i);
  return R"({"e":"depthUpdate","E":1699999999999,"T":1699999999998,"s":"BTCUSDT","U":)" + u +
         R"(,"u":)" + u + R"(,"pu":)" + std::to_string(99 + i) + R"(,"b":[[")" + price +
         R"(","1.5"],["99.90","0"]],"a":[["100.10","2"]]})";
}

/// One of each kind that a decoded frame takes, and lines that it has no room for.
std::string odd_text() {
  std::string t;
  int i = 0;
  t += message(++i, R"({"lastUpdateId":101,"E":1699999999990,"T":1699999999989,)"
                    R"("bids":[["100.00","1"],["99.90","1"]],"asks":[["100.10","1"]]})");
  for (; i < 6; ++i) t += message(i, depth(i));
  t += message(++i, R"({"e":"bookTicker","u":200,"s":"BTCUSDT","b":"100.00","B":"1","a":"100.10",)"
                    R"("A":"2","T":1699999999998,"E":1699999999999})");
  t += message(++i, R"({"e":"trade","E":1700000000123,"T":1,"s":"BTCUSDT","t":7,"p":"100.00",)"
                    R"("q":"0.5","X":"MARKET","m":true})");
  t += message(++i, R"({"e":"trade","E":1700000000123,"T":1,"s":"BTCUSDT","t":9,"p":"100.00",)"
                    R"("q":"0.5","X":"INSURANCE_FUND","m":false})");
  t += message(++i, R"({"e":"aggTrade","E":1700000000124,"s":"BTCUSDT","a":3,"p":"100.10",)"
                    R"("q":"0.2","f":7,"l":9,"T":1,"m":false})");
  t += message(++i, R"({"e":"markPriceUpdate","E":1700000000000,"s":"BTCUSDT","p":"100.05",)"
                    R"("i":"100.04","P":"1","r":"0.0001","T":1700006400000})");
  t += message(++i, R"({"e":"markPriceUpdate","E":1700000000000,"s":"BTCUSDT","p":"100.06"})");
  t += "\n\r\n";
  t += "no time " + depth(i) + "\n";
  t += message(i, R"({"result":null,"id":1})");
  t += message(i, R"({"e":"depthUpdate","broken)");
  t += message(i, depth(i, "100.001"));
  t += message(i, depth(i, "0"));
  t += message(2, R"({"e":"trade","E":1700000000123,"T":1,"s":"ETHUSDT","t":7,"p":"100.00",)"
                  R"("q":"0.5","X":"MARKET","m":true})");
  t += message(20, depth(20)).substr(0, 1'000'000);
  t.pop_back();  // the last line has no end
  return t;
}

TEST_F(Convert, OddLinesComeBackAsTheyWereAndAreRefusedAsTheyWere) {
  const std::string text = plain("odd.txt", odd_text());
  const std::string binary = at("odd.pscap");
  const auto done = convert_capture(text, binary, perp());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->frames, 19u);
  EXPECT_EQ(done->frames - done->decoded, 6u) << "no time, other, broken, off grid, zero, ETHUSDT";
  ASSERT_TRUE(convert_back(binary, at("back.txt")).has_value());
  EXPECT_EQ(bytes_of(at("back.txt")), bytes_of(text));
  std::vector<std::vector<std::int64_t>> counters;
  for (const std::string& path : {text, binary}) {
    const auto source = open_captures({{0, CaptureFormat::kBinanceRaw, {path}, 5'000}});
    Rig rig(kPerp);
    for (; (*source)->peek() != nullptr; (*source)->pop()) {
      rig.send((*source)->peek()->origin_ns, *(*source)->peek());
    }
    counters.emplace_back(rig.sut.counters().begin(), rig.sut.counters().end());
    EXPECT_EQ(rig.sut.last_error().kind, FeedErrorKind::kUnknownSymbol);
    EXPECT_EQ((*source)->backward_times(), 1);
  }
  EXPECT_EQ(counters[0], counters[1]);
}

TEST_F(Convert, EveryCaptureComesBackBitByBitAndInspectsAlike) {
  for (const std::string& name : captures()) {
    PINSTRIPE_NEED_DATA(path, capture_path(name));
    const auto done = convert_capture(path, at(name), {});
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->decoded, done->frames) << name << ": nothing in it needs to stay text";
    ASSERT_TRUE(convert_back(at(name), at(name + ".txt")).has_value());
    EXPECT_TRUE(bytes_of(at(name + ".txt")) == text_in(path)) << name;
    const auto text = inspect_captures({path}, {});
    const auto binary = inspect_captures({at(name)}, {});
    ASSERT_TRUE(text.has_value() && binary.has_value());
    EXPECT_EQ(text->data_digest, binary->data_digest);
    EXPECT_EQ(text->events, binary->events);
    EXPECT_EQ(text->first_origin_ns, binary->first_origin_ns);
    EXPECT_EQ(text->last_origin_ns, binary->last_origin_ns);
    EXPECT_EQ(text->streams[0].clock_offset_ns, binary->streams[0].clock_offset_ns);
    fs::remove(at(name + ".txt"));
    fs::remove(at(name));
  }
}

TEST_F(Convert, TardisFilesComeBackBitByBit) {
  for (const char* name : {"tardis_csv/deribit_incremental_book_L2_BTC-PERPETUAL.csv",
                           "tardis_csv/bitmex_trades_XBTUSD.csv"}) {
    PINSTRIPE_NEED_DATA(path, name);
    const std::string binary = converted(path, fs::path(name).filename().string() + ".pscap");
    const auto done = convert_back(binary, binary + ".csv");
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(bytes_of(binary + ".csv"), bytes_of(path));
  }
}

TEST_F(Convert, BinaryAndTextFilesJoinInOneStream) {
  std::string one, two;
  for (int i = 0; i < 50; ++i) (i < 25 ? one : two) += message(i, depth(i));
  const auto first = plain("1.txt", one);
  const auto second = plain("2.txt", two);
  const auto binary = converted(first, "1.pscap");
  const auto frames = [](const std::vector<std::string>& files) {
    const auto info = inspect_captures(files, {});
    EXPECT_EQ(info->streams.size(), 1u);
    const auto source = open_captures(info->streams);
    Rig rig(kPerp);
    for (; (*source)->peek() != nullptr; (*source)->pop()) {
      rig.send((*source)->peek()->origin_ns, *(*source)->peek());
    }
    return std::pair(rig.count("depths"), rig.sut.state_hash());
  };
  EXPECT_EQ(frames({first, second}), frames({binary, second}));
  EXPECT_EQ(frames({binary, second}).first, 50);
}

TEST_F(Convert, BinaryCapturesGoOnAtEveryFrame) {
  const auto odd = converted(plain("odd.txt", odd_text()), "odd.pscap", perp());
  std::string text;
  for (int i = 0; i < 9'000; ++i) text += message(i, depth(i));
  const auto blocks = converted(plain("blocks.txt", text), "blocks.pscap");
  const auto open = [](const std::vector<std::string>& files) {
    return [=] { return std::move(*open_captures({{0, CaptureFormat::kBinanceRaw, files, 0}})); };
  };
  expect_resumes(open({odd}), 1);
  expect_resumes(open({odd, blocks, at("odd.txt")}), 1'021, 60);
  expect_resumes(open({blocks}), 4'096, 60);
}

/// What is wrong with a damaged binary capture; empty where nobody noticed.
std::string refusal(const std::string& path, const std::string& back) {
  const auto info = inspect_captures({path}, {});
  if (!info) return info.error().message;
  const auto source = open_captures(info->streams);
  if (!source) return source.error().message;
  while ((*source)->peek() != nullptr) (*source)->pop();
  if ((*source)->error()) return (*source)->error()->message;
  const auto done = convert_back(path, back);
  fs::remove(back);
  return done ? "" : done.error().message;
}

TEST_F(Convert, AnyFlippedByteIsRefusedWithBlockAndFrame) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += message(i, depth(i));
  const std::string path = converted(plain("a.txt", text), "a.pscap");
  const std::string whole = bytes_of(path);
  ASSERT_EQ(refusal(path, at("back")), "");
  const std::size_t hot = 4096 + sizeof(BinaryBlock);
  const std::size_t frame = sizeof(BinaryFrame) + 64 + 3 * 16;
  // Most of the header is unused: every seventh byte of that.
  for (std::size_t i = 0; i < whole.size(); i += i > 700 && i < 4'000 ? 7 : 1) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    plain("a.pscap", damaged);
    const std::string why = refusal(path, at("back"));
    ASSERT_NE(why.find(path), std::string::npos) << "byte " << i << ": " << why;
    if (i < hot || i >= hot + 4 * frame) continue;
    const std::string place = "block 0, frame " + std::to_string((i - hot) / frame) + " ";
    ASSERT_NE(why.find(place), std::string::npos) << "byte " << i << ": " << why;
  }
}

TEST_F(Convert, CutFilesAndSwappedFramesAreRefused) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += message(i, depth(i));
  const std::string path = converted(plain("a.txt", text), "a.pscap");
  const std::string whole = bytes_of(path);
  for (std::size_t size = 6; size < whole.size(); size += size < 4'000 ? 131 : 7) {
    plain("a.pscap", whole.substr(0, size));
    ASSERT_NE(refusal(path, at("back")).find(path), std::string::npos) << size << " bytes";
  }
  const std::size_t hot = 4096 + sizeof(BinaryBlock);
  const std::size_t frame = sizeof(BinaryFrame) + 64 + 3 * 16;
  std::string swapped = whole;
  swapped.replace(hot, 2 * frame, whole.substr(hot + frame, frame) + whole.substr(hot, frame));
  plain("a.pscap", swapped);
  EXPECT_NE(refusal(path, at("back")).find("block 0, frame 0 is damaged"), std::string::npos);
}

TEST_F(Convert, RefusesWhatItCannotProve) {
  const std::string text = plain("a.txt", message(1, depth(1)));
  const std::string binary = converted(text, "a.pscap");
  EXPECT_FALSE(convert_capture(text, binary, {}).has_value()) << "there already";
  EXPECT_FALSE(convert_capture(binary, at("b.pscap"), {}).has_value()) << "binary already";
  EXPECT_FALSE(convert_back(binary, text).has_value()) << "there already";
  EXPECT_FALSE(convert_back(text, at("b.txt")).has_value()) << "no binary capture";
  gzFile f = gzopen(at("cut.gz").c_str(), "wb");
  const std::string lines = message(1, depth(1)) + message(2, depth(2));
  gzwrite(f, lines.data(), static_cast<unsigned>(lines.size()));
  gzclose(f);
  fs::resize_file(at("cut.gz"), fs::file_size(at("cut.gz")) - 4);
  EXPECT_FALSE(convert_capture(at("cut.gz"), at("cut.pscap"), {}).has_value());
  for (const auto& entry : fs::directory_iterator(dir_)) {
    EXPECT_NE(entry.path().extension(), ".new") << "nothing half done is left";
  }
}

TEST_F(Convert, ProofTellsACaptureThatSaysSomethingElse) {
  const std::string text = plain("a.txt", message(1, depth(1)) + message(2, depth(2)));
  const std::string other = plain("b.txt", message(1, depth(1)) + message(2, depth(2, "99.80")));
  const std::string shorter = plain("c.txt", message(1, depth(1)));
  const auto info = inspect_captures({text}, {});
  ASSERT_TRUE(info.has_value());
  EXPECT_TRUE(check_same_stage(*info, converted(text, "a.pscap")).has_value());
  const auto wrong = check_same_stage(*info, converted(other, "b.pscap"));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().message.find("line 2: what the feed publishes"), std::string::npos)
      << wrong.error().message;
  EXPECT_FALSE(check_same_stage(*info, converted(shorter, "c.pscap")).has_value());
}

TEST_F(Convert, AnotherGridThanTheSessionsIsRefused) {
  const std::string path = converted(plain("a.txt", message(1, depth(1))), "a.pscap");
  std::string bytes = bytes_of(path);
  BinaryHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.tick_e8 *= 10;
  Hasher check;
  check.bytes(&header, sizeof(header) - sizeof(header.check));
  header.check = check.value();
  std::memcpy(bytes.data(), &header, sizeof(header));
  plain("a.pscap", bytes);
  const auto info = inspect_captures({path}, {});
  ASSERT_FALSE(info.has_value());
  EXPECT_NE(info.error().message.find("converted for BINANCE_USDM:BTCUSDT with tick"),
            std::string::npos) << info.error().message;
}

}  // namespace
}  // namespace pinstripe::feed_test
