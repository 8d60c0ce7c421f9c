// Sources that are left and taken up again: the same frames, positions and errors as in one go.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <zlib.h>

#include "feed/inspect.h"
#include "feed/synthetic.h"
#include "tests/feed/feed_support.h"
#include "tests/feed/resume_support.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

namespace fs = std::filesystem;
class Resume : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::temp_directory_path() /
           ("pinstripe-resume-" + std::to_string(::getpid()) + "-" + test->name());
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::string plain(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name, std::ios::binary) << text;
    return (dir_ / name).string();
  }
  /// `members` gzip members, one after the other, of about equal parts of the text.
  std::string gz(const std::string& name, const std::string& text, std::size_t members = 1) {
    const std::string path = (dir_ / name).string();
    const std::size_t part = text.size() / members + 1;
    for (std::size_t at = 0; at < text.size(); at += part) {
      gzFile f = gzopen(path.c_str(), at == 0 ? "wb" : "ab");
      const std::string piece = text.substr(at, part);
      gzwrite(f, piece.data(), static_cast<unsigned>(piece.size()));
      gzclose(f);
    }
    return path;
  }
  static OpenSource opens(std::vector<CaptureStream> streams) {
    return [streams] { return std::move(*open_captures(streams)); };
  }
  static OpenSource opens(const std::string& path) {
    return opens({{3, CaptureFormat::kBinanceRaw, {path}, 1'000}});
  }

  fs::path dir_;
};

/// Lines with empty ones, both line ends, a line without a time, times that run backwards.
std::string small_text(int first = 0) {
  std::string text;
  for (int i = first; i < first + 40; ++i) {
    const int time = i % 7 == 3 ? i - 2 : i;
    text += std::to_string(1'700'000'000'000'000 + time) + " {\"n\":" + std::to_string(i) + "}";
    text += i % 5 == 0 ? "\r\n" : i % 6 == 0 ? "\n\n" : "\n";
    if (i % 11 == 0) text += "rubbish " + std::to_string(i) + "\n";
  }
  return text;
}

/// Several MiB that compress to about a third.
std::string large_text() {
  std::string text;
  std::uint64_t x = 1;
  for (int i = 0; text.size() < (6u << 20); ++i) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    text += std::to_string(1'700'000'000'000'000 + i) + " {\"n\":" + std::to_string(x >> 30);
    text += "}\n";
  }
  return text;
}

TEST_F(Resume, PlainAndGzipFilesGoOnAtEveryFrame) {
  expect_resumes(opens(plain("a.txt", small_text())), 1);
  expect_resumes(opens(gz("a.gz", small_text())), 1);
  expect_resumes(opens(gz("members.gz", small_text(), 9)), 1);
  expect_resumes(opens(plain("no-end.txt", "1700000000000000 {}\n1700000000000001 {}")), 1);
}

TEST_F(Resume, LargeFilesGoOnInTheMiddleOfACompressedBlock) {
  expect_resumes(opens(plain("a.txt", large_text())), 9'973, 100);
  expect_resumes(opens(gz("a.gz", large_text())), 9'973, 100);
  expect_resumes(opens(gz("members.gz", large_text(), 11)), 9'973, 100);
}

TEST_F(Resume, JoinedAndMergedStreamsGoOn) {
  const auto one = gz("1.gz", small_text(0));
  const auto two = plain("2.txt", small_text(40));
  const auto other = plain("3.txt", small_text(20));
  expect_resumes(opens({{0, CaptureFormat::kBinanceRaw, {one, two}, 0},
                        {1, CaptureFormat::kBinanceRaw, {other}, 4'000}}), 1);
}

TEST_F(Resume, TardisRowsOfOneMessageStayTogether) {
  std::string book = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
  for (int i = 0; i < 60; ++i) {
    const std::string time = std::to_string(1'600'000'000'000'000 + i / 3);
    book += "binance-futures,BTCUSDT," + time + "," + time + ",false,bid,";
    book += std::to_string(100 + i) + ".5,1\n";
  }
  expect_resumes(opens({{0, CaptureFormat::kTardisBook, {gz("t.csv.gz", book, 4)}, 0}}), 1);
}

TEST_F(Resume, LimitsGoOnCounting) {
  const auto path = gz("a.gz", small_text());
  const auto limited = [&](std::uint64_t frames, std::int64_t span) {
    return [=] { return limit_source(opens(path)(), frames, span); };
  };
  expect_resumes(limited(17, 0), 1);
  expect_resumes(limited(0, 20'000), 1);
  expect_resumes(limited(9, 25'000), 1);
}

TEST_F(Resume, ErrorsComeAgainWhereTheyWere) {
  const std::string cut = gz("cut.gz", large_text());
  fs::resize_file(cut, fs::file_size(cut) / 2);
  expect_resumes(opens(cut), 9'973, 100);
  const std::string damaged = gz("damaged.gz", small_text());
  {
    std::fstream f(damaged, std::ios::in | std::ios::out | std::ios::binary);
    f.seekp(-8, std::ios::end);  // its check sum
    f.put('?');
  }
  expect_resumes(opens(damaged), 1);
  const auto source = opens(damaged)();
  while (source->peek() != nullptr) source->pop();
  EXPECT_NE(text_of(source->error()).find("incorrect data check"), std::string::npos);
  std::ofstream(gz("tail.gz", small_text()), std::ios::app) << "what gzip ignores";
  expect_resumes(opens((dir_ / "tail.gz").string()), 1);
}

TEST_F(Resume, LinesTooLongAreRefusedWhereverReadingBegan) {
  const std::string head = small_text();
  expect_resumes(opens(plain("a.txt", head + std::string(9u << 20, 'x') + "\n" + head)), 1);
  const std::size_t largest = 4u << 20;
  expect_resumes(opens(plain("b.txt", head + std::string(largest + 1, 'x') + "\n" + head)), 1);
  const auto fits = opens(plain("c.txt", head + std::string(largest, 'x') + "\n" + head));
  expect_resumes(fits, 20);
  const auto source = fits();
  while (source->peek() != nullptr) source->pop();
  EXPECT_EQ(text_of(source->error()), "no error");
}

TEST_F(Resume, ChangedFileIsRefusedByName) {
  const auto other = plain("other.txt", small_text());
  const auto path = plain("a.txt", small_text());
  const OpenSource open = opens({{0, CaptureFormat::kBinanceRaw, {other, path}, 0}});
  const auto state = saved(*open());
  const auto load = [&] {
    StateReader r{state};
    return open()->load(r);
  };
  ASSERT_TRUE(load().has_value());
  const auto changed = fs::last_write_time(path);
  fs::last_write_time(path, changed + std::chrono::nanoseconds(1'000'000));
  const auto touched = load();
  ASSERT_FALSE(touched.has_value());
  EXPECT_NE(touched.error().message.find("'" + path + "'"), std::string::npos)
      << touched.error().message;
  std::ofstream(path, std::ios::app) << "1700000000009000 {}\n";
  fs::last_write_time(path, changed);
  EXPECT_FALSE(load().has_value()) << "another size";
}

TEST_F(Resume, CutOrForeignStateIsRefused) {
  const OpenSource open = opens(gz("a.gz", large_text()));
  const auto source = open();
  for (int i = 0; i < 100'000; ++i) source->pop();
  const auto state = saved(*source);
  ASSERT_GT(state.size(), 32u * 1024) << "a window is kept";
  for (std::size_t size = 0; size < state.size(); size += size < 200 ? 1 : 4'001) {
    StateReader r{std::span(state).first(size)};
    EXPECT_FALSE(open()->load(r).has_value()) << size << " bytes";
  }
  StateReader r{state};
  EXPECT_FALSE(opens(plain("b.txt", small_text()))()->load(r).has_value());
}

TEST(ResumeSynthetic, MarketsGoOnAtEveryFrame) {
  SyntheticConfig config;
  config.duration_ns = 3 * kNsPerSecond;
  config.rate_per_s = 300;
  config.gap_at_s = 1;
  config.gap_resync_s = 0.5;
  config.jump_at_s = 1.5;
  config.burst_at_s = 2;
  config.burst_s = 0.1;
  expect_resumes([&] { return std::make_unique<SyntheticSource>(config); }, 1, 40);
  SyntheticConfig other = config;
  other.seed = 2;
  other.instrument = 1;
  expect_resumes([&] {
    std::vector<std::unique_ptr<FrameSource>> both;
    both.push_back(std::make_unique<SyntheticSource>(config));
    both.push_back(std::make_unique<SyntheticSource>(other));
    return merge_sources(std::move(both));
  }, 7, 40);
  const auto state = saved(SyntheticSource(config));
  StateReader r{state};
  EXPECT_FALSE(SyntheticSource(other).load(r).has_value()) << "another seed";
}

TEST(ResumeCaptures, EveryThousandthFrameOfARecording) {
  PINSTRIPE_NEED_DATA(one, capture_path("usdm_btcusdt_20230404"));
  PINSTRIPE_NEED_DATA(two, capture_path("usdm_btcusdt_20230405"));
  const auto info = inspect_captures({one, two}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  expect_resumes([&] { return std::move(*open_captures(info->streams)); }, 997, 20);
}

}  // namespace
}  // namespace pinstripe::feed_test
