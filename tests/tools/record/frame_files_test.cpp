// Lines, files and their rotation, without a market.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "feed/capture_lines.h"
#include "feed/inspect.h"
#include "feed/instrument_table.h"
#include "tests/support/temp_dir.h"
#include "tools/record/frame_files.h"
#include "tools/record/line_forms.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBegin = 1'786'310'817'000'000'001;
constexpr std::size_t kLineMax = 1u << 20;

class FrameFilesTest : public testing::Test {
 protected:
  FrameFilesTest() {
    for (const char* id : {"BINANCE_USDM:BTCUSDT", "BINANCE_USDM:ETHUSDT", "BYBIT:BTCUSDT",
                           "BYBIT_LINEAR:BTCUSDT"}) {
      instruments_.push_back(find_instrument(id).value());
    }
  }

  std::unique_ptr<FrameFiles> open(RecordPlan plan) {
    plan.folder = folder_;
    return FrameFiles::open(instruments_, plan, kBegin).value();
  }
  /// A frame of the venue of instrument `i`, as a hub shows it.
  FeedFrame frame(std::size_t i, std::int64_t at_ns, std::string_view bytes) {
    FeedFrame f;
    f.origin_ns = TimeNs(at_ns);
    f.venue = venue_numbers(instruments_)[i];
    f.format = market_rules(instruments_[i].venue)->format;
    f.bytes = bytes;
    return f;
  }
  static std::vector<std::string> lines(const std::string& path) {
    auto reader = LineReader::open(path, kLineMax).value();
    std::vector<std::string> all;
    std::string_view line;
    reader->begin_group();
    while (reader->next(line)) {
      all.emplace_back(line);
      reader->begin_group();
    }
    EXPECT_FALSE(reader->error()) << path;
    return all;
  }

  TempDir temporary_;
  const std::string folder_ = temporary_.path();
  std::vector<Instrument> instruments_;
};

/// A depth update of BTCUSDT with ids `from`..`to` after `before`.
std::string depth(int before, int from, int to) {
  return R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1786310817000,)"
         R"("T":1786310817000,"s":"BTCUSDT","U":)" + std::to_string(from) + R"(,"u":)" +
         std::to_string(to) + R"(,"pu":)" + std::to_string(before) +
         R"(,"b":[["60000.0","1.000"]],"a":[["60001.0","1.000"]]}})";
}

std::string bybit_book(int u, const char* type) {
  return std::string(R"({"topic":"orderbook.50.BTCUSDT","type":")") + type +
         R"(","ts":1786310817000,"data":{"s":"BTCUSDT","b":[["60000","1"]],)"
         R"("a":[["60001","1"]],"u":)" +
         std::to_string(u) + R"(,"seq":)" + std::to_string(u) + R"(},"cts":1786310816999})";
}

TEST_F(FrameFilesTest, LinesReadBackAsTheFramesThatCame) {
  const std::string odd = "{\"a\":\"q\\\"\\\\ \\u00e4 \xC3\xA4\",\t\"b\":\n1}";
  std::string plain, received;
  add_plain_line(kBegin, odd, plain);
  EXPECT_EQ(plain, std::to_string(kBegin) + " {\"a\":\"q\\\"\\\\ \\u00e4 \xC3\xA4\",\t\"b\": 1}\n");
  auto files = open({.packing = CapturePacking::kNone});
  ASSERT_TRUE(files->add(frame(2, kBegin, odd), "BYBIT/public/0"));
  ASSERT_TRUE(files->flush_all());
  auto reader = LineReader::open(files->files().at(0), kLineMax).value();
  reader->begin_group();
  std::string_view line;
  RawLine raw;
  while (raw.kind != RawLine::Kind::kMessage && reader->next(line)) {
    raw = split_line(line);
    if (raw.kind == RawLine::Kind::kConnect) {
      EXPECT_EQ(raw.connection, "BYBIT/public/0");
      EXPECT_EQ(raw.address, "wss://stream.bybit.com/v5/public/spot");
    }
  }
  ASSERT_EQ(raw.kind, RawLine::Kind::kMessage);
  EXPECT_EQ(raw.receive_ns, kBegin) << "to the nanosecond";
  EXPECT_EQ(raw.connection, "BYBIT/public/0");
  ASSERT_TRUE(reader->unescape(raw.json));
  EXPECT_EQ(raw.json, odd);
}

