// The fast decoder against a plain one: nlohmann for the JSON, digit strings by hand for the
// numbers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "feed/binance_decoder.h"
#include "feed/capture_lines.h"
#include "feed/decimal.h"
#include "tests/feed/feed_support.h"
#include "tests/feed/plain_decimal.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

using Json = nlohmann::json;

VenueKind plain_kind(const Json& data, const std::string& stream) {
  if (data.contains("lastUpdateId")) return VenueKind::kSnapshot;
  const std::string e = data.value("e", std::string());
  if (e == "depthUpdate") return VenueKind::kDepth;
  if (e == "bookTicker" || stream.ends_with("@bookTicker")) return VenueKind::kTicker;
  if (e == "trade") return VenueKind::kTrade;
  if (e == "aggTrade") return VenueKind::kAggTrade;
  if (e == "markPriceUpdate") return VenueKind::kMark;
  if (e == "forceOrder") return VenueKind::kLiquidations;
  if (e == "kline" && data["k"]["x"].get<bool>()) return VenueKind::kBars;
  return VenueKind::kOther;
}

void expect_levels(const Json& list, std::span<const RawLevel> got) {
  ASSERT_EQ(list.size(), got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(plain_e8(list[i][0]), got[i].price_e8);
    ASSERT_EQ(plain_e8(list[i][1]), got[i].qty_e8);
  }
}

void expect_book(const Json& data, const VenueMessage& m, const char* bids, const char* asks) {
  expect_levels(data[bids], {m.bids.data(), m.bid_count});
  expect_levels(data[asks], {m.asks.data(), m.ask_count});
}

