// The planned end of streams: what each venue says before it, and the end itself.
#include "tools/venue/connection_life.h"

#include <gtest/gtest.h>

#include "tests/tools/venue/venue_bench.h"
#include "tools/venue/binance.h"
#include "tools/venue/bybit.h"
#include "tools/venue/okx.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

/// Ticks the protocol at these times after the stream was opened.
void tick_at(VenueProtocol& sut, const VenueBench& bench, std::int64_t after_ms) {
  sut.tick(bench.now + after_ms);
}

TEST(ConnectionLife, TellsOnceAndEndsOnce) {
  ConnectionLife sut;
  sut.set(1'000);
  KeptPeer peer("/ws");
  sut.opened(peer, 0);
  int told = 0;
  const auto tell = [&](StreamPeer&) { ++told; };
  sut.tick(899, 100, tell);
  EXPECT_EQ(told, 0);
  sut.tick(900, 100, tell);
  sut.tick(950, 100, tell);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(peer.closed_with, 0u);
  sut.tick(1'000, 100, tell);
  EXPECT_EQ(peer.closed_with, 1001u);
  peer.closed_with = 0;
  sut.tick(1'001, 100, tell);
  EXPECT_EQ(peer.closed_with, 0u);
}

TEST(ConnectionLife, AShortLifeIsToldHalfwayAndOneOfZeroNeverEnds) {
  ConnectionLife sut;
  KeptPeer endless("/ws");
  sut.opened(endless, 0);
  sut.set(1'000);
  KeptPeer brief("/ws");
  sut.opened(brief, 0);
  std::vector<StreamPeer*> told;
  sut.tick(500, 600'000, [&](StreamPeer& peer) { told.push_back(&peer); });
  EXPECT_EQ(told, std::vector<StreamPeer*>{&brief});
  sut.tick(kDayMs * 365, 600'000, [&](StreamPeer& peer) { told.push_back(&peer); });
  EXPECT_EQ(endless.closed_with, 0u);
  EXPECT_EQ(brief.closed_with, 1001u);
}

TEST(ConnectionLife, BinanceSpotSaysServerShutdownTenMinutesBeforeAndFuturesSayNothing) {
  for (const bool spot : {true, false}) {
    VenueBench bench;
    BinanceProtocol sut(*bench.engine,
                        spot ? ListingMarket::kBinance : ListingMarket::kBinanceUsdm, true);
    sut.life.set(kDayMs);
    KeptPeer raw(spot ? "/ws" : "/public/ws");
    KeptPeer combined(spot ? "/stream" : "/public/stream");
    sut.opened(raw, bench.now);
    sut.opened(combined, bench.now);
    tick_at(sut, bench, kDayMs - 600'001);
    EXPECT_TRUE(raw.replies.empty() && combined.replies.empty());
    tick_at(sut, bench, kDayMs - 600'000);
    if (spot) {
      ASSERT_EQ(raw.replies.size(), 1u);
      EXPECT_EQ(Json::parse(raw.replies[0])["e"], "serverShutdown");
      EXPECT_EQ(Json::parse(combined.replies.at(0))["stream"], "!serverShutdown");
      EXPECT_EQ(Json::parse(combined.replies[0])["data"]["e"], "serverShutdown");
    } else {
      EXPECT_TRUE(raw.replies.empty() && combined.replies.empty());
    }
    EXPECT_EQ(raw.closed_with, 0u);
    tick_at(sut, bench, kDayMs);
    EXPECT_EQ(raw.closed_with, 1001u);
    EXPECT_EQ(combined.closed_with, 1001u);
  }
}

TEST(ConnectionLife, OkxNoticesThePublicStreamHalfAMinuteBefore) {
  VenueBench bench;
  FaultBoard faults;
  OkxProtocol sut(*bench.engine, faults, true, false);
  sut.life.set(kDayMs);
  KeptPeer open("/ws/v5/public");
  KeptPeer business("/ws/v5/business");
  sut.opened(open, bench.now);
  sut.opened(business, bench.now);
  tick_at(sut, bench, kDayMs - 30'000);
  ASSERT_EQ(open.replies.size(), 1u);
  EXPECT_EQ(Json::parse(open.replies[0])["event"], "notice");
  EXPECT_EQ(Json::parse(open.replies[0])["code"], "64008");
  EXPECT_TRUE(business.replies.empty());
  tick_at(sut, bench, kDayMs);
  EXPECT_EQ(open.closed_with, 1001u);
  EXPECT_EQ(business.closed_with, 1001u);
}

TEST(ConnectionLife, BybitPlansNoEnd) {
  VenueBench bench;
  BybitProtocol sut(*bench.engine, true);
  sut.life.set(kDayMs);
  KeptPeer peer("/v5/public/spot");
  sut.opened(peer, bench.now);
  tick_at(sut, bench, kDayMs * 2);
  EXPECT_EQ(peer.closed_with, 0u);
}

/// So many attempts pass within the window, one more is refused, and it passes after the window.
void expect_attempts(VenueProtocol& sut, int most, std::int64_t window_ms, unsigned status) {
  for (int i = 0; i < most; ++i) {
    ASSERT_FALSE(sut.refuse_stream("127.0.0.1", 1'000).has_value()) << i;
  }
  const auto refused = sut.refuse_stream("127.0.0.1", 1'000 + window_ms - 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, status);
  EXPECT_FALSE(sut.refuse_stream("127.0.0.2", 1'000 + window_ms - 1).has_value());
  EXPECT_FALSE(sut.refuse_stream("127.0.0.1", 1'000 + window_ms).has_value());
}

TEST(StreamAttempts, EachVenueRefusesMoreThanItAllowsAnAddress) {
  VenueBench bench;
  FaultBoard faults;
  BinanceProtocol spot(*bench.engine, ListingMarket::kBinance, true);
  expect_attempts(spot, 300, 300'000, 429);
  BybitProtocol bybit(*bench.engine, true);
  expect_attempts(bybit, 500, 300'000, 403);
  OkxProtocol okx(*bench.engine, faults, true, false);
  expect_attempts(okx, 3, 1'000, 429);
}

TEST(StreamAttempts, WithoutLimitsNoneIsRefused) {
  VenueBench bench;
  FaultBoard faults;
  OkxProtocol sut(*bench.engine, faults, false, false);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(sut.refuse_stream("127.0.0.1", 0).has_value());
}

}  // namespace
}  // namespace pinstripe::venue
