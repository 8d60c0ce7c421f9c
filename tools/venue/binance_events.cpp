// The messages of Binance's streams, field by field in the venue's order.
#include "tools/venue/binance.h"
#include "tools/venue/touch.h"

namespace pinstripe::venue {
namespace {

constexpr int kUsdMargined = 1;  // "st" of every futures message: which kind of contract it is

/// What lies at these prices now; 0 lots where nothing does.
template <class Side>
std::vector<ShownLevel> levels_at(const Side& side, const std::set<std::int64_t>& prices) {
  std::vector<ShownLevel> levels;
  for (const std::int64_t price : prices) {
    const auto at = side.find(price);
    levels.push_back({price, at == side.end() ? 0 : at->second.lots, 0});
  }
  return levels;
}

}  // namespace

/// Spot: U = last u + 1. USD-M adds T and pu = last u. Every level that was touched is told, also
/// where it is again what it was: a client's snapshot may lie in between.
Json BinanceProtocol::depth_event(Topic& topic, const VenueBook& b) const {
  const ShownLevels changes{levels_at(b.book.bids(), topic.touched_bids),
                            levels_at(b.book.asks(), topic.touched_asks)};
  topic.touched_bids.clear();
  topic.touched_asks.clear();
  Json e{{"e", "depthUpdate"}, {"E", shown_ms()}};
  if (!is_spot_) e["T"] = b.changed_ms;
  e["s"] = b.listing.symbol;
  if (!is_spot_) e["ps"] = b.listing.symbol;
  e["U"] = topic.last_id + 1;
  e["u"] = b.update_id;
  if (!is_spot_) e["pu"] = topic.last_id;
  e["b"] = levels(b, changes.bids);
  e["a"] = levels(b, changes.asks);
  if (!is_spot_) e["st"] = kUsdMargined;
  topic.last_id = b.update_id;
  return e;
}

Json BinanceProtocol::levels_event(const Topic& topic, const VenueBook& b) const {
  const ShownLevels& shown = topic.view.told();
  if (is_spot_) {
    return {{"lastUpdateId", b.update_id},
            {"bids", levels(b, shown.bids)},
            {"asks", levels(b, shown.asks)}};
  }
  return {{"e", "depthUpdate"}, {"E", shown_ms()}, {"T", b.changed_ms}, {"s", b.listing.symbol},
          {"U", b.update_id}, {"u", b.update_id}, {"pu", b.update_id - 1},
          {"b", levels(b, shown.bids)}, {"a", levels(b, shown.asks)}};
}

Json BinanceProtocol::touch_event(const VenueBook& b) const {
  const auto [bid, ask] = touch_of(b.book);
  Json e = Json::object();
  if (!is_spot_) e["e"] = "bookTicker";
  e["u"] = b.update_id;
  e["s"] = b.listing.symbol;
  e["b"] = price(b, bid.price_ticks);
  e["B"] = qty(b, bid.lots);
  e["a"] = price(b, ask.price_ticks);
  e["A"] = qty(b, ask.lots);
  if (!is_spot_) {
    e["T"] = b.changed_ms;
    e["E"] = shown_ms();
    e["st"] = kUsdMargined;
    e["ps"] = b.listing.symbol;
  }
  return e;
}

Json BinanceProtocol::candle_event(const Topic& topic, const VenueBook& b, const Candle& c,
                                   bool is_closed) const {
  const std::int64_t first = c.trades == 0 ? -1 : static_cast<std::int64_t>(c.first_trade);
  const std::int64_t last = c.trades == 0 ? -1 : static_cast<std::int64_t>(c.last_trade);
  return {{"e", "kline"},
          {"E", shown_ms()},
          {"s", b.listing.symbol},
          {"k",
           {{"t", c.open_ms},
            {"T", c.open_ms + topic.minutes * kMinuteMs - 1},
            {"s", b.listing.symbol},
            {"i", topic.word},
            {"f", first},
            {"L", last},
            {"o", price(b, c.open)},
            {"c", price(b, c.close)},
            {"h", price(b, c.high)},
            {"l", price(b, c.low)},
            {"v", qty(b, c.lots)},
            {"n", c.trades},
            {"x", is_closed},
            {"q", money(c.quote_e8)},
            {"V", qty(b, c.buy_lots)},
            {"Q", money(c.buy_quote_e8)},
            {"B", "0"}}}};
}

Json BinanceProtocol::ticker_event(const Topic& topic, const VenueBook& b) const {
  const Candle day = b.candles.day();
  if (topic.kind == TopicKind::kMiniTicker) {
    return {{"e", "24hrMiniTicker"}, {"E", shown_ms()}, {"s", b.listing.symbol},
            {"c", price(b, day.close)}, {"o", price(b, day.open)}, {"h", price(b, day.high)},
            {"l", price(b, day.low)}, {"v", qty(b, day.lots)}, {"q", money(day.quote_e8)}};
  }
  const auto [bid, ask] = touch_of(b.book);
  Json e{{"e", "24hrTicker"},
         {"E", shown_ms()},
         {"s", b.listing.symbol},
         {"p", price(b, day.close - day.open)},
         {"P", percent(day.open, day.close)},
         {"w", money(ratio_e8(day.quote_e8, b.qty_e8(day.lots)))}};
  if (is_spot_) e["x"] = price(b, day.open);
  e["c"] = price(b, day.close);
  e["Q"] = qty(b, b.prints.empty() ? 0 : b.prints.back().lots);
  if (is_spot_) {
    e["b"] = price(b, bid.price_ticks);
    e["B"] = qty(b, bid.lots);
    e["a"] = price(b, ask.price_ticks);
    e["A"] = qty(b, ask.lots);
  }
  e["o"] = price(b, day.open);
  e["h"] = price(b, day.high);
  e["l"] = price(b, day.low);
  e["v"] = qty(b, day.lots);
  e["q"] = money(day.quote_e8);
  e["O"] = day.open_ms;
  e["C"] = shown_ms();
  e["F"] = day.first_trade;
  e["L"] = day.last_trade;
  e["n"] = day.trades;
  if (!is_spot_) e["st"] = kUsdMargined;
  return e;
}

Json BinanceProtocol::mark_event(const VenueBook& b) const {
  return {{"e", "markPriceUpdate"},      {"E", shown_ms()},
          {"s", b.listing.symbol},       {"p", money(b.mark.mark_e8)},
          {"P", money(b.mark.index_e8)}, {"i", money(b.mark.index_e8)},
          {"r", money(b.mark.rate_e8)},  {"T", b.mark.next_funding_ms},
          {"st", kUsdMargined}};
}

Json BinanceProtocol::trade_event(const Topic& topic, const VenueBook& b, const Print& p) const {
  Json e{{"e", topic.kind == TopicKind::kTrade ? "trade" : "aggTrade"}, {"E", shown_ms()}};
  if (topic.kind == TopicKind::kTrade) {
    if (!is_spot_) e["T"] = p.time_ms;
    e["s"] = b.listing.symbol;
    e["t"] = p.id;
    e["p"] = price(b, p.price_ticks);
    e["q"] = qty(b, p.lots);
    if (is_spot_) e["T"] = p.time_ms;
    if (!is_spot_) e["X"] = "MARKET";
    e["m"] = !p.taker_buys;
  } else {
    e["s"] = b.listing.symbol;
    e["a"] = p.id;
    e["p"] = price(b, p.price_ticks);
    e["q"] = qty(b, p.lots);
    e["f"] = p.id;
    e["l"] = p.id;
    e["T"] = p.time_ms;
    e["m"] = !p.taker_buys;
  }
  if (is_spot_) {
    e["M"] = true;
  } else {
    e["st"] = kUsdMargined;
  }
  return e;
}

Json BinanceProtocol::liquidation_event(const VenueBook& b, const Print& p) const {
  return {{"e", "forceOrder"},
          {"E", shown_ms()},
          {"o",
           {{"s", b.listing.symbol},
            {"S", p.taker_buys ? "BUY" : "SELL"},
            {"o", "LIMIT"},
            {"f", "IOC"},
            {"q", qty(b, p.lots)},
            {"p", price(b, p.price_ticks)},
            {"ap", price(b, p.price_ticks)},
            {"X", "FILLED"},
            {"l", qty(b, p.lots)},
            {"z", qty(b, p.lots)},
            {"T", p.time_ms}}}};
}

}  // namespace pinstripe::venue