void expect_same(const Json& data, const std::string& stream, const VenueMessage& m) {
  ASSERT_EQ(plain_kind(data, stream), m.kind);
  ASSERT_EQ(data.value("s", std::string(data.value("symbol", std::string()))), m.symbol);
  ASSERT_EQ(data.value("E", data.value("T", std::int64_t{0})) * 1'000, m.venue_us);
  switch (m.kind) {
    case VenueKind::kSnapshot:
      ASSERT_EQ(data["lastUpdateId"].get<std::uint64_t>(), m.last_id);
      expect_book(data, m, "bids", "asks");
      break;
    case VenueKind::kDepth:
      ASSERT_EQ(data["U"].get<std::uint64_t>(), m.first_id);
      ASSERT_EQ(data["u"].get<std::uint64_t>(), m.last_id);
      ASSERT_EQ(data.contains("pu"), m.has_prev);
      ASSERT_EQ(data.value("pu", std::uint64_t{0}), m.prev_id);
      expect_book(data, m, "b", "a");
      break;
    case VenueKind::kTicker:
      ASSERT_EQ(data["u"].get<std::uint64_t>(), m.last_id);
      ASSERT_EQ(plain_e8(data["b"]), m.bids[0].price_e8);
      ASSERT_EQ(plain_e8(data["B"]), m.bids[0].qty_e8);
      ASSERT_EQ(plain_e8(data["a"]), m.asks[0].price_e8);
      ASSERT_EQ(plain_e8(data["A"]), m.asks[0].qty_e8);
      break;
    case VenueKind::kTrade:
    case VenueKind::kAggTrade:
      ASSERT_EQ(plain_e8(data["p"]), m.price_e8);
      ASSERT_EQ(plain_e8(data["q"]), m.qty_e8);
      ASSERT_EQ(data["m"].get<bool>(), m.is_buyer_maker);
      ASSERT_EQ(data.value("X", std::string("MARKET")) == "MARKET", m.is_market);
      ASSERT_EQ(data[m.kind == VenueKind::kTrade ? "t" : "l"].get<std::uint64_t>(), m.last_id);
      break;
    case VenueKind::kMark:
      ASSERT_EQ(plain_e8(data["p"]), m.price_e8);
      ASSERT_EQ(plain_e8(data["i"]), m.qty_e8);
      ASSERT_EQ(plain_e8(data["r"]), m.rate_e8);
      ASSERT_EQ(data["T"].get<std::int64_t>(), m.funding_ms);
      break;
    default: break;
  }
}

class Decoder : public testing::TestWithParam<std::string> {};

// All of the first 2,000 lines (snapshot and start), every third one after that.
TEST_P(Decoder, GivesWhatAPlainDecoderGives) {
  PINSTRIPE_NEED_DATA(path, capture_path(GetParam()));
  auto reader = LineReader::open(path);
  ASSERT_TRUE(reader.has_value());
  BinanceDecoder sut(1 << 20);
  VenueMessage message(16'384);
  CaptureLine line;
  (*reader)->begin_group();
  while (read_capture_line(**reader, CaptureFormat::kBinanceRaw, line)) {
    if (line.line <= 2'000 || line.line % 3 == 0) {
      const Json whole = Json::parse(line.bytes);
      const Json& data = whole.contains("data") ? whole["data"] : whole;
      ASSERT_EQ(sut.decode(line.bytes, message).kind, FeedErrorKind::kNone) << line.line;
      ASSERT_NO_FATAL_FAILURE(expect_same(data, whole.value("stream", std::string()), message))
          << line.line;
    }
    (*reader)->begin_group();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Decoder, testing::ValuesIn(captures()),
                         [](const auto& param_info) { return param_info.param; });

/// Decodes one message from text.
DecodeFault decode(std::string text, VenueMessage& out) {
  static BinanceDecoder sut(1 << 20);
  static std::string kept;
  kept = std::move(text);
  const std::size_t size = kept.size();
  kept.append(kFramePadding, ' ');
  return sut.decode({kept.data(), size}, out);
}

TEST(BinanceDecoderText, TakesMembersInAnyOrder) {
  VenueMessage m(16);
  ASSERT_EQ(decode(R"({"a":[],"b":[["1.5","2"]],"pu":7,"u":9,"U":8,"s":"BTCUSDT","e":"depthUpdate"})", m)
                .kind,
            FeedErrorKind::kNone);
  EXPECT_EQ(m.kind, VenueKind::kDepth);
  EXPECT_EQ(m.bid_count, 1u);
  EXPECT_EQ(m.bids[0].price_e8, 150'000'000);
  EXPECT_EQ(m.last_id, 9u);
}

TEST(BinanceDecoderText, ReadsAggTradeWithItsTradeIds) {
  VenueMessage m(16);
  ASSERT_EQ(decode(R"({"e":"aggTrade","E":5,"a":12,"s":"X","p":"0.001","q":"100","f":100,"l":105,"T":4,"m":true})",
                   m)
                .kind,
            FeedErrorKind::kNone);
  EXPECT_EQ(m.kind, VenueKind::kAggTrade);
  EXPECT_EQ(m.first_id, 100u);
  EXPECT_EQ(m.last_id, 105u);
  EXPECT_TRUE(m.is_buyer_maker);
}

TEST(BinanceDecoderText, PassesOverWhatItDoesNotUse) {
  VenueMessage m(16);
  for (const char* text :
       {R"({"result":null,"id":1})", R"({})", R"({"e":"kline","E":1,"s":"X","k":{"t":1,"o":"1","x":false}})",
        R"({"e":"contractInfo","E":1,"o":{"s":"X","q":"0.1","p":[1,2,{"a":3}]},"k":{"x":true}})"}) {
    EXPECT_EQ(decode(text, m).kind, FeedErrorKind::kNone) << text;
    EXPECT_EQ(m.kind, VenueKind::kOther) << text;
  }
}

TEST(BinanceDecoderText, CandlesAndLiquidationsAreWholeOrRefused) {
  VenueMessage m(16);
  for (const char* text : {R"({"e":"kline","E":1,"s":"X","k":{"t":1,"o":"1","x":true}})",
                           R"({"e":"forceOrder","E":1})",
                           R"({"e":"forceOrder","E":1,"o":{"s":"X","S":"BUY","q":"0.1"}})",
                           R"({"e":"forceOrder","E":1,"o":{"S":"BUY","q":"0.1","p":"1"}})"}) {
    EXPECT_EQ(decode(text, m).kind, FeedErrorKind::kMissingField) << text;
  }
  EXPECT_EQ(decode(R"({"e":"forceOrder","o":{"s":"X","S":"HOLD","q":"0.1","p":"1"}})", m).kind,
            FeedErrorKind::kBadJson);
  ASSERT_EQ(decode(R"({"o":{"s":"X","S":"BUY","q":"0.1","p":"1"},"e":"forceOrder"})", m).kind,
            FeedErrorKind::kNone);
  EXPECT_EQ(m.kind, VenueKind::kLiquidations);
  EXPECT_FALSE(m.liquidations[0].is_sell);
}

TEST(BinanceDecoderText, RefusesWhatIsNotAWholeMessage) {
  const std::string whole =
      R"({"stream":"x@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[["1.5","2"],["1.4","0"]],"a":[]}})";
  VenueMessage m(16);
  ASSERT_EQ(decode(whole, m).kind, FeedErrorKind::kNone);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_NE(decode(whole.substr(0, cut), m).kind, FeedErrorKind::kNone) << whole.substr(0, cut);
  }
  EXPECT_NE(decode(whole + "}", m).kind, FeedErrorKind::kNone);
  EXPECT_NE(decode(whole + " 1", m).kind, FeedErrorKind::kNone);
}

