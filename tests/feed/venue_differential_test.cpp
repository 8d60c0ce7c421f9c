// The fast Bybit and OKX decoders against plain ones over every frame of the recordings.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "feed/capture_lines.h"
#include "feed/venue_decoder.h"
#include "tests/feed/plain_decimal.h"
#include "tests/support/data.h"

namespace pinstripe::feed_test {
namespace {

using Json = nlohmann::json;

void expect_levels(const Json& list, std::span<const RawLevel> got) {
  ASSERT_EQ(list.size(), got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(plain_e8(list[i][0]), got[i].price_e8);
    ASSERT_EQ(plain_e8(list[i][1]), got[i].qty_e8);
  }
}

/// A ticker's field: there with its value, or not there.
void expect_field(const Json& data, const char* key, const RawTickerState& t, TickerField bit,
                  std::int64_t value) {
  const bool has = data.contains(key) && data[key].get<std::string>() != "";
  ASSERT_EQ(has, (t.has & bit) != 0) << key;
  if (!has) return;
  const std::string text = data[key];
  ASSERT_EQ(bit == kHasFundingTime ? std::stoll(text) : plain_e8(text), value) << key;
}

/// The closed candles of a message; false where it has none.
bool expect_bars(const Json& data, const VenueMessage& m) {
  std::size_t n = 0;
  for (const Json& b : data) {
    if (!b["confirm"].get<bool>()) continue;
    const RawBar& got = m.bars[n++];
    EXPECT_EQ(got.start_ms, b["start"].get<std::int64_t>());
    EXPECT_EQ(got.last_ms, b["end"].get<std::int64_t>());
    EXPECT_EQ(got.open_e8, plain_e8(b["open"]));
    EXPECT_EQ(got.high_e8, plain_e8(b["high"]));
    EXPECT_EQ(got.low_e8, plain_e8(b["low"]));
    EXPECT_EQ(got.close_e8, plain_e8(b["close"]));
    EXPECT_EQ(got.volume_e8, plain_e8(b["volume"]));
  }
  EXPECT_EQ(m.bar_count, n);
  EXPECT_TRUE(n == 0 || m.kind == VenueKind::kBars);
  return n > 0;
}

void expect_bybit(const Json& whole, const VenueMessage& m) {
  const std::string topic = whole.value("topic", std::string());
  const Json& data = whole.contains("data") ? whole["data"] : whole;
  if (topic.starts_with("orderbook.")) {
    ASSERT_EQ(m.kind, VenueKind::kChainedBook);
    ASSERT_EQ(m.is_fresh, whole["type"] == "snapshot");
    ASSERT_EQ(m.last_id, data["u"].get<std::uint64_t>());
    ASSERT_EQ(m.symbol, data["s"].get<std::string>());
    expect_levels(data["b"], {m.bids.data(), m.bid_count});
    expect_levels(data["a"], {m.asks.data(), m.ask_count});
  } else if (topic.starts_with("publicTrade.")) {
    ASSERT_EQ(m.kind, VenueKind::kTrades);
    ASSERT_EQ(m.trade_count, data.size());
    for (std::size_t i = 0; i < data.size(); ++i) {
      const RawTrade& t = m.trades[i];
      ASSERT_EQ(t.price_e8, plain_e8(data[i]["p"]));
      ASSERT_EQ(t.qty_e8, plain_e8(data[i]["v"]));
      ASSERT_EQ(t.is_sell, data[i]["S"] == "Sell");
      ASSERT_EQ(t.is_market, !data[i]["BT"].get<bool>());
      ASSERT_EQ(t.id, data[i]["seq"].get<std::uint64_t>());
    }
  } else if (topic.starts_with("tickers.")) {
    ASSERT_EQ(m.kind, VenueKind::kTickerState);
    const RawTickerState& t = m.ticker;
    expect_field(data, "bid1Price", t, kHasBidPrice, t.bid_price_e8);
    expect_field(data, "bid1Size", t, kHasBidQty, t.bid_qty_e8);
    expect_field(data, "ask1Price", t, kHasAskPrice, t.ask_price_e8);
    expect_field(data, "ask1Size", t, kHasAskQty, t.ask_qty_e8);
    expect_field(data, "markPrice", t, kHasMark, t.mark_e8);
    expect_field(data, "indexPrice", t, kHasIndex, t.index_e8);
    expect_field(data, "fundingRate", t, kHasRate, t.rate_e8);
    expect_field(data, "nextFundingTime", t, kHasFundingTime, t.funding_ms);
    expect_field(data, "openInterest", t, kHasOpenInterest, t.open_interest_e8);
  } else if (topic.starts_with("kline.") && expect_bars(data, m)) {
  } else {
    ASSERT_EQ(m.kind, VenueKind::kOther);
    return;
  }
  ASSERT_EQ(m.venue_us, whole["ts"].get<std::int64_t>() * 1'000);
}

void expect_okx(const Json& whole, const VenueMessage& m) {
  const Json arg = whole.value("arg", Json::object());
  const std::string channel = whole.contains("event") ? "" : arg.value("channel", std::string());
  if (!whole.contains("data") || channel.empty()) {
    ASSERT_EQ(m.kind, VenueKind::kOther);
    return;
  }
  ASSERT_EQ(m.symbol, arg["instId"].get<std::string>());
  const Json& data = whole["data"];
  ASSERT_EQ(m.venue_us, std::stoll(data.back()["ts"].get<std::string>()) * 1'000);
  if (channel.starts_with("books")) {
    ASSERT_EQ(m.kind, VenueKind::kChainedBook);
    ASSERT_EQ(m.is_fresh, whole["action"] == "snapshot");
    ASSERT_EQ(m.checksum, data[0]["checksum"].get<std::int32_t>());
    ASSERT_EQ(m.has_prev, data[0].contains("prevSeqId"));
    expect_levels(data[0]["bids"], {m.bids.data(), m.bid_count});
    expect_levels(data[0]["asks"], {m.asks.data(), m.ask_count});
  } else if (channel == "trades") {
    ASSERT_EQ(m.trade_count, data.size());
    for (std::size_t i = 0; i < data.size(); ++i) {
      ASSERT_EQ(m.trades[i].price_e8, plain_e8(data[i]["px"]));
      ASSERT_EQ(m.trades[i].qty_e8, plain_e8(data[i]["sz"]));
      ASSERT_EQ(m.trades[i].is_sell, data[i]["side"] == "sell");
      ASSERT_EQ(m.trades[i].id, std::stoull(data[i]["tradeId"].get<std::string>()));
    }
  } else {
    ASSERT_EQ(channel, "tickers");
    const RawTickerState& t = m.ticker;
    expect_field(data[0], "bidPx", t, kHasBidPrice, t.bid_price_e8);
    expect_field(data[0], "bidSz", t, kHasBidQty, t.bid_qty_e8);
    expect_field(data[0], "askPx", t, kHasAskPrice, t.ask_price_e8);
    expect_field(data[0], "askSz", t, kHasAskQty, t.ask_qty_e8);
  }
}

/// Decodes every frame of a recording with both; gives how many.
std::size_t compare(const std::string& path, CaptureFormat format) {
  auto reader = LineReader::open(path);
  EXPECT_TRUE(reader.has_value());
  VenueDecoder sut(4 << 20);
  VenueMessage m(16'384);
  CaptureLine line;
  std::size_t frames = 0;
  (*reader)->begin_group();
  while (read_capture_line(**reader, format, line)) {
    const Json whole = Json::parse(line.bytes);
    const FeedErrorKind fault = sut.decode(line.format, line.bytes, m).kind;
    // Its tick of 1e-11 lies below what is kept.
    const bool is_too_fine = whole.contains("arg") && whole.contains("data") &&
                             whole["arg"].value("instId", std::string()) == "ELON-USDT";
    EXPECT_EQ(fault, is_too_fine ? FeedErrorKind::kOffGrid : FeedErrorKind::kNone) << line.line;
    ++frames;
    (*reader)->begin_group();
    if (is_too_fine) continue;
    format == CaptureFormat::kBybitRaw ? expect_bybit(whole, m) : expect_okx(whole, m);
    if (testing::Test::HasFatalFailure()) {
      ADD_FAILURE() << path << ":" << line.line;
      break;
    }
  }
  return frames;
}

TEST(VenueDecoders, GiveWhatAPlainDecoderGivesOverEveryFrame) {
  PINSTRIPE_NEED_DATA(dir, "ws_raw");
  EXPECT_EQ(compare(dir + "/bybit_v5_linear_20260809.jsonl.zst", CaptureFormat::kBybitRaw), 3'229u);
  EXPECT_GT(compare(dir + "/okx_v5_books_20220513.jsonl.zst", CaptureFormat::kOkxRaw), 400u);
  EXPECT_GT(compare(dir + "/okx_v5_books-l2-tbt_20220227.txt.zst", CaptureFormat::kOkxRaw), 3'700u);
}

}  // namespace
}  // namespace pinstripe::feed_test
