#include "feed/live/market_rules.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace pinstripe {
namespace {

constexpr std::int64_t kMs = kNsPerMs;

/// Binance counts messages by the second, pongs too: of its 5 (10) the limiter gives us all but 2.
constexpr MarketRules kRules[] = {
    {"BINANCE_SPOT", "BINANCE", FrameFormat::kBinanceRaw, "stream.binance.com", 443,
     "api.binance.com", Heartbeat::kServerPings, 0, 1'024, 100, 0, true, false},
    {"BINANCE_USDM", "BINANCE_USDM", FrameFormat::kBinanceRaw, "fstream.binance.com", 443,
     "fapi.binance.com", Heartbeat::kServerPings, 0, 1'024, 100, 0, true, false},
    {"BYBIT", "BYBIT", FrameFormat::kBybitRaw, "stream.bybit.com", 443, "api.bybit.com",
     Heartbeat::kJsonPing, 20'000 * kMs, 600, 10, 50 * kMs, false, true},
    {"BYBIT_LINEAR", "BYBIT_LINEAR", FrameFormat::kBybitRaw, "stream.bybit.com", 443,
     "api.bybit.com", Heartbeat::kJsonPing, 20'000 * kMs, 600, 100, 50 * kMs, false, true},
    {"OKX", "OKX", FrameFormat::kOkxRaw, "ws.okx.com", 8'443, "www.okx.com", Heartbeat::kTextPing,
     15'000 * kMs, 480, 50, 100 * kMs, false, true},
    {"OKX_SWAP", "OKX_SWAP", FrameFormat::kOkxRaw, "ws.okx.com", 8'443, "www.okx.com",
     Heartbeat::kTextPing, 15'000 * kMs, 480, 50, 100 * kMs, false, true},
};

/// A topic of a venue, before the symbol is known: "%" stands for it, "#" for the length of
/// a candle. Without "%" it is of all instruments of its market, and asked for once.
struct TopicForm {
  std::string_view venue;
  std::string_view plane;   // connections are split by it
  std::string_view path;
  MarketChannel channel;
  std::string_view text;
};

constexpr TopicForm kTopics[] = {
    {"BINANCE_SPOT", "public", "/stream", MarketChannel::kBook, "%@depth@100ms"},
    {"BINANCE_SPOT", "public", "/stream", MarketChannel::kTouch, "%@bookTicker"},
    {"BINANCE_SPOT", "public", "/stream", MarketChannel::kTrades, "%@trade"},
    {"BINANCE_SPOT", "public", "/stream", MarketChannel::kOther, "%@kline_#"},
    {"BINANCE_USDM", "public", "/public/stream", MarketChannel::kBook, "%@depth@100ms"},
    {"BINANCE_USDM", "public", "/public/stream", MarketChannel::kTouch, "%@bookTicker"},
    {"BINANCE_USDM", "market", "/market/stream", MarketChannel::kTrades, "%@aggTrade"},
    {"BINANCE_USDM", "market", "/market/stream", MarketChannel::kMark, "%@markPrice@1s"},
    {"BINANCE_USDM", "market", "/market/stream", MarketChannel::kOther, "%@forceOrder"},
    {"BINANCE_USDM", "market", "/market/stream", MarketChannel::kOther, "%@kline_#"},
    {"BYBIT", "public", "/v5/public/spot", MarketChannel::kBook, "orderbook.50.%"},
    {"BYBIT", "public", "/v5/public/spot", MarketChannel::kTrades, "publicTrade.%"},
    {"BYBIT", "public", "/v5/public/spot", MarketChannel::kOther, "kline.#.%"},
    {"BYBIT_LINEAR", "public", "/v5/public/linear", MarketChannel::kBook, "orderbook.50.%"},
    {"BYBIT_LINEAR", "public", "/v5/public/linear", MarketChannel::kTrades, "publicTrade.%"},
    {"BYBIT_LINEAR", "public", "/v5/public/linear", MarketChannel::kMark, "tickers.%"},
    {"BYBIT_LINEAR", "public", "/v5/public/linear", MarketChannel::kOther, "allLiquidation.%"},
    {"BYBIT_LINEAR", "public", "/v5/public/linear", MarketChannel::kOther, "kline.#.%"},
    {"OKX", "public", "/ws/v5/public", MarketChannel::kBook, R"({"channel":"books","instId":"%"})"},
    {"OKX", "public", "/ws/v5/public", MarketChannel::kTrades,
     R"({"channel":"trades","instId":"%"})"},
    {"OKX", "business", "/ws/v5/business", MarketChannel::kOther,
     R"({"channel":"candle#","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kBook,
     R"({"channel":"books","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kTrades,
     R"({"channel":"trades","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kMark,
     R"({"channel":"mark-price","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kMark,
     R"({"channel":"funding-rate","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kOther,
     R"({"channel":"open-interest","instId":"%"})"},
    {"OKX_SWAP", "public", "/ws/v5/public", MarketChannel::kOther,
     R"({"channel":"liquidation-orders","instType":"SWAP"})"},
    {"OKX_SWAP", "business", "/ws/v5/business", MarketChannel::kOther,
     R"({"channel":"candle#","instId":"%"})"},
};

/// `form` with `word` in the place of `sign`, where it has one.
std::string filled(std::string form, char sign, std::string_view word) {
  const std::size_t at = form.find(sign);
  return at == std::string::npos ? form : form.replace(at, 1, word);
}

std::string topic_text(const MarketRules& rules, std::string_view form, std::string symbol,
                       const CandleLength* candles) {
  std::string text(form);
  if (candles != nullptr) {
    const std::string_view word = rules.format == FrameFormat::kBybitRaw ? candles->bybit
                                  : rules.format == FrameFormat::kOkxRaw ? candles->okx
                                                                         : candles->name;
    text = filled(std::move(text), '#', word);
  }
  if (rules.format == FrameFormat::kBinanceRaw) {
    std::ranges::transform(symbol, symbol.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  return filled(std::move(text), '%', symbol);
}

/// What tells a chained book's messages from another's.
std::string topic_mark(const MarketRules& rules, const std::string& text,
                       const std::string& symbol) {
  if (!rules.is_chained) return "";
  if (rules.format == FrameFormat::kBybitRaw) return '"' + text + '"';
  return "\"instId\":\"" + symbol + '"';
}

/// Connections while they are being filled.
struct Planner {
  std::vector<ConnectionPlan> plans;
  std::map<std::string, std::size_t> open;   // plane -> its connection that is being filled
  std::map<std::string, unsigned> count;
  std::vector<const TopicForm*> asked;       // of those of all instruments

  bool is_first(const TopicForm& form) {
    if (std::ranges::find(asked, &form) != asked.end()) return false;
    asked.push_back(&form);
    return true;
  }
  void add(const MarketRules& rules, std::uint8_t venue, const TopicForm& form, MarketTopic topic) {
    const std::string plane = std::string(form.venue) + "/" + std::string(form.plane);
    const auto at = open.find(plane);
    if (at == open.end() || plans[at->second].topics.size() == rules.topics_per_connection) {
      open[plane] = plans.size();
      plans.push_back({&rules, venue, plane + "/" + std::to_string(count[plane]++),
                       std::string(form.path), {}});
    }
    plans[open[plane]].topics.push_back(std::move(topic));
  }
};

/// The messages that answer or warn are short and begin unlike market data.
bool begins(std::string_view message, std::string_view text) noexcept {
  return message.starts_with(text);
}

bool holds(std::string_view message, std::string_view text) noexcept {
  return message.find(text) != std::string_view::npos;
}

StreamNote binance_note(std::string_view m) noexcept {
  if (begins(m, R"({"result")") || begins(m, R"({"id")")) {
    return holds(m, R"("error")") ? StreamNote::kRefusal : StreamNote::kAnswer;
  }
  if (begins(m, R"({"error")") || begins(m, R"({"code")")) return StreamNote::kRefusal;
  if (m.size() < 256 && holds(m, "serverShutdown")) return StreamNote::kLeaving;
  return StreamNote::kMarket;
}

StreamNote bybit_note(std::string_view m) noexcept {
  if (begins(m, R"({"topic")")) [[likely]] return StreamNote::kMarket;
  if (m.size() > 1'024) return StreamNote::kMarket;
  if (holds(m, R"("success":false)")) return StreamNote::kRefusal;
  return holds(m, R"("op")") ? StreamNote::kAnswer : StreamNote::kMarket;
}

StreamNote okx_note(std::string_view m) noexcept {
  if (begins(m, R"({"arg")")) [[likely]] return StreamNote::kMarket;
  if (m == "pong") return StreamNote::kAnswer;
  if (!begins(m, R"({"event")")) return StreamNote::kMarket;
  if (begins(m, R"({"event":"error")")) return StreamNote::kRefusal;
  return begins(m, R"({"event":"notice")") ? StreamNote::kLeaving : StreamNote::kAnswer;
}

}  // namespace

const MarketRules* market_rules(std::string_view venue) noexcept {
  const auto* const at = std::ranges::find(kRules, venue, &MarketRules::venue);
  return at == std::end(kRules) ? nullptr : at;
}

std::string live_venue_names() {
  std::string names;
  for (const MarketRules& r : kRules) {
    names += (names.empty() ? "" : ", ") + std::string(r.venue);
  }
  return names;
}

Result<std::vector<ConnectionPlan>> plan_connections(std::span<const Instrument> instruments,
                                                     std::span<const std::uint16_t> wanted,
                                                     std::string_view candles) {
  const CandleLength* const length = candle_length(candles);
  if (length == nullptr && !candles.empty()) {
    return fail_usage("candles of \"" + std::string(candles) + "\" are not to be had everywhere; " +
                      "those that are: " + candle_length_names());
  }
  const std::vector<std::uint8_t> numbers = venue_numbers(instruments);
  Planner planner;
  for (const std::uint16_t index : wanted) {
    const Instrument& instrument = instruments[index];
    const MarketRules* const rules = market_rules(instrument.venue);
    if (rules == nullptr) {
      return fail_usage("instrument " + instrument.id + ": there is no live market data of venue " +
                        instrument.venue + " here; those with: " + live_venue_names());
    }
    for (const TopicForm& form : kTopics) {
      if (form.venue != instrument.venue) continue;
      if (length == nullptr && form.text.contains('#')) continue;
      if (!form.text.contains('%') && !planner.is_first(form)) continue;
      const std::string text = topic_text(*rules, form.text, instrument.symbol, length);
      planner.add(*rules, numbers[index], form,
                  {index, form.channel, text, topic_mark(*rules, text, instrument.symbol)});
    }
  }
  return std::move(planner.plans);
}

std::string subscription_text(const MarketRules& rules, std::span<const MarketTopic> topics,
                              bool leaves, std::uint64_t id) {
  std::string list;
  for (const MarketTopic& t : topics) {
    if (!list.empty()) list += ',';
    list += rules.format == FrameFormat::kOkxRaw ? t.text : '"' + t.text + '"';
  }
  if (rules.format == FrameFormat::kBinanceRaw) {
    return std::string(R"({"method":")") + (leaves ? "UNSUBSCRIBE" : "SUBSCRIBE") +
           R"(","params":[)" + list + R"(],"id":)" + std::to_string(id) + "}";
  }
  const std::string op = leaves ? "unsubscribe" : "subscribe";
  if (rules.format == FrameFormat::kBybitRaw) {
    return R"({"req_id":")" + std::to_string(id) + R"(","op":")" + op + R"(","args":[)" + list +
           "]}";
  }
  return R"({"op":")" + op + R"(","args":[)" + list + "]}";
}

SnapshotRequest snapshot_request(const MarketRules& rules, const std::string& symbol,
                                 std::uint32_t levels) {
  const bool is_spot = rules.venue == "BINANCE_SPOT";
  const std::uint32_t limit = levels <= 100 ? 100 : levels <= 500 ? 500 : 1'000;
  const std::uint32_t spot_weight = limit == 100 ? 5 : limit == 500 ? 25 : 50;
  const std::uint32_t futures_weight = limit == 100 ? 5 : limit == 500 ? 10 : 20;
  return {std::string(is_spot ? "/api/v3/depth" : "/fapi/v1/depth") + "?symbol=" + symbol +
              "&limit=" + std::to_string(limit),
          is_spot ? spot_weight : futures_weight};
}

std::string interest_request(const MarketRules& rules, const std::string& symbol) {
  return rules.venue == "BINANCE_USDM" ? "/fapi/v1/openInterest?symbol=" + symbol : "";
}

StreamNote note_of(const MarketRules& rules, std::string_view message) noexcept {
  switch (rules.format) {
    case FrameFormat::kBybitRaw: return bybit_note(message);
    case FrameFormat::kOkxRaw: return okx_note(message);
    default: return binance_note(message);
  }
}

bool is_book_snapshot(const MarketRules& rules, std::string_view message) noexcept {
  if (!rules.is_chained) return false;
  const std::string_view head = message.substr(0, 160);
  if (rules.format == FrameFormat::kBybitRaw) {
    return holds(head, R"("orderbook.)") && holds(head, R"("snapshot")");
  }
  return holds(head, R"("channel":"books)") && holds(head, R"("snapshot")");
}

}  // namespace pinstripe
