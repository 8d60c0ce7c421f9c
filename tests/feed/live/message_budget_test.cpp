// Messages on a connection are the limiter's to grant, where the venue counts them by the second.
#include <gtest/gtest.h>

#include "tests/feed/live/live_market.h"

namespace pinstripe {
namespace {

std::int64_t realtime() {
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * kNsPerSecond + t.tv_nsec;
}

TEST(MessageBudget, NothingIsSentOnAConnectionWhoseSecondIsUsedUp) {
  VenueProcess venue(six_market_venue());
  HubOptions options;
  options.address = venue.address();
  options.ca_file = venue.ca_file();
  options.limits.shm_folder = options.limits.state_folder = venue.folder();
  const std::vector<Instrument> instruments{find_instrument("BINANCE_SPOT:BTCUSDT").value()};
  const std::vector<std::uint16_t> wanted{0};
  auto hub = MarketHub::open(instruments, wanted, options).value();
  ASSERT_TRUE(hub->await_open(10 * kNsPerSecond));
  std::string key;
  hub->each_link([&](const MarketLink& link, bool) { key = link.limits_key(); });
  const LimitCharge charges[] = {{{"BINANCE", LimitKind::kMessages, key}, 1}};
  auto limiter = Limiter::open(options.limits, realtime()).value();
  const std::int64_t begin_ns = realtime();
  const Grant all = limiter.request({.charges = charges, .priority = Priority::kCancel, .count = 5},
                                    begin_ns);
  ASSERT_EQ(all.count, 5u) << "five messages a second, and this one has sent none yet";
  hub->begin();
  const FeedFrame* frame = nullptr;
  for (const std::int64_t end = begin_ns + 20 * kNsPerSecond;
       frame == nullptr && realtime() < end;) {
    frame = hub->next();
  }
  ASSERT_NE(frame, nullptr) << "subscribed once the second was over";
  EXPECT_GE(frame->origin_ns.value - begin_ns, kNsPerSecond);
  hub->pop();
}

}  // namespace
}  // namespace pinstripe
