// Snapshots by REST: in what order, within which budget, and what is done with answers.
#include "feed/live/book_desk.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "shm/run/steady_time.h"
#include "tests/feed/live/venue_process.h"

namespace pinstripe {
namespace {

class BookDeskTest : public testing::Test {
 protected:
  BookDeskTest()
      : venue(nlohmann::json::parse(R"({"history_s": 5, "assets": [
            {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.1", "lot": "0.001"}],
            "fillers": {"count": 3, "markets": ["BINANCE", "BINANCE_USDM"]}})")),
        loop(net::Loop::open({}).value()),
        tls(net::TlsContext::open({venue.ca_file()}).value()),
        limiter(open_limiter()) {
    endpoint = net::resolve("127.0.0.1", port()).value();
  }
  std::uint16_t port() const {
    const std::string address = venue.address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  Limiter open_limiter() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    LimiterOptions options;
    options.shm_folder = options.state_folder = venue.folder();
    return Limiter::open(options, t.tv_sec * kNsPerSecond).value();
  }
  /// Snapshots in the order in which they come.
  std::vector<std::uint16_t> take(BookDesk& desk, std::size_t count) {
    std::vector<std::uint16_t> came;
    const std::int64_t end = net::Loop::now_ns() + 20 * kNsPerSecond;
    while (came.size() < count && net::Loop::now_ns() < end) {
      desk.on_time(net::Loop::now_ns());
      loop->wait(kNsPerMs);
      if (desk.ready() == nullptr) continue;
      came.push_back(desk.ready()->instrument);
      body = std::string(desk.ready()->body);
      desk.take();
    }
    return came;
  }

  VenueProcess venue;
  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::TlsContext> tls;
  Limiter limiter;
  net::Endpoint endpoint;
  std::string body;
};

TEST_F(BookDeskTest, WhatMoneyDependsOnComesFirstAndNothingTwice) {
  BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_USDM"), limiter, 100, 1 << 20);
  EXPECT_TRUE(desk.ask(0, "S000USDT", false));
  EXPECT_TRUE(desk.ask(1, "S001USDT", false));
  EXPECT_FALSE(desk.ask(1, "S001USDT", false)) << "it waits already";
  EXPECT_TRUE(desk.ask(2, "S002USDT", true));
  EXPECT_TRUE(desk.ask(3, "BTCUSDT", true));
  EXPECT_TRUE(desk.ask(1, "S001USDT", true)) << "has become urgent";
  EXPECT_EQ(desk.waiting(), 4u);
  EXPECT_EQ(take(desk, 4), (std::vector<std::uint16_t>{2, 3, 1, 0}));
  EXPECT_NE(body.find("lastUpdateId"), std::string::npos);
  EXPECT_EQ(desk.counts().requests, 4u);
  EXPECT_EQ(desk.counts().answers, 4u);
  EXPECT_EQ(desk.expected_ns(), 0);
}

TEST_F(BookDeskTest, AnOpenCircuitIsToldWithItsCause) {
  BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_USDM"), limiter, 100, 1 << 20);
  VenueAnswer failed{"BINANCE_USDM", AnswerKind::kFailed, steady_realtime_ns()};
  failed.failure = FailureCause::kNotReached;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(limiter.answer(failed, steady_realtime_ns()));
  desk.ask(0, "BTCUSDT", true);
  desk.on_time(net::Loop::now_ns());
  EXPECT_EQ(desk.waiting(), 1u);
  EXPECT_TRUE(desk.last_text().starts_with("the limiter: circuit open until 2"))
      << desk.last_text();
  EXPECT_TRUE(desk.last_text().ends_with("UTC, last failure: connection refused, or no way there"))
      << desk.last_text();
  EXPECT_EQ(take(desk, 1).size(), 1u) << "a second later it is asked";
}

TEST_F(BookDeskTest, NobodyAtAGivenAddressIsNoFailureOfTheVenue) {
  endpoint = net::resolve("127.0.0.1", 1).value();
  for (const bool is_given : {true, false}) {
    endpoint.is_given = is_given;
    BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_USDM"), limiter, 100, 1 << 20);
    desk.ask(0, "BTCUSDT", true);
    const std::int64_t end = net::Loop::now_ns() + 10 * kNsPerSecond;
    while (desk.counts().failures == 0 && net::Loop::now_ns() < end) {
      desk.on_time(net::Loop::now_ns());
      loop->wait(kNsPerMs);
    }
    ASSERT_EQ(desk.counts().failures, 1u);
    LimiterOptions options;
    options.shm_folder = options.state_folder = venue.folder();
    const auto state = read_limit_state(options, steady_realtime_ns());
    EXPECT_EQ((*state)->gates[0].failures, is_given ? 0u : 1u);
  }
}

TEST_F(BookDeskTest, OpenInterestIsAskedForInTurnWhileNoSnapshotWaits) {
  BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_USDM"), limiter, 100, 1 << 20);
  desk.watch_interest(0, "S000USDT");
  desk.watch_interest(1, "S001USDT");
  desk.watch_interest(2, "BTCUSDT");
  desk.ask(7, "S002USDT", false);
  desk.ask(8, "S002USDT", false);
  EXPECT_EQ(take(desk, 5), (std::vector<std::uint16_t>{7, 8, 0, 1, 2}));
  EXPECT_NE(body.find("\"openInterest\""), std::string::npos) << body;
  EXPECT_EQ(desk.counts().requests, 2u) << "of snapshots";
  EXPECT_EQ(desk.counts().interests, 3u);
  for (int i = 0; i < 1'000; ++i) {
    desk.on_time(net::Loop::now_ns());
    loop->wait(kNsPerMs);
    ASSERT_EQ(desk.ready(), nullptr) << "each was asked for within the last minute";
  }
  EXPECT_EQ(desk.counts().failures, 0u);
}

TEST_F(BookDeskTest, ABookDoesNotWaitForAnOpenInterestThatDoesNotCome) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // accepts, says nothing
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(silent, 8), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&at), &size), 0);
  const auto nobody = net::resolve("127.0.0.1", ntohs(at.sin_port)).value();
  BookDesk desk(*loop, *tls, nobody, *market_rules("BINANCE_USDM"), limiter, 100, 1 << 20);
  desk.watch_interest(0, "BTCUSDT");
  desk.on_time(net::Loop::now_ns());
  desk.ask(0, "BTCUSDT", true);
  EXPECT_EQ(desk.waiting(), 1u);
  for (int i = 0; i < 3'000 && desk.waiting() != 0; ++i) {
    desk.on_time(net::Loop::now_ns());
    loop->wait(kNsPerMs);
  }
  EXPECT_EQ(desk.counts().requests, 1u) << "long before the ten seconds of a request are over";
  EXPECT_EQ(desk.counts().failures, 1u);
  ::close(silent);
}

