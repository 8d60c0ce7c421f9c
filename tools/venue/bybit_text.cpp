// Instruments, tickers and numbers as Bybit writes them.
#include "tools/venue/bybit.h"
#include "tools/venue/touch.h"

namespace pinstripe::venue {

std::string BybitProtocol::price(const VenueBook& b, std::int64_t ticks) const {
  return fixed_text(b.price_e8(ticks), decimals_of(b.listing.tick_e8));
}

/// A level that is gone has the quantity "0".
std::string BybitProtocol::qty(const VenueBook& b, std::int64_t lots) const {
  return lots == 0 ? "0" : fixed_text(b.qty_e8(lots), decimals_of(b.listing.lot_e8));
}

Json BybitProtocol::levels(const VenueBook& b, const std::vector<ShownLevel>& side) const {
  Json out = Json::array();
  for (const ShownLevel& l : side) {
    out.push_back(Json::array({price(b, l.price_ticks), qty(b, l.lots)}));
  }
  return out;
}

/// Spot ids are numbers, those of contracts UUIDs.
std::string BybitProtocol::trade_id(const VenueBook& b, const Print& p) const {
  std::string number = std::to_string(p.id);
  if (b.listing.market == ListingMarket::kBybit) return number;
  number.insert(0, 12 - std::min<std::size_t>(12, number.size()), '0');
  return "00000000-0000-5000-8000-" + number;
}

Json BybitProtocol::instrument(const VenueBook& b, ListingIndex index) const {
  const Listing& l = b.listing;
  const std::string lot = short_text(l.lot_e8);
  const std::string most = short_text(l.lot_e8 * 1'000'000);
  const std::string tick = short_text(l.tick_e8);
  Json i{{"symbolId", index + 1}, {"symbol", l.symbol}};
  if (l.market == ListingMarket::kBybit) {
    i["baseCoin"] = l.base;
    i["quoteCoin"] = l.quote;
    i["innovation"] = "0";
    i["status"] = l.trades ? "Trading" : "Closed";
    i["marginTrading"] = "none";
    i["stTag"] = "0";
    i["lotSizeFilter"] = {{"basePrecision", lot},      {"quotePrecision", "0.00000001"},
                          {"minOrderQty", lot},        {"maxOrderQty", most},
                          {"minOrderAmt", "5"},        {"maxOrderAmt", "8000000"},
                          {"maxLimitOrderQty", most},  {"maxMarketOrderQty", most},
                          {"postOnlyMaxLimitOrderSize", most}};
    i["priceFilter"] = {{"tickSize", tick}};
    i["riskParameters"] = {{"priceLimitRatioX", "0.01"}, {"priceLimitRatioY", "0.02"}};
    return i;
  }
  i["contractType"] = "LinearPerpetual";
  i["status"] = l.trades ? "Trading" : "Closed";
  i["baseCoin"] = l.base;
  i["quoteCoin"] = l.quote;
  i["launchTime"] = "1584230400000";
  i["deliveryTime"] = "0";
  i["deliveryFeeRate"] = "";
  i["priceScale"] = std::to_string(decimals_of(l.tick_e8));
  i["leverageFilter"] = {{"minLeverage", "1"}, {"maxLeverage", "100.00"}, {"leverageStep", "0.01"}};
  i["priceFilter"] = {{"minPrice", tick}, {"maxPrice", short_text(l.tick_e8 * 100'000'000)},
                      {"tickSize", tick}};
  i["lotSizeFilter"] = {{"maxOrderQty", most}, {"minOrderQty", lot}, {"qtyStep", lot},
                        {"postOnlyMaxOrderQty", most}, {"maxMktOrderQty", most},
                        {"minNotionalValue", "5"}};
  i["unifiedMarginTrade"] = true;
  i["fundingInterval"] = 480;
  i["settleCoin"] = l.quote;
  i["copyTrading"] = "none";
  i["upperFundingRate"] = "0.005";
  i["lowerFundingRate"] = "-0.005";
  i["isPreListing"] = false;
  i["preListingInfo"] = nullptr;
  i["riskParameters"] = {{"priceLimitRatioX", "0.01"}, {"priceLimitRatioY", "0.02"}};
  return i;
}

/// All fields that REST and the stream share.
Json BybitProtocol::ticker(const VenueBook& b) const {
  const Candle day = b.candles.day();
  const auto [bid, ask] = touch_of(b.book);
  Json t{{"symbol", b.listing.symbol},
         {"lastPrice", price(b, day.close)},
         {"highPrice24h", price(b, day.high)},
         {"lowPrice24h", price(b, day.low)},
         {"prevPrice24h", price(b, day.open)},
         {"volume24h", qty(b, day.lots)},
         {"turnover24h", short_text(day.quote_e8)},
         {"price24hPcnt", fixed_text(ratio_e8(day.close - day.open, day.open), 6)}};
  if (b.listing.market == ListingMarket::kBybit) {
    t["usdIndexPrice"] = "";
    return t;
  }
  t["prevPrice1h"] = price(b, day.open);
  t["markPrice"] = short_text(b.mark.mark_e8);
  t["indexPrice"] = short_text(b.mark.index_e8);
  t["openInterest"] = qty(b, b.open_interest_lots);
  t["openInterestValue"] =
      short_text(product_e8(b.mark.mark_e8, b.qty_e8(b.open_interest_lots)));
  t["fundingRate"] = short_text(b.mark.rate_e8);
  t["nextFundingTime"] = std::to_string(b.mark.next_funding_ms);
  t["fundingIntervalHour"] = "8";
  t["bid1Price"] = price(b, bid.price_ticks);
  t["bid1Size"] = qty(b, bid.lots);
  t["ask1Price"] = price(b, ask.price_ticks);
  t["ask1Size"] = qty(b, ask.lots);
  return t;
}

}  // namespace pinstripe::venue
