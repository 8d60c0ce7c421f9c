// The whole feed over every recorded capture: no fault, and the depth book equal to every ticker
// with the same id.
#include <gtest/gtest.h>

#include "feed/inspect.h"
#include "tests/feed/feed_support.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

/// Drops what it gets: these tests look at the counters.
struct DropSink {
  MarketEvent scratch;
  MarketEvent& claim(unsigned) noexcept { return scratch; }
  void commit(unsigned) noexcept { ++count; }
  std::int64_t count = 0;
};

class Captures : public testing::TestWithParam<std::string> {};

TEST_P(Captures, DecodeWithoutFaultAndAgreeWithEveryTickerOfTheSameId) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  const auto info = inspect_captures({path}, {});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  auto source = open_captures(info->streams);
  ASSERT_TRUE(source.has_value());
  FeedConfig config;
  config.instruments = info->instruments;
  FeedStage sut(config);
  DropSink sink;
  TimeNs last;
  while (const FeedFrame* f = (*source)->peek()) {
    EXPECT_GE(f->origin_ns, last);
    last = f->origin_ns;
    while (sut.next_due() <= last) sut.on_event(sut.next_due(), FeedInput::timer(), sink);
    sut.on_event(f->origin_ns, FeedInput::frame(*f), sink);
    while (sut.more()) sut.on_event(f->origin_ns, FeedInput::continued(), sink);
    (*source)->pop();
  }
  EXPECT_FALSE((*source)->error().has_value());
  for (const char* none : {"bad_lines", "gaps", "duplicates", "out_of_order", "crossed",
                           "ticker_mismatches", "levels_dropped", "clock_ahead", "trade_holes",
                           "trade_duplicates", "snapshots_refused", "other"}) {
    EXPECT_EQ(counter(sut, none), 0) << none;
  }
  EXPECT_EQ(counter(sut, info->instruments[0].id + ".book_state"),
            static_cast<std::int64_t>(BookState::kValid));
  EXPECT_GT(counter(sut, "ticker_matches"), 50);
  EXPECT_EQ(counter(sut, "events"), info->events);
}

INSTANTIATE_TEST_SUITE_P(All, Captures, testing::ValuesIn(captures()),
                         [](const auto& param_info) { return param_info.param; });

}  // namespace
}  // namespace pinstripe::feed_test