TEST_F(FrameFilesTest, EachInstrumentOfBinanceAndEachOtherVenueHasItsFile) {
  auto files = open({});
  ASSERT_TRUE(files->add(frame(0, kBegin, depth(1, 2, 3)), "BINANCE_USDM/public/0"));
  ASSERT_TRUE(files->add(frame(1, kBegin, R"({"stream":"ethusdt@bookTicker","data":{}})"), "x"));
  FeedFrame snapshot = frame(1, kBegin, R"({"lastUpdateId":3,"bids":[],"asks":[]})");
  snapshot.instrument = 1;
  ASSERT_TRUE(files->add(snapshot, "BINANCE_USDM/rest"));
  ASSERT_TRUE(files->add(frame(2, kBegin, bybit_book(1, "snapshot")), "BYBIT/public/0"));
  ASSERT_TRUE(files->add(frame(3, kBegin, bybit_book(1, "snapshot")), "BYBIT_LINEAR/public/0"));
  ASSERT_TRUE(files->flush_all());
  std::vector<std::string> names;
  for (const std::string& f : files->files()) names.push_back(fs::path(f).filename());
  EXPECT_EQ(names, (std::vector<std::string>{"BINANCE_USDM-BTCUSDT.20260809T212657Z.0001.txt.gz",
                                             "BINANCE_USDM-ETHUSDT.20260809T212657Z.0001.txt.gz",
                                             "BYBIT.20260809T212657Z.0001.jsonl.gz",
                                             "BYBIT_LINEAR.20260809T212657Z.0001.jsonl.gz"}));
  EXPECT_EQ(files->frames(), 5u);
  EXPECT_EQ(lines(files->files().at(1)).size(), 2u) << "the REST answer in line";
  const CaptureInfo info =
      inspect_captures({files->files().at(2), files->files().at(3)}, {}).value();
  ASSERT_EQ(info.instruments.size(), 2u);
  EXPECT_EQ(info.instruments[0].id, "BYBIT:BTCUSDT") << "told apart by the connection's address";
  EXPECT_EQ(info.instruments[1].id, "BYBIT_LINEAR:BTCUSDT");
}

TEST_F(FrameFilesTest, LinesOfAFileNeverGoBackInTime) {
  auto files = open({.packing = CapturePacking::kNone});
  ASSERT_TRUE(files->add(frame(0, kBegin + 5, depth(1, 2, 3)), "a"));
  ASSERT_TRUE(files->add(frame(0, kBegin + 2, depth(3, 4, 5)), "b"));
  ASSERT_TRUE(files->flush_all());
  const auto all = lines(files->files().at(0));
  EXPECT_TRUE(all.at(1).starts_with(std::to_string(kBegin + 5) + " ")) << all.at(1);
}