TEST_F(BookDeskTest, OfSpotThereIsNoOpenInterest) {
  BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_SPOT"), limiter, 100, 1 << 20);
  desk.watch_interest(0, "BTCUSDT");
  desk.ask(1, "BTCUSDT", false);
  EXPECT_EQ(take(desk, 1), (std::vector<std::uint16_t>{1}));
  for (int i = 0; i < 500; ++i) {
    desk.on_time(net::Loop::now_ns());
    loop->wait(kNsPerMs);
    ASSERT_EQ(desk.ready(), nullptr);
  }
}

TEST_F(BookDeskTest, AsksTheVenueNoMoreThanItsMinuteHolds) {
  // 2,400 weight a minute, 120 of it kept for cancels; a snapshot of 1,000 levels weighs 20.
  BookDesk desk(*loop, *tls, endpoint, *market_rules("BINANCE_USDM"), limiter, 1'000, 1 << 20);
  std::uint64_t before = 0;
  for (int minute_turns = 0; minute_turns < 3; ++minute_turns) {
    before = desk.counts().requests;
    for (std::uint16_t i = 0; i < 300; ++i) desk.ask(i, "S000USDT", false);
    EXPECT_GT(desk.expected_ns(), 60 * kNsPerSecond) << "300 need more than two minutes";
    const std::size_t came = take(desk, 114).size();
    if (came == 114) break;  // else a minute's border lay in between
  }
  for (int i = 0; i < 50; ++i) {
    desk.on_time(net::Loop::now_ns());
    loop->wait(kNsPerMs);
  }
  EXPECT_LE(desk.counts().requests - before, 2 * 114u);
  EXPECT_GT(desk.counts().waits, 0u) << "the limiter holds the rest back";
  EXPECT_EQ(desk.counts().failures, 0u) << "the exchange never had to refuse";
}

}  // namespace
}  // namespace pinstripe
