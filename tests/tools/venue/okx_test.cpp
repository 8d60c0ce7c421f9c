#include "tools/venue/okx.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/venue/venue_bench.h"

namespace pinstripe::venue {
namespace {

class OkxStreams : public ::testing::Test {
 protected:
  OkxStreams() { sut.opened(peer, bench.now); }

  VenueBench bench;
  FaultBoard faults;
  OkxProtocol sut{*bench.engine, faults, true, false};
  KeptPeer peer{"/ws/v5/public"};
};
using OkxRest = OkxStreams;

/// CRC-32 bit by bit: independent of the library that the venue uses.
std::int32_t plain_crc32(const std::string& text) {
  std::uint32_t crc = ~0U;
  for (const unsigned char c : text) {
    crc ^= c;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return static_cast<std::int32_t>(~crc);
}

/// Best 25 levels of a kept book as the checksum reads them.
std::string checksum_text(const TextBook& book) {
  const auto sorted = [](const std::map<std::string, std::string>& side, bool falling) {
    std::vector<std::pair<double, std::string>> levels;
    for (const auto& [price, qty] : side) levels.emplace_back(std::stod(price), price + ":" + qty);
    std::sort(levels.begin(), levels.end());
    if (falling) std::reverse(levels.begin(), levels.end());
    return levels;
  };
  const auto bids = sorted(book.bids, true);
  const auto asks = sorted(book.asks, false);
  std::string text;
  for (std::size_t i = 0; i < 25; ++i) {
    if (i < bids.size()) text += (text.empty() ? "" : ":") + bids[i].second;
    if (i < asks.size()) text += (text.empty() ? "" : ":") + asks[i].second;
  }
  return text;
}

constexpr const char* kBooks =
    R"({"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"}]})";

TEST_F(OkxStreams, TheChainOfIdsHoldsTheChecksumsFitAndTheBookEqualsTheRestBook) {
  OkxProtocol summed(*bench.engine, faults, true, true);
  summed.opened(peer, bench.now);
  summed.received(peer, kBooks, bench.now);
  bench.move(5'000, &summed);
  summed.tick(bench.now + 200);
  TextBook book;
  std::int64_t id = -1;
  ASSERT_GT(peer.sent.size(), 40u);
  for (const Json& m : peer.sent) {
    const Json& data = m["data"][0];
    EXPECT_EQ(m["action"], id == -1 ? "snapshot" : "update");
    ASSERT_EQ(data["prevSeqId"].get<std::int64_t>(), id);
    id = data["seqId"];
    book.apply(data["bids"], data["asks"]);
    ASSERT_EQ(data["checksum"].get<std::int32_t>(), plain_crc32(checksum_text(book)));
  }
  const Json rest = Json::parse(bench.ask(summed, "/api/v5/market/books",
      {{"instId", "BTC-USDT-SWAP"}, {"sz", "400"}}).body)["data"][0];
  TextBook venues;
  venues.apply(rest["bids"], rest["asks"]);
  EXPECT_EQ(rest["seqId"].get<std::int64_t>(), id);
  EXPECT_TRUE(book == venues);
}

TEST_F(OkxStreams, AWrongChecksumIsSentOnceAndOnlyWhenItIsAskedFor) {
  sut.received(peer, kBooks, bench.now);
  bench.move(500, &sut);
  faults.add(*FaultBoard::parse({{"fault", "wrong_checksum"}, {"venue", "okx"}}, bench.now));
  bench.move(1'000, &sut);
  int wrong = 0;
  for (const Json& m : peer.sent) wrong += m["data"][0]["checksum"] != 0 ? 1 : 0;
  EXPECT_EQ(wrong, 1);
}

TEST_F(OkxStreams, AQuietBookSaysSoOnceAMinuteWithEqualIdsAndEmptySides) {
  sut.received(peer, kBooks, bench.now);
  sut.tick(bench.now);
  const std::size_t before = peer.sent.size();
  for (int s = 1; s <= 125; ++s) sut.tick(bench.now + s * 1'000);  // the market stands still
  ASSERT_EQ(peer.sent.size(), before + 2);
  const Json& data = peer.sent.back()["data"][0];
  EXPECT_EQ(data["seqId"], data["prevSeqId"]);
  EXPECT_TRUE(data["bids"].empty() && data["asks"].empty());
}

TEST_F(OkxStreams, PingIsATextAndAnUnknownChannelIsRefusedAlone) {
  sut.received(peer, "ping", bench.now);
  EXPECT_EQ(peer.replies.back(), "pong");
  sut.received(peer, R"({"op":"subscribe","args":[{"channel":"none","instId":"BTC-USDT"},
                        {"channel":"trades","instId":"BTC-USDT"}]})", bench.now);
  ASSERT_EQ(peer.replies.size(), 3u);
  EXPECT_EQ(Json::parse(peer.replies[1])["code"], "60018");
  EXPECT_EQ(Json::parse(peer.replies[2])["event"], "subscribe");
  bench.move(1'000, &sut);
  ASSERT_FALSE(peer.sent.empty());
  EXPECT_EQ(peer.sent.front()["arg"]["channel"], "trades");
}

TEST_F(OkxStreams, CandlesAreToldOnTheBusinessPathAndNothingElseIs) {
  KeptPeer business("/ws/v5/business");
  sut.opened(business, bench.now);
  const char* candles =
      R"({"op":"subscribe","args":[{"channel":"candle1m","instId":"BTC-USDT"}]})";
  sut.received(peer, candles, bench.now);
  EXPECT_EQ(Json::parse(peer.replies.back())["code"], "60018");
  sut.received(business, kBooks, bench.now);
  EXPECT_EQ(Json::parse(business.replies.back())["code"], "60018");
  sut.received(business, candles, bench.now);
  EXPECT_EQ(Json::parse(business.replies.back())["event"], "subscribe");
  bench.move(61'000, &sut);
  EXPECT_TRUE(peer.sent.empty());
  const auto closed = std::ranges::count_if(
      business.sent, [](const Json& m) { return m["data"][0].back() == "1"; });
  EXPECT_EQ(closed, 1) << "of " << business.sent.size();
}

TEST_F(OkxStreams, LongCandlesAreAskedForByTheClockOfGreenwich) {
  KeptPeer business("/ws/v5/business");
  sut.opened(business, bench.now);
  sut.received(business,
               R"({"op":"subscribe","args":[{"channel":"candle1Dutc","instId":"BTC-USDT"}]})",
               bench.now);
  EXPECT_EQ(Json::parse(business.replies.back())["event"], "subscribe");
  const Json answer = Json::parse(bench.ask(sut, "/api/v5/market/candles",
      {{"instId", "BTC-USDT"}, {"bar", "6Hutc"}}).body);
  ASSERT_EQ(answer["code"], "0") << answer;
  const std::int64_t open_ms = std::stoll(answer["data"][0][0].get<std::string>());
  EXPECT_EQ(open_ms % (6 * 3'600'000), 0);
}

TEST_F(OkxStreams, AStreamMaySay480TimesAnHourWhatItWants) {
  KeptPeer other("/ws/v5/public");
  sut.opened(other, bench.now);
  const char* asks[] = {
      R"({"op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]})",
      R"({"op":"unsubscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]})"};
  for (int i = 0; i < 480; ++i) sut.received(peer, asks[i % 2], bench.now);
  EXPECT_EQ(Json::parse(peer.replies.back())["event"], "unsubscribe");
  sut.received(peer, asks[0], bench.now);
  EXPECT_EQ(Json::parse(peer.replies.back())["code"], "60014");
  sut.received(peer, "ping", bench.now);
  EXPECT_EQ(peer.replies.back(), "pong") << "a ping does not count";
  sut.received(other, asks[0], bench.now);
  EXPECT_EQ(Json::parse(other.replies.back())["event"], "subscribe");
  sut.received(peer, asks[0], bench.now + 3'600'000);
  EXPECT_EQ(Json::parse(peer.replies.back())["event"], "subscribe");
}

TEST_F(OkxRest, EachPathHasALimitOfItsOwn) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(bench.ask(sut, "/api/v5/public/time").status, 200u);
  const HttpAnswer refused = bench.ask(sut, "/api/v5/public/time");
  EXPECT_EQ(refused.status, 429u);
  EXPECT_EQ(Json::parse(refused.body)["code"], "50011");
  EXPECT_EQ(bench.ask(sut, "/api/v5/market/books", {{"instId", "BTC-USDT"}}).status, 200u);
}

}  // namespace
}  // namespace pinstripe::venue
