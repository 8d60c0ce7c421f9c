// The stage allocates nothing once it is built: every allocation of this program is counted here.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "feed/inspect.h"
#include "feed/synthetic.h"
#include "tests/feed/feed_support.h"
#include "tests/support/data.h"

namespace {
std::atomic<long> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
// GCC sees new and free as a mismatch, although this new is malloc.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }

namespace pinstripe::feed_test {
namespace {

/// Plays a whole source; gives the allocations made meanwhile, by source and stage together.
long allocations_of(FrameSource& source, FeedStage& sut) {
  NullSink<MarketEvent> sink;
  const long before = allocations.load();
  while (const FeedFrame* f = source.peek()) {
    while (sut.next_due() <= f->origin_ns) sut.on_event(sut.next_due(), FeedInput::timer(), sink);
    sut.on_event(f->origin_ns, FeedInput::frame(*f), sink);
    while (sut.more()) sut.on_event(f->origin_ns, FeedInput::continued(), sink);
    source.pop();
  }
  return allocations.load() - before;
}

TEST(Allocations, NoneOverACapture) {
  PINSTRIPE_NEED_DATA(path, capture_path("spot_btcusdt_20240808"));
  const auto info = inspect_captures({path}, {});
  auto source = open_captures(info->streams);
  FeedConfig config;
  config.instruments = info->instruments;
  FeedStage sut(config);
  EXPECT_EQ(allocations_of(**source, sut), 0);
}

TEST(Allocations, NoneOverRecordingsOfBybitAndOkx) {
  for (const char* name : {"ws_raw/bybit_v5_linear_20260809.jsonl.zst",
                           "ws_raw/okx_v5_books_20220513.jsonl.zst"}) {
    PINSTRIPE_NEED_DATA(path, name);
    const auto info = inspect_captures({path}, {});
    auto source = open_captures(info->streams);
    FeedConfig config;
    config.instruments = info->instruments;
    FeedStage sut(config);
    EXPECT_EQ(allocations_of(**source, sut), 0) << name;
  }
}

TEST(Allocations, NoneOverTheSyntheticMarketWithItsEvents) {
  SyntheticConfig c;
  c.duration_ns = 10 * kNsPerSecond;
  c.gap_at_s = 3;
  c.jump_at_s = 5;
  SyntheticSource source(c);
  FeedConfig config;
  config.instruments.push_back(synthetic_instrument());
  FeedStage sut(config);
  EXPECT_EQ(allocations_of(source, sut), 0);
}

}  // namespace
}  // namespace pinstripe::feed_test
