// Instruments, tickers, books and numbers as OKX writes them: every number is a text, without
// trailing zeros. Sizes of a swap are contracts, each of the listing's lot.
#include <zlib.h>

#include <algorithm>

#include "tools/venue/okx.h"
#include "tools/venue/touch.h"

namespace pinstripe::venue {
namespace {

constexpr std::size_t kChecksumLevels = 25;

bool is_swap(const VenueBook& b) { return b.listing.market == ListingMarket::kOkxSwap; }
const char* type_of(const VenueBook& b) { return is_swap(b) ? "SWAP" : "SPOT"; }

}  // namespace

std::string OkxProtocol::price(const VenueBook& b, std::int64_t ticks) const {
  return short_text(b.price_e8(ticks));
}

std::string OkxProtocol::qty(const VenueBook& b, std::int64_t lots) const {
  return is_swap(b) ? std::to_string(lots) : short_text(b.qty_e8(lots));
}

Json OkxProtocol::levels(const VenueBook& b, const std::vector<ShownLevel>& side) const {
  Json out = Json::array();
  for (const ShownLevel& l : side) {
    out.push_back(Json::array({price(b, l.price_ticks), qty(b, l.lots), "0",
                               std::to_string(l.orders)}));
  }
  return out;
}

/// CRC-32 over "bid:size:ask:size:..." of the best 25 levels, as OKX defined it until 2026.
std::int32_t OkxProtocol::checksum(const VenueBook& b, const ShownLevels& shown) const {
  std::string text;
  const auto add = [&](const std::vector<ShownLevel>& side, std::size_t i) {
    if (i >= side.size()) return;
    if (!text.empty()) text += ':';
    text += price(b, side[i].price_ticks) + ':' + qty(b, side[i].lots);
  };
  for (std::size_t i = 0; i < kChecksumLevels; ++i) {
    add(shown.bids, i);
    add(shown.asks, i);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  return static_cast<std::int32_t>(crc32(0, bytes, static_cast<unsigned>(text.size())));
}

Json OkxProtocol::instrument(const VenueBook& b) const {
  const Listing& l = b.listing;
  const bool swap = is_swap(b);
  const std::string lot = swap ? "1" : short_text(l.lot_e8);
  Json i = Json::object();
  for (const char* key : {"alias", "category", "expTime", "optType", "stk", "auctionEndTime",
                          "contTdSwTime", "openType", "preMktSwTime"}) {
    i[key] = "";
  }
  i["baseCcy"] = swap ? "" : l.base;
  i["quoteCcy"] = swap ? "" : l.quote;
  i["settleCcy"] = swap ? l.quote : "";
  i["ctMult"] = swap ? "1" : "";
  i["ctType"] = swap ? "linear" : "";
  i["ctVal"] = swap ? short_text(l.lot_e8) : "";
  i["ctValCcy"] = swap ? l.base : "";
  i["instFamily"] = swap ? l.base + "-" + l.quote : "";
  i["instId"] = l.symbol;
  i["instIdCode"] = engine_.index_of(b) + 1;
  i["instType"] = type_of(b);
  i["lever"] = swap ? "100" : "";
  i["listTime"] = "1548133413000";
  i["lotSz"] = lot;
  i["minSz"] = lot;
  i["tickSz"] = short_text(l.tick_e8);
  for (const char* key : {"maxIcebergSz", "maxLmtSz", "maxMktSz", "maxStopSz", "maxTriggerSz",
                          "maxTwapSz"}) {
    i[key] = "100000000";
  }
  i["ruleType"] = "normal";
  i["state"] = l.trades ? "live" : "suspend";
  i["uly"] = swap ? l.base + "-" + l.quote : "";
  return i;
}

Json OkxProtocol::ticker(const VenueBook& b) const {
  const Candle day = b.candles.day();
  const auto [bid, ask] = touch_of(b.book);
  // Spot: volume in base and in quote; swaps: in contracts and in base.
  const std::string in_coin = short_text(is_swap(b) ? b.qty_e8(day.lots) : day.quote_e8);
  return {{"instType", type_of(b)},
          {"instId", b.listing.symbol},
          {"last", price(b, day.close)},
          {"lastSz", qty(b, b.prints.empty() ? 0 : b.prints.back().lots)},
          {"askPx", price(b, ask.price_ticks)},
          {"askSz", qty(b, ask.lots)},
          {"bidPx", price(b, bid.price_ticks)},
          {"bidSz", qty(b, bid.lots)},
          {"open24h", price(b, day.open)},
          {"high24h", price(b, day.high)},
          {"low24h", price(b, day.low)},
          {"sodUtc0", price(b, day.open)},
          {"sodUtc8", price(b, day.open)},
          {"volCcy24h", in_coin},
          {"vol24h", qty(b, day.lots)},
          {"ts", shown_text()}};
}

std::int64_t OkxProtocol::bar_minutes(std::string name) {
  if (name.ends_with("utc")) name.resize(name.size() - 3);
  return interval_minutes(name.c_str());
}

Json OkxProtocol::candle(const VenueBook& b, const Candle& c, std::int64_t minutes) const {
  const bool closed = c.open_ms + minutes * kMinuteMs <= now_ms_;
  const std::string in_coin = short_text(is_swap(b) ? b.qty_e8(c.lots) : c.quote_e8);
  return Json::array({std::to_string(c.open_ms), price(b, c.open), price(b, c.high),
                      price(b, c.low), price(b, c.close), qty(b, c.lots), in_coin,
                      short_text(c.quote_e8), closed ? "1" : "0"});
}

Json OkxProtocol::trade(const VenueBook& b, const Print& p) const {
  return {{"instId", b.listing.symbol},
          {"tradeId", std::to_string(p.id)},
          {"px", price(b, p.price_ticks)},
          {"sz", qty(b, p.lots)},
          {"side", p.taker_buys ? "buy" : "sell"},
          {"ts", std::to_string(p.time_ms)}};
}

Json OkxProtocol::mark(const VenueBook& b) const {
  return {{"instType", type_of(b)},
          {"instId", b.listing.symbol},
          {"markPx", short_text(b.mark.mark_e8)},
          {"ts", shown_text()}};
}

Json OkxProtocol::funding_of(const VenueBook& b) const {
  const std::int64_t next = b.mark.next_funding_ms;
  return {{"instType", "SWAP"},
          {"instId", b.listing.symbol},
          {"method", "current_period"},
          {"formulaType", "withRate"},
          {"fundingRate", short_text(b.mark.rate_e8)},
          {"nextFundingRate", ""},
          {"fundingTime", std::to_string(next)},
          {"nextFundingTime", std::to_string(next + kFundingPeriodMs)},
          {"minFundingRate", "-0.015"},
          {"maxFundingRate", "0.015"},
          {"interestRate", "0.0001"},
          {"settState", "settled"},
          {"settFundingRate", short_text(b.mark.rate_e8)},
          {"premium", "0"},
          {"ts", shown_text()}};
}

Json OkxProtocol::interest_of(const VenueBook& b) const {
  const std::int64_t base = b.qty_e8(b.open_interest_lots);
  return {{"instType", "SWAP"},
          {"instId", b.listing.symbol},
          {"oi", qty(b, b.open_interest_lots)},
          {"oiCcy", short_text(base)},
          {"oiUsd", short_text(product_e8(base, b.mark.mark_e8))},
          {"ts", shown_text()}};
}

}  // namespace pinstripe::venue
