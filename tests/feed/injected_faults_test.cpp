// Real captures with faults put in: what is broken is counted exactly, and the book comes back.
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "feed/inspect.h"
#include "tests/feed/feed_support.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

struct Line {
  std::int64_t origin_ns;
  std::string bytes;
  bool is_depth;
};

struct Tape {
  std::vector<Line> lines;
  std::vector<std::size_t> depths;  // indices
  FeedConfig config;
};

Tape load(const std::string& path, std::size_t lines_max) {
  Tape tape;
  const auto info = inspect_captures({path}, {});
  EXPECT_TRUE(info.has_value());
  tape.config.instruments = info->instruments;
  auto source = limit_source(std::move(*open_captures(info->streams)), lines_max, 0);
  while (const FeedFrame* f = source->peek()) {
    const bool is_depth = f->bytes.find("depthUpdate") != std::string_view::npos;
    if (is_depth) tape.depths.push_back(tape.lines.size());
    tape.lines.push_back({f->origin_ns.value, std::string(f->bytes), is_depth});
    source->pop();
  }
  return tape;
}

/// Plays the lines; checks on the way that a reader's messages are well formed.
void play(Rig& rig, const std::vector<Line>& lines) {
  std::int64_t last = 0;
  for (const Line& l : lines) {
    last = std::max(last, l.origin_ns);
    while (rig.sut.next_due() <= TimeNs(last)) rig.tick(rig.sut.next_due());
    rig.send(TimeNs(last), l.bytes);
    for (unsigned port = 0; port < 3; ++port) {
      const MarketEvent* newest = nullptr;
      for (const Entry& e : rig.out.entries) {
        if (e.port == port) newest = &e.message;
      }
      ASSERT_TRUE(newest == nullptr || newest->ends_update());
    }
    rig.out.entries.clear();
  }
}

class Faults : public testing::TestWithParam<std::string> {};

TEST_P(Faults, RemovedUpdatesAreCountedAsGapsAndTheBookComesBack) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  Tape tape = load(path, 25'000);
  // One in a thousand, at least three, drawn from the first half so that there is time to recover.
  std::set<std::size_t> gone;
  const std::size_t wanted = std::max<std::size_t>(3, tape.depths.size() / 1'000);
  for (std::uint64_t n = 0; gone.size() < wanted; ++n) {
    const std::size_t k = 100 + random_draw(42, 1, n, 0) % (tape.depths.size() / 2);
    gone.insert(k);
  }
  std::size_t breaks = 0;
  for (const std::size_t k : gone) breaks += !gone.contains(k - 1);
  std::vector<Line> lines;
  std::set<std::size_t> gone_lines;
  for (const std::size_t k : gone) gone_lines.insert(tape.depths[k]);
  for (std::size_t i = 0; i < tape.lines.size(); ++i) {
    if (!gone_lines.contains(i)) lines.push_back(tape.lines[i]);
  }
  Rig rig(tape.config);
  play(rig, lines);
  EXPECT_EQ(rig.count("gaps"), static_cast<std::int64_t>(breaks));
  EXPECT_EQ(rig.count("crossed"), 0);
  EXPECT_EQ(rig.state(), BookState::kValid);
}

TEST_P(Faults, RepeatedUpdatesChangeNothing) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  Tape tape = load(path, 6'000);
  std::vector<Line> lines;
  std::int64_t repeated = 0;
  for (const Line& l : tape.lines) {
    lines.push_back(l);
    if (l.is_depth && lines.size() % 50 == 0) {
      lines.push_back(l);
      ++repeated;
    }
  }
  Rig plain(tape.config);
  Rig rig(tape.config);
  play(plain, tape.lines);
  play(rig, lines);
  EXPECT_EQ(rig.count("duplicates"), repeated);
  EXPECT_EQ(rig.count("gaps"), 0);
  EXPECT_EQ(rig.state(), plain.state());
  const std::string id = tape.config.instruments[0].id;
  EXPECT_EQ(rig.count(id + ".bid_levels"), plain.count(id + ".bid_levels"));
}

TEST_P(Faults, SwappedUpdatesAreAGapAndAnOldUpdate) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  Tape tape = load(path, 6'000);
  const std::size_t a = tape.depths[tape.depths.size() / 2];
  const std::size_t b = tape.depths[tape.depths.size() / 2 + 1];
  std::swap(tape.lines[a].bytes, tape.lines[b].bytes);
  Rig rig(tape.config);
  play(rig, tape.lines);
  EXPECT_EQ(rig.count("gaps"), 1);
  EXPECT_EQ(rig.count("out_of_order"), 1);
}

TEST_P(Faults, StateSavedInTheMiddleContinuesWithTheSameMessages) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  Tape tape = load(path, 4'000);
  Rig whole(tape.config);
  Rig first(tape.config);
  Rig second(tape.config);
  const std::size_t cut = 2'000;
  const std::vector<Line> head(tape.lines.begin(), tape.lines.begin() + cut);
  const std::vector<Line> tail(tape.lines.begin() + cut, tape.lines.end());
  play(whole, head);
  play(first, head);
  StateWriter size;
  first.sut.save(size);
  std::vector<std::byte> memory(size.size());
  StateWriter writer{std::span<std::byte>(memory)};
  first.sut.save(writer);
  StateReader reader{std::span<const std::byte>(memory)};
  ASSERT_TRUE(second.sut.load(reader).has_value());
  EXPECT_TRUE(reader.exhausted());
  ASSERT_EQ(second.sut.state_hash(), whole.sut.state_hash());
  for (const Line& l : tail) {
    whole.send(TimeNs(l.origin_ns), l.bytes);
    second.send(TimeNs(l.origin_ns), l.bytes);
    ASSERT_EQ(whole.out.entries.size(), second.out.entries.size());
    for (std::size_t i = 0; i < whole.out.entries.size(); ++i) {
      ASSERT_EQ(std::memcmp(&whole.out.entries[i].message, &second.out.entries[i].message,
                            sizeof(MarketEvent)),
                0);
    }
    whole.out.entries.clear();
    second.out.entries.clear();
  }
  EXPECT_EQ(second.sut.state_hash(), whole.sut.state_hash());
}

INSTANTIATE_TEST_SUITE_P(Some, Faults,
                         testing::Values("usdm_btcusdt_20240808", "spot_btcusdt_20240808",
                                         "cm_btcusd_perp_20240808", "usdm_btcusdt_20230405"),
                         [](const auto& param_info) { return param_info.param; });

TEST(Checkpoints, OfAnotherSessionAreRefused) {
  FeedConfig two = Rig::config_of("BINANCE_USDM:BTCUSDT");
  two.instruments.push_back(instrument("BINANCE_USDM:ETHUSDT"));
  Rig one("BINANCE_USDM:BTCUSDT");
  Rig other(two);
  StateWriter size;
  one.sut.save(size);
  std::vector<std::byte> memory(size.size());
  StateWriter writer{std::span<std::byte>(memory)};
  one.sut.save(writer);
  StateReader reader{std::span<const std::byte>(memory)};
  EXPECT_FALSE(other.sut.load(reader).has_value());
  StateReader cut{std::span<const std::byte>(memory).first(memory.size() / 2)};
  EXPECT_FALSE(one.sut.load(cut).has_value());
}

}  // namespace
}  // namespace pinstripe::feed_test
