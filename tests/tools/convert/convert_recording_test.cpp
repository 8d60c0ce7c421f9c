// Recordings of several instruments to binary captures: one instrument each, nothing lost.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "feed/inflated_file.h"
#include "tests/feed/recording_support.h"
#include "tools/convert/convert.h"

namespace pinstripe::feed_test {
namespace {

namespace fs = std::filesystem;

class ConvertRecording : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::temp_directory_path() /
           ("pinstripe-convert-recording-" + std::to_string(::getpid()));
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::string at(const std::string& name) const { return (dir_ / name).string(); }
  static std::string unpacked(const std::string& path) {
    auto file = InflatedFile::open(path);
    EXPECT_TRUE(file.has_value());
    std::string piece(1u << 16, '\0'), all;
    while (const std::size_t got = (*file)->read(piece.data(), piece.size())) {
      all.append(piece, 0, got);
    }
    return all;
  }
  static InspectOptions of(const std::string& market, const std::string& symbol) {
    InspectOptions options;
    options.market = market;
    options.symbol = symbol;
    return options;
  }
  fs::path dir_;
};

/// `convert_capture` itself proves that the stage publishes the same and ends in the same state.
TEST_F(ConvertRecording, HoldsOneInstrumentAndGivesTheWholeTextBack) {
  for (const auto& [name, market, symbol, decoded] :
       {std::tuple{kBybitRecording, "BYBIT_LINEAR", "ETHUSDT", 421u},
        std::tuple{kBybitRecording, "BYBIT", "BTCUSDT", 300u},
        std::tuple{kOkxTickRecording, "OKX_SWAP", "UNI-USD-SWAP", 1'337u}}) {
    PINSTRIPE_NEED_DATA(path, name);
    const std::string binary = at(std::string(market) + ".pscap");
    const auto done = convert_capture(path, binary, of(market, symbol));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->decoded, decoded) << "every message of its book";
    const std::string back = at(std::string(market) + ".back");
    ASSERT_TRUE(convert_back(binary, back).has_value());
    EXPECT_EQ(unpacked(back), unpacked(path));
    const auto info = inspect_captures({binary}, {});
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_EQ(info->instruments.front().id, std::string(market) + ":" + symbol);
  }
}

TEST_F(ConvertRecording, SeveralInstrumentsAreRefusedByName) {
  PINSTRIPE_NEED_DATA(path, kBybitRecording);
  const auto done = convert_capture(path, at("all.pscap"), {});
  ASSERT_FALSE(done.has_value());
  EXPECT_NE(done.error().message.find("BYBIT:BTCUSDT"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("--instrument"), std::string::npos);
  EXPECT_FALSE(fs::exists(at("all.pscap")));
}

}  // namespace
}  // namespace pinstripe::feed_test
