// Instrument definitions and tickers of Binance, and how it writes numbers.
#include "tools/venue/binance.h"
#include "tools/venue/touch.h"

namespace pinstripe::venue {

std::string BinanceProtocol::price(const VenueBook& book, std::int64_t ticks) const {
  const int places = is_spot_ ? 8 : decimals_of(book.listing.tick_e8);
  return fixed_text(book.price_e8(ticks), places);
}

std::string BinanceProtocol::qty(const VenueBook& book, std::int64_t lots) const {
  const int places = is_spot_ ? 8 : decimals_of(book.listing.lot_e8);
  return fixed_text(book.qty_e8(lots), places);
}

Json BinanceProtocol::levels(const VenueBook& book, const std::vector<ShownLevel>& side) const {
  Json out = Json::array();
  for (const ShownLevel& l : side) {
    out.push_back(Json::array({price(book, l.price_ticks), qty(book, l.lots)}));
  }
  return out;
}

/// Change from one price to another in percent with three places: "-0.125".
std::string BinanceProtocol::percent(std::int64_t from, std::int64_t to) const {
  return fixed_text(ratio_e8((to - from) * 100, from), 3);
}

template <class One>
Json BinanceProtocol::one_or_all(const VenueBook* book, One one) const {
  if (book != nullptr) return one(*book);
  Json all = Json::array();
  for (ListingIndex i = 0; i < engine_.size(); ++i) {
    if (engine_.at(i).listing.market == market_) all.push_back(one(engine_.at(i)));
  }
  return all;
}

namespace {

Json filters_of(const VenueBook& b, bool is_spot) {
  const std::int64_t tick = b.listing.tick_e8;
  const std::int64_t lot = b.listing.lot_e8;
  const auto text = [&](std::int64_t e8, std::int64_t step) {
    return fixed_text(e8, is_spot ? 8 : decimals_of(step));
  };
  Json f = Json::array();
  f.push_back({{"filterType", "PRICE_FILTER"},
               {"minPrice", text(tick, tick)},
               {"maxPrice", text(tick * 100'000'000, tick)},
               {"tickSize", text(tick, tick)}});
  f.push_back({{"filterType", "LOT_SIZE"},
               {"minQty", text(lot, lot)},
               {"maxQty", text(lot * 10'000'000, lot)},
               {"stepSize", text(lot, lot)}});
  f.push_back({{"filterType", "MARKET_LOT_SIZE"},
               {"minQty", text(lot, lot)},
               {"maxQty", text(lot * 1'000'000, lot)},
               {"stepSize", text(lot, lot)}});
  if (is_spot) {
    f.push_back({{"filterType", "NOTIONAL"},
                 {"minNotional", "5.00000000"},
                 {"applyMinToMarket", true},
                 {"maxNotional", "9000000.00000000"},
                 {"applyMaxToMarket", false},
                 {"avgPriceMins", 5}});
    f.push_back({{"filterType", "MAX_NUM_ORDERS"}, {"maxNumOrders", 200}});
  } else {
    f.push_back({{"filterType", "MIN_NOTIONAL"}, {"notional", "5"}});
    f.push_back({{"filterType", "MAX_NUM_ORDERS"}, {"limit", 200}});
    f.push_back({{"filterType", "PERCENT_PRICE"},
                 {"multiplierUp", "1.0500"},
                 {"multiplierDown", "0.9500"},
                 {"multiplierDecimal", "4"}});
  }
  return f;
}

}  // namespace

Json BinanceProtocol::symbol_info(const VenueBook& b) const {
  const Listing& l = b.listing;
  Json s{{"symbol", l.symbol}};
  if (is_spot_) {
    s["status"] = l.trades ? "TRADING" : "HALT";
    s["baseAsset"] = l.base;
    s["baseAssetPrecision"] = 8;
    s["quoteAsset"] = l.quote;
    s["quotePrecision"] = 8;
    s["quoteAssetPrecision"] = 8;
    s["baseCommissionPrecision"] = 8;
    s["quoteCommissionPrecision"] = 8;
    s["orderTypes"] = {"LIMIT", "LIMIT_MAKER", "MARKET"};
    for (const char* key : {"icebergAllowed", "ocoAllowed", "isMarginTradingAllowed"}) {
      s[key] = false;
    }
    s["isSpotTradingAllowed"] = true;
    s["quoteOrderQtyMarketAllowed"] = false;
    s["filters"] = filters_of(b, true);
    s["permissions"] = Json::array();
    s["permissionSets"] = Json::array({Json::array({"SPOT"})});
    return s;
  }
  s["pair"] = l.symbol;
  s["contractType"] = "PERPETUAL";
  s["deliveryDate"] = 4'133'404'800'000;
  s["onboardDate"] = 1'569'398'400'000;
  s["status"] = l.trades ? "TRADING" : "SETTLING";
  s["maintMarginPercent"] = "2.5000";
  s["requiredMarginPercent"] = "5.0000";
  s["baseAsset"] = l.base;
  s["quoteAsset"] = l.quote;
  s["marginAsset"] = l.quote;
  s["pricePrecision"] = decimals_of(l.tick_e8);
  s["quantityPrecision"] = decimals_of(l.lot_e8);
  s["baseAssetPrecision"] = 8;
  s["quotePrecision"] = 8;
  s["underlyingType"] = "COIN";
  s["underlyingSubType"] = Json::array();
  s["triggerProtect"] = "0.0500";
  s["liquidationFee"] = "0.012500";
  s["marketTakeBound"] = "0.05";
  s["filters"] = filters_of(b, false);
  s["orderTypes"] = {"LIMIT", "MARKET"};
  s["timeInForce"] = {"GTC", "IOC", "FOK", "GTX"};
  return s;
}

Json BinanceProtocol::exchange_info(const HttpAsk&, const VenueBook* book) const {
  Json limits = Json::array();
  limits.push_back({{"rateLimitType", "REQUEST_WEIGHT"},
                    {"interval", "MINUTE"},
                    {"intervalNum", 1},
                    {"limit", weight_.limit()}});
  limits.push_back({{"rateLimitType", "ORDERS"},
                    {"interval", "SECOND"},
                    {"intervalNum", 10},
                    {"limit", is_spot_ ? 100 : 300}});
  Json out{{"timezone", "UTC"}, {"serverTime", shown_ms()}};
  if (!is_spot_) out["futuresType"] = "U_MARGINED";
  out["rateLimits"] = std::move(limits);
  out["exchangeFilters"] = Json::array();
  if (!is_spot_) {
    out["assets"] = Json::array({Json{{"asset", "USDT"}, {"marginAvailable", true},
                                      {"autoAssetExchange", "-10000"}}});
  }
  Json symbols = one_or_all(book, [&](const VenueBook& b) { return symbol_info(b); });
  out["symbols"] = book == nullptr ? std::move(symbols) : Json::array({std::move(symbols)});
  return out;
}

Json BinanceProtocol::no_symbols(const HttpAsk&, const VenueBook*) const {
  return {{"timezone", "UTC"}, {"serverTime", shown_ms()}, {"rateLimits", Json::array()},
          {"symbols", Json::array()}};
}

Json BinanceProtocol::ticker_day(const HttpAsk&, const VenueBook* book) const {
  return one_or_all(book, [&](const VenueBook& b) {
    const Candle day = b.candles.day();
    const auto [bid, ask] = touch_of(b.book);
    Json t{{"symbol", b.listing.symbol},
           {"priceChange", price(b, day.close - day.open)},
           {"priceChangePercent", percent(day.open, day.close)},
           {"weightedAvgPrice", money(ratio_e8(day.quote_e8, b.qty_e8(day.lots)))},
           {"lastPrice", price(b, day.close)},
           {"lastQty", qty(b, b.prints.empty() ? 0 : b.prints.back().lots)}};
    if (is_spot_) {
      t["prevClosePrice"] = price(b, day.open);
      t["bidPrice"] = price(b, bid.price_ticks);
      t["bidQty"] = qty(b, bid.lots);
      t["askPrice"] = price(b, ask.price_ticks);
      t["askQty"] = qty(b, ask.lots);
    }
    t["openPrice"] = price(b, day.open);
    t["highPrice"] = price(b, day.high);
    t["lowPrice"] = price(b, day.low);
    t["volume"] = qty(b, day.lots);
    t["quoteVolume"] = money(day.quote_e8);
    t["openTime"] = day.open_ms;
    t["closeTime"] = shown_ms();
    t["firstId"] = day.first_trade;
    t["lastId"] = day.last_trade;
    t["count"] = day.trades;
    return t;
  });
}

Json BinanceProtocol::ticker_price(const HttpAsk&, const VenueBook* book) const {
  return one_or_all(book, [&](const VenueBook& b) {
    Json t{{"symbol", b.listing.symbol}, {"price", price(b, b.last_price_ticks())}};
    if (!is_spot_) t["time"] = shown_ms();
    return t;
  });
}

Json BinanceProtocol::ticker_touch(const HttpAsk&, const VenueBook* book) const {
  return one_or_all(book, [&](const VenueBook& b) {
    const auto [bid, ask] = touch_of(b.book);
    Json t{{"symbol", b.listing.symbol}, {"bidPrice", price(b, bid.price_ticks)},
           {"bidQty", qty(b, bid.lots)}, {"askPrice", price(b, ask.price_ticks)},
           {"askQty", qty(b, ask.lots)}};
    if (!is_spot_) {
      t["time"] = b.changed_ms;
      t["lastUpdateId"] = b.update_id;
    }
    return t;
  });
}

Json BinanceProtocol::premium_index(const HttpAsk&, const VenueBook* book) const {
  return one_or_all(book, [&](const VenueBook& b) {
    return Json{{"symbol", b.listing.symbol},
                {"markPrice", money(b.mark.mark_e8)},
                {"indexPrice", money(b.mark.index_e8)},
                {"estimatedSettlePrice", money(b.mark.index_e8)},
                {"lastFundingRate", money(b.mark.rate_e8)},
                {"interestRate", "0.00010000"},
                {"nextFundingTime", b.mark.next_funding_ms},
                {"time", shown_ms()}};
  });
}

Json BinanceProtocol::funding_info(const HttpAsk&, const VenueBook* book) const {
  return one_or_all(book, [&](const VenueBook& b) {
    return Json{{"symbol", b.listing.symbol},
                {"adjustedFundingRateCap", "0.02000000"},
                {"adjustedFundingRateFloor", "-0.02000000"},
                {"fundingIntervalHours", 8},
                {"disclaimer", false}};
  });
}

}  // namespace pinstripe::venue
