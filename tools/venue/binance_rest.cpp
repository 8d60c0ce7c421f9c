// The REST table of Binance and the answers for one symbol.
#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "tools/venue/binance.h"

namespace pinstripe::venue {
namespace {

constexpr std::size_t kRestDepthMax = 5'000;

HttpAnswer refuse(unsigned status, int code, const std::string& message) {
  return {status, Json{{"code", code}, {"msg", message}}.dump(), {}, 0};
}

std::int64_t print_limit(const HttpAsk& ask) { return ask.number("limit", 500, 1'000); }

/// Index of the first of the newest prints that are asked for.
std::int64_t newest(const HttpAsk& ask, const VenueBook& book) {
  return std::max<std::int64_t>(0, std::ssize(book.prints) - print_limit(ask));
}

/// As many prints as are asked for from the `first` on, oldest first, each as `one` writes it; what
/// it leaves null is left out.
template <class One>
Json prints_from(const HttpAsk& ask, const VenueBook& book, std::int64_t first, One one) {
  Json out = Json::array();
  for (std::int64_t i = first; i < std::ssize(book.prints); ++i) {
    if (std::ssize(out) >= print_limit(ask)) break;
    Json trade = one(book.prints[static_cast<std::size_t>(i)]);
    if (!trade.is_null()) out.push_back(std::move(trade));
  }
  return out;
}

}  // namespace

BinanceProtocol::BinanceProtocol(VenueEngine& engine, ListingMarket market, bool limits)
    : engine_(engine),
      market_(market),
      is_spot_(market == ListingMarket::kBinance),
      limits_(limits),
      weight_(is_spot_ ? 6'000 : 2'400),
      topics_(engine.size()) {
  engine.add_listener(*this);
}

bool BinanceProtocol::serves(std::string_view path) const {
  const auto below = [&](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  };
  if (is_spot_) {
    return below("/api/v3") || below("/sapi") || below("/dapi") || below("/ws") ||
           below("/stream");
  }
  return below("/fapi") || below("/public") || below("/market") || below("/private");
}

const BinanceProtocol::Rest* BinanceProtocol::route(std::string_view path) const {
  using P = BinanceProtocol;
  static const Rest kSpot[] = {
      {"/api/v3/ping", 1, &P::ping, false},
      {"/api/v3/time", 1, &P::time, false},
      {"/api/v3/exchangeInfo", 20, &P::exchange_info, false},
      {"/api/v3/depth", 0, &P::depth, true},
      {"/api/v3/trades", 25, &P::trades, true},
      {"/api/v3/historicalTrades", 25, &P::trades, true},
      {"/api/v3/aggTrades", 4, &P::agg_trades, true},
      {"/api/v3/klines", 2, &P::klines, true},
      {"/api/v3/uiKlines", 2, &P::klines, true},
      {"/api/v3/avgPrice", 2, &P::average_price, true},
      {"/api/v3/ticker/24hr", 2, &P::ticker_day, false},
      {"/api/v3/ticker/price", 2, &P::ticker_price, false},
      {"/api/v3/ticker/bookTicker", 2, &P::ticker_touch, false},
      // What clients ask for beside markets; there is nothing of it here.
      {"/sapi/v1/capital/config/getall", 1, &P::no_list, false},
      {"/sapi/v1/margin/allPairs", 1, &P::no_list, false},
      {"/sapi/v1/margin/isolated/allPairs", 1, &P::no_list, false},
      {"/dapi/v1/exchangeInfo", 1, &P::no_symbols, false},
  };
  static const Rest kFutures[] = {
      {"/fapi/v1/ping", 1, &P::ping, false},
      {"/fapi/v1/time", 1, &P::time, false},
      {"/fapi/v1/exchangeInfo", 1, &P::exchange_info, false},
      {"/fapi/v1/depth", 0, &P::depth, true},
      {"/fapi/v1/trades", 5, &P::trades, true},
      {"/fapi/v1/historicalTrades", 20, &P::trades, true},
      {"/fapi/v1/aggTrades", 20, &P::agg_trades, true},
      {"/fapi/v1/klines", 0, &P::klines, true},
      {"/fapi/v1/premiumIndex", 1, &P::premium_index, false},
      {"/fapi/v1/fundingRate", 1, &P::funding_rates, true},
      {"/fapi/v1/fundingInfo", 1, &P::funding_info, false},
      {"/fapi/v1/openInterest", 1, &P::open_interest, true},
      {"/fapi/v1/ticker/24hr", 1, &P::ticker_day, false},
      {"/fapi/v1/ticker/price", 1, &P::ticker_price, false},
      {"/fapi/v2/ticker/price", 1, &P::ticker_price, false},
      {"/fapi/v1/ticker/bookTicker", 2, &P::ticker_touch, false},
  };
  const auto is_it = [&](const Rest& rest) { return path == rest.path; };
  if (is_spot_) {
    const auto* at = std::find_if(std::begin(kSpot), std::end(kSpot), is_it);
    return at == std::end(kSpot) ? nullptr : at;
  }
  const auto* at = std::find_if(std::begin(kFutures), std::end(kFutures), is_it);
  return at == std::end(kFutures) ? nullptr : at;
}

/// Depth and klines by their limit; tickers of all symbols cost what the documents say.
std::int64_t BinanceProtocol::weight_of(const Rest& rest, const HttpAsk& ask) const {
  const bool all = ask.value("symbol").empty();
  const std::string_view path = rest.path;
  if (path.ends_with("/depth")) {
    const std::int64_t limit = ask.number("limit", is_spot_ ? 100 : 500, kRestDepthMax);
    if (is_spot_) return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1'000 ? 50 : 250;
    return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
  }
  if (path == "/fapi/v1/klines") {
    const std::int64_t limit = ask.number("limit", 500, 1'500);
    return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1'000 ? 5 : 10;
  }
  if (path.ends_with("/ticker/24hr") && all) return is_spot_ ? 80 : 40;
  if (path.ends_with("/ticker/bookTicker") && all) return is_spot_ ? 4 : 5;
  if (path.ends_with("/ticker/price") && all) return is_spot_ ? 4 : 2;
  if (path.ends_with("/premiumIndex") && all) return 10;
  return rest.weight;
}

HttpAnswer BinanceProtocol::answer(const HttpAsk& ask, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const Rest* rest = route(ask.path);
  const std::int64_t weight = rest == nullptr ? 1 : weight_of(*rest, ask);
  const LimitVerdict verdict = weight_.charge(ask.address, weight, now_ms);
  HttpAnswer answer;
  if (limits_ && verdict.status != 200) {
    const std::string text =
        verdict.status == 429
            ? "Too much request weight used; current limit is " +
                  std::to_string(weight_.limit()) +
                  " request weight per 1 MINUTE. Please use WebSocket Streams for live updates to "
                  "avoid polling the API."
            : "Way too much request weight used; IP banned until " +
                  std::to_string(shown_ms() + verdict.retry_after_s * 1'000) +
                  ". Please use WebSocket Streams for live updates to avoid bans.";
    answer = refuse(verdict.status, -1003, text);
    answer.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  } else if (rest == nullptr) {
    answer = refuse(404, -5000, "Path " + ask.path + ", Method " + ask.method + " is invalid");
  } else {
    answer = run_route(*rest, ask);
  }
  answer.headers.emplace_back("X-MBX-USED-WEIGHT", std::to_string(verdict.used));
  answer.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(verdict.used));
  return answer;
}

HttpAnswer BinanceProtocol::run_route(const Rest& rest, const HttpAsk& ask) const {
  const std::string symbol = ask.value("symbol");
  if (rest.needs_symbol && symbol.empty()) {
    return refuse(400, -1102,
                  "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
  }
  const VenueBook* book = symbol.empty() ? nullptr : engine_.find(market_, symbol);
  if (!symbol.empty() && book == nullptr) return refuse(400, -1121, "Invalid symbol.");
  const bool wants_interval = rest.run == &BinanceProtocol::klines;
  if (wants_interval && interval_minutes(ask.value("interval").c_str()) == 0) {
    return refuse(400, -1120, "Invalid interval.");
  }
  return {200, (this->*rest.run)(ask, book).dump(), {}, 0};
}

Json BinanceProtocol::time(const HttpAsk&, const VenueBook*) const {
  return {{"serverTime", shown_ms()}};
}

Json BinanceProtocol::depth(const HttpAsk& ask, const VenueBook* book) const {
  const auto limit = static_cast<std::size_t>(
      ask.number("limit", is_spot_ ? 100 : 500, is_spot_ ? kRestDepthMax : 1'000));
  const ShownLevels shown = shown_levels(book->book, limit);
  Json out{{"lastUpdateId", book->update_id}};
  if (!is_spot_) {
    out["E"] = shown_ms();
    out["T"] = book->changed_ms;
  }
  out["bids"] = levels(*book, shown.bids);
  out["asks"] = levels(*book, shown.asks);
  return out;
}

Json BinanceProtocol::trades(const HttpAsk& ask, const VenueBook* book) const {
  return prints_from(ask, *book, newest(ask, *book), [&](const Print& p) {
    const std::int64_t quote = product_e8(book->price_e8(p.price_ticks), book->qty_e8(p.lots));
    Json trade{{"id", p.id},
               {"price", price(*book, p.price_ticks)},
               {"qty", qty(*book, p.lots)},
               {"quoteQty", money(quote)},
               {"time", p.time_ms},
               {"isBuyerMaker", !p.taker_buys}};
    if (is_spot_) trade["isBestMatch"] = true;
    return trade;
  });
}

/// From an id or a time on the oldest, else the newest.
Json BinanceProtocol::agg_trades(const HttpAsk& ask, const VenueBook* book) const {
  const std::int64_t from_id = ask.number("fromId", 0, INT64_MAX);
  const std::int64_t from_ms = ask.number("startTime", 0, INT64_MAX);
  const std::int64_t to_ms = ask.number("endTime", INT64_MAX, INT64_MAX);
  const bool is_newest = ask.value("fromId").empty() && ask.value("startTime").empty();
  return prints_from(ask, *book, is_newest ? newest(ask, *book) : 0, [&](const Print& p) -> Json {
    const auto id = static_cast<std::int64_t>(p.id);
    if (id < from_id || p.time_ms < from_ms || p.time_ms > to_ms) return nullptr;
    Json trade{{"a", p.id},
               {"p", price(*book, p.price_ticks)},
               {"q", qty(*book, p.lots)},
               {"f", p.id},
               {"l", p.id},
               {"T", p.time_ms},
               {"m", !p.taker_buys}};
    if (is_spot_) trade["M"] = true;
    return trade;
  });
}

Json BinanceProtocol::klines(const HttpAsk& ask, const VenueBook* book) const {
  const std::int64_t minutes = interval_minutes(ask.value("interval").c_str());
  const std::string from = ask.value("startTime", "0");
  const std::string to = ask.value("endTime", std::to_string(INT64_MAX));
  const auto limit =
      static_cast<std::size_t>(ask.number("limit", 500, is_spot_ ? 1'000 : 1'500));
  Json out = Json::array();
  for (const Candle& c : book->candles.of_length(minutes, std::strtoll(from.c_str(), nullptr, 10),
                                                 std::strtoll(to.c_str(), nullptr, 10), limit)) {
    out.push_back(Json::array(
        {c.open_ms, price(*book, c.open), price(*book, c.high), price(*book, c.low),
         price(*book, c.close), qty(*book, c.lots), c.open_ms + minutes * kMinuteMs - 1,
         money(c.quote_e8), c.trades, qty(*book, c.buy_lots), money(c.buy_quote_e8), "0"}));
  }
  return out;
}

Json BinanceProtocol::average_price(const HttpAsk&, const VenueBook* book) const {
  const Candle& c = book->candles.minutes().back();
  const std::int64_t average = c.lots == 0 ? book->price_e8(c.close)
                                           : ratio_e8(c.quote_e8, book->qty_e8(c.lots));
  return {{"mins", 1}, {"price", money(average)}, {"closeTime", shown_ms()}};
}

Json BinanceProtocol::open_interest(const HttpAsk&, const VenueBook* book) const {
  return {{"openInterest", qty(*book, book->open_interest_lots)},
          {"symbol", book->listing.symbol},
          {"time", shown_ms()}};
}

/// The synthetic market's rate is constant, so that past periods had the running one. From a start
/// on the oldest come first, else the newest.
Json BinanceProtocol::funding_rates(const HttpAsk& ask, const VenueBook* book) const {
  const std::int64_t limit = ask.number("limit", 100, 1'000);
  const std::int64_t now = shown_ms();
  const std::int64_t to = std::min(ask.number("endTime", now, INT64_MAX), now);
  const std::int64_t last = to / kFundingPeriodMs * kFundingPeriodMs;
  std::int64_t time = last - (limit - 1) * kFundingPeriodMs;
  if (!ask.value("startTime").empty()) {
    const std::int64_t from = ask.number("startTime", 1, INT64_MAX / 2);
    time = (from + kFundingPeriodMs - 1) / kFundingPeriodMs * kFundingPeriodMs;
  }
  Json out = Json::array();
  for (; time <= last && std::ssize(out) < limit; time += kFundingPeriodMs) {
    out.push_back({{"symbol", book->listing.symbol},
                   {"fundingTime", time},
                   {"fundingRate", money(book->mark.rate_e8)},
                   {"markPrice", money(book->mark.mark_e8)}});
  }
  return out;
}

}  // namespace pinstripe::venue