TEST(BinanceDecoderText, NamesTheFaultAndItsPlace) {
  const auto with = [](const std::string& price) {
    return R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[[")" + price + R"(","2"]],"a":[]})";
  };
  VenueMessage m(2);
  EXPECT_EQ(decode(with("1.5"), m).kind, FeedErrorKind::kNone);
  for (const char* bad : {"", "x", "1.", ".5", "1e5", "-1", "+1", "1 ", "0x1", "1.5.5", "NaN"}) {
    EXPECT_EQ(decode(with(bad), m).kind, FeedErrorKind::kBadNumber) << bad;
  }
  EXPECT_EQ(decode(with("99999999999999.0"), m).kind, FeedErrorKind::kOverflow);
  EXPECT_EQ(decode(with("1.123456789"), m).kind, FeedErrorKind::kOffGrid);
  EXPECT_EQ(decode(with("1.1234567800"), m).kind, FeedErrorKind::kNone);
  EXPECT_EQ(decode(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"b":[],"a":[]})", m).kind,
            FeedErrorKind::kMissingField);
  EXPECT_EQ(decode(R"({"e":"depthUpdate","U":1,"u":2,"b":[["1","1"],["2","1"],["3","1"]],"a":[]})", m).kind,
            FeedErrorKind::kTooLong);
  EXPECT_EQ(decode(R"({"e":"depthUpdate","U":1,"u":99999999999999999999,"b":[],"a":[]})", m).kind,
            FeedErrorKind::kBadNumber);
  EXPECT_EQ(decode(R"({"e":"depthUpdate","U":1.5,"u":2,"b":[],"a":[]})", m).kind,
            FeedErrorKind::kBadNumber);
}

TEST(DecimalText, IsReadAsByHandWhateverItsLength) {
  for (const char* text : {"0", "1", "9", "12345678", "123456789", "0.1", "0.12345678",
      "1234567.1234567",
                           "12345678.12345678", "123456789.1", "0.00000001", "5000.00",
                               "61837.63000000",
                           "1.100000000000", "92233720368.54775807"}) {
    std::string padded = std::string(text) + '"' + std::string(kFramePadding, '7');
    const char* limit = padded.data() + std::string(text).size() + 1;
    const Decimal fast = parse_decimal(padded.data(), limit);
    EXPECT_EQ(fast.status, DecimalStatus::kOk) << text;
    EXPECT_EQ(fast.e8, plain_e8(text)) << text;
    EXPECT_EQ(*fast.end, '"') << text;
  }
}

TEST(ExactDivisorTest, AgreesWithDivisionOnRandomNumbers) {
  std::uint64_t state = 1;
  const auto next = [&] { return state = hash_fold(state + 0x9E3779B97F4A7C15ULL,
      0xA0761D6478BD642FULL); };
  for (const std::int64_t step : {1LL, 2LL, 3LL, 10LL, 1'000LL, 10'000'000LL, 50'000'000LL,
      100'000'000LL, 7'500LL}) {
    const ExactDivisor sut(step);
    for (int i = 0; i < 20'000; ++i) {
      const auto n = static_cast<std::int64_t>(next() >> 4) % (step * 1'000'000);
      const std::int64_t tested = i % 2 == 0 ? n : n / step * step;
      std::int64_t quotient = 0;
      ASSERT_EQ(sut.divide(tested, quotient), tested % step == 0);
      ASSERT_TRUE(tested % step != 0 || quotient == tested / step);
    }
  }
}

}  // namespace
}  // namespace pinstripe::feed_test
