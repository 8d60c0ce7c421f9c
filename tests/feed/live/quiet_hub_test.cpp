// Once its connections are open, a hub moves messages without an allocation.
#include <gtest/gtest.h>

#include <numeric>

#include "shm/run/sealed_heap.h"
#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

TEST(QuietHub, MovesMessagesWithoutAllocating) {
  if (!heap_can_be_sealed()) GTEST_SKIP() << "sanitizers bring their own heap";
  VenueProcess venue(nlohmann::json::parse(R"({"history_s": 30, "assets": [
      {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.1", "lot": "0.001",
       "rate_per_s": 100}]})"));
  LiveMarket market(venue, {"BINANCE_USDM:BTCUSDT", "BYBIT_LINEAR:BTCUSDT", "OKX:BTC-USDT"});
  ASSERT_EQ(market.error, "");
  ASSERT_TRUE(market.run(20, [&] { return market.all_valid(); }));
  market.run(2);
  const auto drain = [&](std::uint64_t frames) {
    const std::int64_t end = net::Loop::now_ns() + 20 * kNsPerSecond;
    for (std::uint64_t n = 0; n < frames && net::Loop::now_ns() < end;) {
      if (market.hub->next() == nullptr) continue;
      market.hub->pop();
      ++n;
    }
  };
  drain(50);
  seal_heap();
  const std::uint64_t sealed = allocations_after_seal(), passed = allocations_let_pass();
  drain(500);
  unseal_heap();
  EXPECT_EQ(allocations_after_seal(), sealed);
  EXPECT_EQ(allocations_let_pass(), passed) << "under the pass either: nothing opened or ended";
}

}  // namespace
}  // namespace pinstripe
