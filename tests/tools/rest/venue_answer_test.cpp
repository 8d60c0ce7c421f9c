// Each venue's codes, texts and headers, by answers as the venues document them.
#include "feed/live/venue_answer.h"

#include <gtest/gtest.h>

#include "tools/rest/venue_hosts.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kNow = 1'700'000'000 * kNsPerSecond;

VenueAnswer answer_to(const char* venue, int status, const std::string& fields,
                      const std::string& body) {
  net::HttpResponse response;
  response.status = status;
  response.fields = fields;
  const VenueWord word = read_venue_word(venue, status, body);
  return read_venue_answer(*market_rules(venue), response, word, "GET /x", kNow - 1, kNow);
}

TEST(VenueAnswer, WordsAreReadInEachVenuesForm) {
  const VenueWord binance =
      read_venue_word("BINANCE_SPOT", 400, R"({"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_EQ(binance.code, -1121);
  EXPECT_EQ(binance.text, "Invalid symbol.");
  const VenueWord bybit = read_venue_word("BYBIT", 200, R"({"retCode":10001,"retMsg":"params"})");
  EXPECT_EQ(bybit.code, 10001);
  EXPECT_EQ(bybit.text, "params");
  const VenueWord okx = read_venue_word("OKX", 200, R"({"code":"51001","msg":"none","data":[]})");
  EXPECT_EQ(okx.code, 51001);
  EXPECT_EQ(read_venue_word("OKX", 200, R"({"code":"0","msg":"","data":[]})").code, 0);
  EXPECT_EQ(read_venue_word("BINANCE_SPOT", 200, "[]").code, 0);
}

TEST(VenueAnswer, ALocalMistakeIsNoFailureOfTheVenue) {
  const MarketRules& venue = *market_rules("BINANCE_SPOT");
  net::HttpFailure failure{.is_certificate = true, .text = {}};
  EXPECT_FALSE(read_venue_silence(venue, failure, false, kNow)) << "a refused certificate";
  failure = {.is_not_reached = true, .text = {}};
  EXPECT_FALSE(read_venue_silence(venue, failure, true, kNow)) << "nobody at a given address";
  auto told = read_venue_silence(venue, failure, false, kNow);
  ASSERT_TRUE(told) << "the venue's own host";
  EXPECT_EQ(told->failure, FailureCause::kNotReached);
  EXPECT_EQ(told->kind, AnswerKind::kFailed);
  failure = {.may_have_arrived = true, .text = {}};
  told = read_venue_silence(venue, failure, true, kNow);
  ASSERT_TRUE(told) << "a simulated exchange that does not answer fails as a venue does";
  EXPECT_EQ(told->failure, FailureCause::kNoAnswer);
  EXPECT_EQ(told->sent_ns, kNow);
  EXPECT_EQ(answer_to("OKX", 503, "", "").failure, FailureCause::kServerError);
}

TEST(VenueAnswer, APageOfAFrontServerIsNoJsonAndIsShownCutShort) {
  const std::string page = "<html>" + std::string(5'000, 'x');
  const VenueWord word = read_venue_word("OKX", 502, page);
  EXPECT_FALSE(word.is_json);
  EXPECT_EQ(word.text, page.substr(0, 200));
  EXPECT_FALSE(read_venue_word("OKX", 200, "{\"code\":").is_json);
}

TEST(VenueAnswer, ACodeOfAWrongTypeIsAComplaintNotAZero) {
  EXPECT_NE(read_venue_word("OKX", 200, R"({"code":"0x"})").code, 0);
  EXPECT_NE(read_venue_word("OKX", 200, R"({"code":{}})").code, 0);
  EXPECT_NE(read_venue_word("BYBIT", 200, R"({"retCode":1.5})").code, 0);
}

TEST(VenueAnswer, BackOffsCarryRetryAfter) {
  const auto sut = answer_to("BINANCE_SPOT", 429, "Retry-After: 7\r\n", R"({"code":-1003})");
  EXPECT_EQ(sut.kind, AnswerKind::kTooMany);
  EXPECT_EQ(sut.venue, "BINANCE");
  EXPECT_EQ(sut.retry_after_ns, 7 * kNsPerSecond);
  EXPECT_EQ(sut.cause, 429);
  for (const char* rubbish : {"Retry-After: soon\r\n", "Retry-After: -5\r\n",
                              "Retry-After: 99999999999999999999\r\n", "Retry-After: 1e3\r\n"}) {
    EXPECT_EQ(answer_to("BINANCE_SPOT", 429, rubbish, "{}").retry_after_ns, 0) << rubbish;
  }
}

TEST(VenueAnswer, ABansEndIsTakenFromTextOrHeader) {
  const auto text = answer_to("BINANCE_USDM", 418, "",
      R"({"code":-1003,"msg":"Way too much request weight used; IP banned until 1700000600000."})");
  EXPECT_EQ(text.kind, AnswerKind::kBanned);
  EXPECT_EQ(text.until_ns, kNow + 600 * kNsPerSecond);
  const auto endless = answer_to("BINANCE_USDM", 418, "",
                                 R"({"code":-1003,"msg":"IP banned until 9223372036854."})");
  EXPECT_EQ(endless.until_ns, kNow + 3 * 86'400 * kNsPerSecond) << "Binance's longest ban";
  const auto bybit = answer_to("BYBIT", 200, "X-Bapi-Limit-Reset-Timestamp: 1700000005000\r\n",
                               R"({"retCode":10006,"retMsg":"Too many visits!"})");
  EXPECT_EQ(bybit.kind, AnswerKind::kBanned);
  EXPECT_EQ(bybit.until_ns, kNow + 5 * kNsPerSecond);
  EXPECT_EQ(bybit.cause, 10006);
  const auto firewall = answer_to("BYBIT", 403, "X-Bapi-Limit-Reset-Timestamp: 1700000005000\r\n",
                                  "access too frequent");
  EXPECT_EQ(firewall.kind, AnswerKind::kBanned);
  EXPECT_EQ(firewall.until_ns, 0) << "ten minutes by the limiter's own rule";
}

TEST(VenueAnswer, OkxRefusesOneEndpointAlone) {
  const auto sut = answer_to("OKX_SWAP", 429, "", R"({"code":"50011","msg":"Too Many Requests"})");
  EXPECT_EQ(sut.kind, AnswerKind::kTooMany);
  EXPECT_EQ(sut.endpoint, "GET /x");
  std::string key;
  const LimitCharge charge =
      rest_charge(*market_rules("OKX"), "/api/v5/market/books?instId=A", 7, key);
  EXPECT_EQ(charge.scope.kind, LimitKind::kEndpoint);
  EXPECT_EQ(charge.scope.key, "GET /api/v5/market/books");
  EXPECT_EQ(charge.weight, 1u);
}

TEST(VenueAnswer, TheWeightThatBinanceCountsIsRead) {
  net::HttpResponse response;
  response.status = 200;
  response.fields = "X-MBX-USED-WEIGHT: 9\r\nx-mbx-used-weight-1m: 117\r\n";
  const auto sut = read_used_weight(*market_rules("BINANCE_SPOT"), response, kNow);
  ASSERT_TRUE(sut.has_value());
  EXPECT_EQ(sut->used, 117u);
  EXPECT_EQ(sut->window_ns, 60 * kNsPerSecond);
  response.fields = "x-mbx-used-weight-1m: -1\r\n";
  EXPECT_FALSE(read_used_weight(*market_rules("BINANCE_SPOT"), response, kNow).has_value());
}

}  // namespace
}  // namespace pinstripe
