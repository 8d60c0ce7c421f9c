// REST of Bybit: every answer is HTTP 200 with a retCode, but for limits and unknown paths.
#include <algorithm>
#include <cstdlib>

#include "tools/venue/bybit.h"
#include "tools/venue/touch.h"

namespace pinstripe::venue {
namespace {


std::int64_t time_of(const HttpAsk& ask, const char* key, std::int64_t otherwise) {
  const std::string text = ask.value(key);
  return text.empty() ? otherwise : std::strtoll(text.c_str(), nullptr, 10);
}

std::optional<ListingMarket> market_named(const std::string& category) {
  if (category == "spot") return ListingMarket::kBybit;
  if (category == "linear") return ListingMarket::kBybitLinear;
  return std::nullopt;
}

/// Minutes of "1" ... "720" and "D"; 0: none of these.
std::int64_t kline_minutes(const std::string& interval) {
  for (const char* known : {"1", "3", "5", "15", "30", "60", "120", "240", "360", "720"}) {
    if (interval == known) return std::atoll(known);
  }
  return interval == "D" ? 1'440 : 0;
}

}  // namespace

BybitProtocol::BybitProtocol(VenueEngine& engine, bool limits)
    : engine_(engine), limits_(limits), topics_(engine.size()) {
  engine.add_listener(*this);
}

HttpAnswer BybitProtocol::answer(const HttpAsk& ask, std::int64_t now_ms) {
  now_ms_ = now_ms;
  if (limits_ && !requests_.charge(ask.address, now_ms)) {
    return {403, Json{{"retCode", 10006},
                      {"retMsg", "access too frequent: more than 600 requests in 5 seconds"},
                      {"result", Json::object()}, {"time", shown_ms()}}.dump(), {}, 0};
  }
  Json out{{"retCode", 0}, {"retMsg", "OK"}};
  const bool known = ask.path.starts_with("/v5/market/") || ask.path == "/v5/asset/coin/query-info";
  if (!known) {
    return {404, Json{{"retCode", 404}, {"retMsg", "no such path: " + ask.path}}.dump(), {}, 0};
  }
  Reply reply = run(ask);
  if (!reply) {
    out["retCode"] = 10001;
    out["retMsg"] = reply.error().message;
  }
  out["result"] = reply ? std::move(*reply) : Json::object();
  out["retExtInfo"] = Json::object();
  out["time"] = shown_ms();
  return {200, out.dump(), {}, 0};
}

BybitProtocol::Reply BybitProtocol::run(const HttpAsk& ask) const {
  const std::string& p = ask.path;
  if (p == "/v5/market/time") {
    return Json{{"timeSecond", std::to_string(shown_ms() / 1'000)},
                {"timeNano", std::to_string(shown_ms() * 1'000'000)}};
  }
  if (p == "/v5/market/instruments-info") return instruments(ask);
  if (p == "/v5/market/orderbook") return order_book(ask);
  if (p == "/v5/market/tickers") return tickers(ask);
  if (p == "/v5/market/kline") return klines(ask);
  if (p == "/v5/market/recent-trade") return trades(ask);
  if (p == "/v5/market/funding/history") return funding_history(ask);
  if (p == "/v5/market/open-interest") return open_interest(ask);
  if (p == "/v5/asset/coin/query-info") return Json{{"rows", Json::array()}};
  return fail("no such market path: " + p);
}

Result<const VenueBook*> BybitProtocol::book_of(const HttpAsk& ask) const {
  const auto market = market_named(ask.value("category", "linear"));
  const VenueBook* book = market ? engine_.find(*market, ask.value("symbol")) : nullptr;
  if (book == nullptr) return fail("params error: symbol invalid");
  return book;
}

/// Contracts come in pages, spot whole; inverse, options and pre-launch are there and empty.
BybitProtocol::Reply BybitProtocol::instruments(const HttpAsk& ask) const {
  const std::string category = ask.value("category");
  if (category.empty()) return fail("params error: category is required");
  const auto market = market_named(category);
  const std::string symbol = ask.value("symbol");
  const bool none = !market || (!ask.value("status").empty() && ask.value("status") != "Trading");
  const std::size_t from = static_cast<std::size_t>(time_of(ask, "cursor", 0));
  const std::size_t limit = category == "spot"
                                ? engine_.size()
                                : static_cast<std::size_t>(ask.number("limit", 500, 1'000));
  Json list = Json::array();
  std::size_t seen = 0;
  bool more = false;
  for (ListingIndex i = 0; !none && i < engine_.size(); ++i) {
    const VenueBook& b = engine_.at(i);
    if (b.listing.market != *market || (!symbol.empty() && b.listing.symbol != symbol)) continue;
    if (seen++ < from) continue;
    if ((more = list.size() == limit)) break;
    list.push_back(instrument(b, i));
  }
  Json out{{"category", category}, {"list", std::move(list)}};
  if (category != "spot") out["nextPageCursor"] = more ? std::to_string(from + limit) : "";
  return out;
}

BybitProtocol::Reply BybitProtocol::order_book(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  const bool spot = b.listing.market == ListingMarket::kBybit;
  const auto limit =
      static_cast<std::size_t>(ask.number("limit", spot ? 1 : 25, spot ? 200 : 500));
  const ShownLevels shown = shown_levels(b.book, limit);
  return Json{{"s", b.listing.symbol}, {"b", levels(b, shown.bids)}, {"a", levels(b, shown.asks)},
              {"ts", shown_ms()}, {"u", b.update_id}, {"seq", b.update_id},
              {"cts", b.changed_ms}};
}

BybitProtocol::Reply BybitProtocol::tickers(const HttpAsk& ask) const {
  const std::string category = ask.value("category");
  const auto market = market_named(category);
  if (!ask.value("symbol").empty()) {
    const auto found = book_of(ask);
    if (!found) return std::unexpected(found.error());
  }
  Json list = Json::array();
  for (ListingIndex i = 0; market && i < engine_.size(); ++i) {
    const VenueBook& b = engine_.at(i);
    const bool asked = ask.value("symbol").empty() || ask.value("symbol") == b.listing.symbol;
    if (b.listing.market != *market || !asked) continue;
    Json t = ticker(b);
    const BookTouch touch = touch_of(b.book);
    const bool has_bid = touch.bid.lots > 0;
    const bool has_ask = touch.ask.lots > 0;
    t["bid1Price"] = has_bid ? price(b, touch.bid.price_ticks) : "";
    t["bid1Size"] = has_bid ? qty(b, touch.bid.lots) : "";
    t["ask1Price"] = has_ask ? price(b, touch.ask.price_ticks) : "";
    t["ask1Size"] = has_ask ? qty(b, touch.ask.lots) : "";
    list.push_back(std::move(t));
  }
  return Json{{"category", category}, {"list", std::move(list)}};
}

BybitProtocol::Reply BybitProtocol::klines(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  const std::int64_t minutes = kline_minutes(ask.value("interval"));
  if (minutes == 0) return fail("params error: interval invalid");
  const auto candles = b.candles.of_length(
      minutes, time_of(ask, "start", 0), time_of(ask, "end", INT64_MAX),
      static_cast<std::size_t>(ask.number("limit", 200, 1'000)));
  Json list = Json::array();
  for (auto c = candles.rbegin(); c != candles.rend(); ++c) {  // newest first
    list.push_back(Json::array({std::to_string(c->open_ms), price(b, c->open), price(b, c->high),
                                price(b, c->low), price(b, c->close), qty(b, c->lots),
                                short_text(c->quote_e8)}));
  }
  return Json{{"category", ask.value("category", "linear")},
              {"symbol", b.listing.symbol},
              {"list", std::move(list)}};
}

BybitProtocol::Reply BybitProtocol::trades(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  const bool spot = b.listing.market == ListingMarket::kBybit;
  auto left = ask.number("limit", spot ? 60 : 500, spot ? 60 : 1'000);
  Json list = Json::array();
  for (auto p = b.prints.rbegin(); p != b.prints.rend() && left-- > 0; ++p) {  // newest first
    list.push_back({{"execId", trade_id(b, *p)}, {"symbol", b.listing.symbol},
                    {"price", price(b, p->price_ticks)}, {"size", qty(b, p->lots)},
                    {"side", p->taker_buys ? "Buy" : "Sell"},
                    {"time", std::to_string(p->time_ms)}, {"isBlockTrade", false},
                    {"isRPITrade", false}});
  }
  return Json{{"category", ask.value("category")}, {"list", std::move(list)}};
}

/// The synthetic market's rate is constant, so that past periods had the running one.
BybitProtocol::Reply BybitProtocol::funding_history(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  const std::int64_t to = std::min(time_of(ask, "endTime", shown_ms()), shown_ms());
  const std::int64_t last = to / kFundingPeriodMs * kFundingPeriodMs;
  Json list = Json::array();
  for (std::int64_t i = 0; i < ask.number("limit", 200, 200); ++i) {  // newest first
    const std::int64_t time = last - i * kFundingPeriodMs;
    if (time < time_of(ask, "startTime", 0)) break;
    list.push_back({{"symbol", b.listing.symbol}, {"fundingRate", short_text(b.mark.rate_e8)},
                    {"fundingRateTimestamp", std::to_string(time)}});
  }
  return Json{{"category", ask.value("category")}, {"list", std::move(list)}};
}

BybitProtocol::Reply BybitProtocol::open_interest(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  Json list = Json::array();
  list.push_back({{"openInterest", qty(b, b.open_interest_lots)},
                  {"timestamp", std::to_string(shown_ms())}});
  return Json{{"category", ask.value("category")}, {"symbol", b.listing.symbol},
              {"list", std::move(list)}, {"nextPageCursor", ""}};
}

}  // namespace pinstripe::venue