TEST_F(FrameFilesTest, FilesThatFollowEachOtherAreOneStream) {
  for (const CapturePacking packing :
       {CapturePacking::kGzip, CapturePacking::kZstd, CapturePacking::kNone}) {
    fs::remove_all(folder_);
    auto files = open({.packing = packing, .rotate_ns = 10});
    const auto add = [&](std::size_t i, int at, const std::string& bytes, const char* link) {
      ASSERT_TRUE(files->add(frame(i, kBegin + at, bytes), link));
    };
    add(0, 0, depth(1, 2, 3), "p");
    add(3, 1, bybit_book(7, "snapshot"), "BYBIT_LINEAR/public/0");
    add(3, 2, bybit_book(8, "delta"), "BYBIT_LINEAR/public/0");
    add(0, 11, R"({"stream":"btcusdt@bookTicker","data":{}})", "p");  // due, but tells no market
    add(0, 12, depth(3, 4, 5), "p");
    add(3, 13, bybit_book(9, "delta"), "BYBIT_LINEAR/public/0");
    ASSERT_TRUE(files->flush_all());
    ASSERT_EQ(files->files().size(), 4u);
    EXPECT_NE(files->files().at(2).find(".0002"), std::string::npos);
    EXPECT_NE(lines(files->files().at(2)).at(0).find("@depth"), std::string::npos);
    const CaptureInfo info = inspect_captures(files->files(), {}).value();
    ASSERT_EQ(info.streams.size(), 2u) << "each two files, one after the other";
    for (const CaptureStream& s : info.streams) EXPECT_EQ(s.files.size(), 2u);
    auto source = open_captures(info.streams).value();
    std::uint64_t frames = 0;
    for (; source->peek() != nullptr; source->pop()) ++frames;
    EXPECT_EQ(frames, files->frames());
    EXPECT_FALSE(source->error());
  }
}

TEST_F(FrameFilesTest, WhatWasFlushedIsWholeWithoutAnEnd) {
  for (const CapturePacking packing : {CapturePacking::kGzip, CapturePacking::kZstd}) {
    fs::remove_all(folder_);
    auto files = open({.packing = packing});
    for (int i = 0; i < 3; ++i) {
      const std::int64_t at = kBegin + i * kNsPerSecond;
      ASSERT_TRUE(files->add(frame(0, at, depth(i, i, i + 1)), "p"));
      ASSERT_TRUE(files->flush_due(at));  // too soon
      ASSERT_TRUE(files->flush_due(at + kNsPerSecond));
      EXPECT_EQ(lines(files->files().at(0)).size(), static_cast<std::size_t>(i) + 1);
    }
  }
}

/// The stamps are the kernel's, which may be an hour ahead after the clock was set back.
TEST_F(FrameFilesTest, StampsThatStepDoNotKeepLinesFromTheDisk) {
  auto files = open({});
  const std::int64_t hour = 3'600 * kNsPerSecond;
  std::int64_t now = kBegin;
  std::size_t told = 0;
  for (const std::int64_t stamp : {kBegin + hour, kBegin + 1, kBegin + 2 * hour, kBegin - hour}) {
    ASSERT_TRUE(files->add(frame(0, stamp, depth(told, told, told + 1)), "p"));
    ASSERT_TRUE(files->flush_due(now += kNsPerMs));
    ASSERT_TRUE(files->flush_due(now += 600 * kNsPerMs));
    EXPECT_EQ(lines(files->files().at(0)).size(), ++told) << stamp;
  }
}

TEST_F(FrameFilesTest, NoFileIsReplaced) {
  auto first = open({});
  ASSERT_TRUE(first->add(frame(0, kBegin, depth(1, 2, 3)), "p"));
  auto second = open({});
  const auto refused = second->add(frame(0, kBegin, depth(1, 2, 3)), "p");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("File exists"), std::string::npos);
}

TEST_F(FrameFilesTest, AFullDiskLosesNothingBeforeIt) {
  ASSERT_NE(::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto file = PackedFile::create(folder_ + "/a.txt.gz", CapturePacking::kGzip).value();
  std::mt19937_64 random(7);
  std::vector<std::string> whole;
  std::string error;
  rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  while (error.empty()) {
    std::vector<std::string> some;
    for (int i = 0; i < 500; ++i) some.push_back(std::to_string(random()));
    for (const std::string& s : some) file->pending() += s + "\n";
    if (auto flushed = file->flush(); !flushed) {
      error = flushed.error().message;
    } else {
      whole.insert(whole.end(), some.begin(), some.end());
    }
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_NE(error.find(folder_ + "/a.txt.gz"), std::string::npos) << error;
  EXPECT_NE(error.find("--out"), std::string::npos) << error;
  EXPECT_GT(whole.size(), 1'000u);
  EXPECT_EQ(lines(file->path()), whole) << "cut back to what was whole";
}

}  // namespace
}  // namespace pinstripe
