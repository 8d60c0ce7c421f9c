// REST against the simulated exchange: answers, limits, faults, and everything that is not there.
#include "tools/rest/venue_rest.h"

#include <sys/socket.h>
#include <netinet/in.h>

#include "tests/tools/rest/venue_support.h"

namespace pinstripe {
namespace {

using VenueRestTest = VenueTest;

constexpr const char* kTimes[][2] = {
    {"BINANCE_SPOT", "/api/v3/time"},    {"BINANCE_USDM", "/fapi/v1/time"},
    {"BYBIT", "/v5/market/time"},        {"BYBIT_LINEAR", "/v5/market/time"},
    {"OKX", "/api/v5/public/time"},      {"OKX_SWAP", "/api/v5/public/time"}};

TEST_F(VenueRestTest, EveryVenueAnswersUnderItsOwnHostName) {
  start_venue();
  VenueRest sut = rest();
  for (const auto& [venue, target] : kTimes) {
    const auto body = sut.get(venue, target, 1, Priority::kResync);
    ASSERT_TRUE(body.has_value()) << body.error().message;
    EXPECT_TRUE(nlohmann::json::parse(*body).is_object());
  }
  EXPECT_EQ(sut.requests(), std::size(kTimes));
  EXPECT_GE(sut.answered_ns(), sut.sent_ns());
}

TEST_F(VenueRestTest, ARefusalIsToldInTheVenuesOwnWords) {
  start_venue();
  VenueRest sut = rest();
  const auto binance = sut.get("BINANCE_USDM", "/fapi/v1/klines?symbol=NOPE&interval=1m", 1,
                               Priority::kResync);
  ASSERT_FALSE(binance.has_value());
  EXPECT_NE(binance.error().message.find("HTTP 400, code -1121: Invalid symbol."),
            std::string::npos) << binance.error().message;
  EXPECT_NE(binance.error().message.find("fapi.binance.com/fapi/v1/klines"), std::string::npos);
  const auto bybit = sut.get("BYBIT", "/v5/market/kline?category=spot&symbol=NOPE&interval=1", 1,
                             Priority::kResync);
  ASSERT_FALSE(bybit.has_value());
  EXPECT_NE(bybit.error().message.find("code 10001"), std::string::npos) << bybit.error().message;
  const auto okx = sut.get("OKX", "/api/v5/market/candles?instId=NOPE", 1, Priority::kResync);
  ASSERT_FALSE(okx.has_value());
  EXPECT_NE(okx.error().message.find("code 51001"), std::string::npos) << okx.error().message;
  EXPECT_EQ(sut.requests(), 3u) << "a refusal by name is not asked again";
  const auto nowhere = sut.get("KRAKEN", "/", 1, Priority::kResync);
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_NE(nowhere.error().message.find("BINANCE_SPOT"), std::string::npos);
}

TEST_F(VenueRestTest, AFailingServerIsAskedAgainAndThenGood) {
  start_venue();
  VenueRest sut = rest({.again_first_ns = 200 * kNsPerMs});
  fault(R"({"fault": "server_error", "venue": "okx", "for_ms": 300})");
  const auto body = sut.get("OKX", "/api/v5/public/time", 1, Priority::kResync);
  EXPECT_TRUE(body.has_value()) << body.error().message;
  EXPECT_GT(sut.requests(), 1u);
}

TEST_F(VenueRestTest, AServerThatGoesOnFailingIsGivenUp) {
  start_venue();
  VenueRest sut = rest({.again_first_ns = kNsPerMs});
  fault(R"({"fault": "server_error", "venue": "binance", "for_ms": 60000})");
  const auto body = sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(sut.requests(), 4u);
  EXPECT_NE(body.error().message.find("HTTP 503"), std::string::npos) << body.error().message;
  EXPECT_NE(body.error().message.find("tried 4 times"), std::string::npos);
}

TEST_F(VenueRestTest, TooManyIsWaitedForAsLongAsTheVenueSays) {
  start_venue();
  VenueRest sut = rest();
  fault(R"({"fault": "too_many", "venue": "bybit", "for_ms": 500})");
  const std::int64_t before = sut.now_ns();
  const auto body = sut.get("BYBIT", "/v5/market/time", 1, Priority::kResync);
  ASSERT_TRUE(body.has_value()) << body.error().message;
  EXPECT_EQ(sut.requests(), 2u) << "it says to come again after 2 s, and the fault is over then";
  EXPECT_GE(sut.now_ns() - before, 2 * kNsPerSecond);
}

TEST_F(VenueRestTest, AnImpatientCallerIsToldWhenInsteadOfWaiting) {
  start_venue();
  VenueRest sut = rest({.patience_ns = kNsPerSecond});
  fault(R"({"fault": "too_many", "venue": "binance", "for_ms": 500})");
  const auto body = sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync);
  ASSERT_FALSE(body.has_value());
  EXPECT_NE(body.error().message.find("must not be asked before 2"), std::string::npos)
      << body.error().message;
}

TEST_F(VenueRestTest, ABanIsAFullStopWithItsEndAndIsKnownToTheNextProcess) {
  start_venue();
  VenueRest sut = rest();
  fault(R"({"fault": "banned", "venue": "binance_usdm", "for_ms": 60000})");
  const auto body = sut.get("BINANCE_USDM", "/fapi/v1/time", 1, Priority::kResync);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(sut.requests(), 1u);
  EXPECT_NE(body.error().message.find("BINANCE_USDM has banned this machine until 2"),
            std::string::npos) << body.error().message;
  VenueRest next = rest();
  EXPECT_FALSE(next.get("BINANCE_USDM", "/fapi/v1/time", 1, Priority::kResync).has_value());
  EXPECT_EQ(next.requests(), 0u) << "nothing is sent into a ban";
  EXPECT_TRUE(next.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync).has_value())
      << "it is that venue's alone";
  const nlohmann::json limits = run({"limits", "--json"}).json();
  EXPECT_TRUE(limits["venues"].empty()) << "a simulated exchange is counted apart";
  // The error names the command that works for this exchange.
  const std::string verb = "pinstripe limits --address " + target_.address;
  EXPECT_NE(body.error().message.find("'" + verb + " --clear-ban BINANCE_USDM'"),
            std::string::npos) << body.error().message;
  const auto here = run({"limits", "--address", target_.address, "--json"});
  EXPECT_EQ(here.json()["venues"][0]["cause"], 418) << here.out;
  const auto elsewhere = run({"limits", "--address", "127.0.0.1:1", "--json"});
  EXPECT_TRUE(elsewhere.json()["venues"].empty()) << "each address is counted by itself";
  EXPECT_EQ(run({"limits", "--address", "127.0.0.1:1", "--clear-ban", "BINANCE_USDM"}).exit, 2);
  fault(R"({"fault": "none"})");
  const auto cleared =
      run({"limits", "--address", target_.address, "--clear-ban", "BINANCE_USDM", "--json"});
  EXPECT_EQ(cleared.exit, 0) << cleared.err;
  EXPECT_TRUE(cleared.json()["venues"][0]["ban_until_ns"].is_null());
}

TEST_F(VenueRestTest, TheWeightThatTheVenueCountsIsTakenOver) {
  start_venue();
  PlainClient other = control();  // another program behind the same address
  for (int i = 0; i < 20; ++i) other.ask("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000");
  VenueRest sut = rest();
  ASSERT_TRUE(sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync).has_value());
  auto options = rest_limiter_options(target_);
  const auto state = read_limit_state(*options, sut.now_ns());
  ASSERT_TRUE(state.has_value()) << state.error().message;
  std::uint64_t used = 0;
  for (const LimitBucket& b : (*state)->buckets) {
    if (b.window_ns != 60 * kNsPerSecond) continue;
    LimitBucket copy = b;
    used = std::max(used, WindowCount(copy.window, copy.shape()).used(sut.now_ns()));
  }
  // 5,001 counted by the venue; 0 or a few where a minute of the clock has ended in between.
  EXPECT_TRUE(used >= 5'001 || used < 100) << used;
}

TEST_F(VenueRestTest, AWrongCertificateIsRefusedAndNotTriedAgain) {
  for (const char* wrong : {"other_host", "expired", "untrusted"}) {
    start_venue(std::string("\"certificate\": \"") + wrong + "\", ");
    VenueRest sut = rest();
    const auto body = sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync);
    ASSERT_FALSE(body.has_value()) << wrong;
    EXPECT_EQ(sut.requests(), 1u) << wrong;
    EXPECT_NE(body.error().message.find("the certificate is refused"), std::string::npos)
        << body.error().message;
    EXPECT_NE(body.error().message.find("live.ca_file"), std::string::npos);
    kill(venue_.pid, SIGTERM);
    wait(venue_);
  }
}

TEST_F(VenueRestTest, WrongAddressesAndCertificatesTakeNothingFromOtherProcesses) {
  start_venue(R"("certificate": "expired", )");
  VenueRest sut = rest({.again_first_ns = kNsPerMs});
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync).has_value());
  }
  EXPECT_EQ(sut.requests(), 6u) << "no circuit opened: each was sent";
  kill(venue_.pid, SIGKILL);
  wait(venue_);
  for (int i = 0; i < 3; ++i) {  // four tries each
    EXPECT_FALSE(sut.get("BINANCE_SPOT", "/api/v3/time", 1, Priority::kResync).has_value());
  }
  const auto state = read_limit_state(limits_at(target_.address), sut.now_ns());
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ((*state)->gates[0].failures, 0u);
  EXPECT_EQ((*state)->gates[0].circuit, Circuit::kClosed);
}

TEST_F(VenueRestTest, WhereNobodyListensTheErrorSaysWhatToLookAt) {
  start_venue();
  kill(venue_.pid, SIGKILL);
  wait(venue_);
  VenueRest sut = rest({.again_first_ns = kNsPerMs});
  const auto body = sut.get("OKX_SWAP", "/api/v5/public/time", 1, Priority::kResync);
  ASSERT_FALSE(body.has_value());
  EXPECT_NE(body.error().message.find("Connection refused"), std::string::npos)
      << body.error().message;
  EXPECT_NE(body.error().message.find("is it running?"), std::string::npos);
}

TEST_F(VenueRestTest, WrongTargetsAreRefusedByName) {
  const auto no_ca = VenueRest::open({"127.0.0.1:1", (folder_ / "none.pem").string()});
  ASSERT_FALSE(no_ca.has_value());
  EXPECT_NE(no_ca.error().message.find("none.pem': No such file"), std::string::npos)
      << no_ca.error().message;
  for (const char* address : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:x", ":443"}) {
    target_ = {address, ""};
    const auto body = rest().get("OKX", "/api/v5/public/time", 1, Priority::kResync);
    ASSERT_FALSE(body.has_value()) << address;
    EXPECT_NE(body.error().message.find("live.address is '" + std::string(address)),
              std::string::npos) << body.error().message;
    EXPECT_EQ(body.error().exit, Exit::kUsage);
  }
  target_ = {"no-such-host.invalid:443", ""};
  const auto body = rest().get("OKX", "/api/v5/public/time", 1, Priority::kResync);
  ASSERT_FALSE(body.has_value());
  EXPECT_NE(body.error().message.find("no-such-host.invalid"), std::string::npos)
      << body.error().message;
}

}  // namespace
}  // namespace pinstripe
