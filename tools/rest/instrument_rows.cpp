#include "tools/rest/instrument_rows.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "shm/market/money.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kOneE8 = 100'000'000;
constexpr std::int64_t kBpsE8 = kOneE8 / 10'000;

/// The venue's band where it is narrower than ours: its own would refuse the order.
void narrow_band(Instrument& i, std::int64_t ratio_e8) {
  const std::int64_t bps = ratio_e8 / kBpsE8;
  if (bps > 0) i.price_band_bps = std::min(i.price_band_bps, bps);
}

/// A filter whose name cannot be read may be any, the price band too: the row is refused.
void check_filter_names(const Json& filters, AnswerReader& r) {
  std::size_t at = 0;
  for (const Json& f : filters) {
    const std::string path = "filters[" + std::to_string(at++) + "]";
    AnswerReader filter(f, path);
    filter.text("filterType");
    if (!filter.problem().empty()) r.complain(filter.problem(), "");
  }
}

const Json* filter_named(const Json& filters, const char* name) {
  for (const Json& f : filters) {
    if (AnswerReader(f, "").text_or_none("filterType") == name) return &f;
  }
  return nullptr;
}

AnswerReader filter_reader(const Json& filters, AnswerReader& r, const char* name) {
  static const Json none = Json::object();
  const Json* const found = filter_named(filters, name);
  if (found == nullptr) r.complain("filters", std::string("hold no ") + name);
  return {found == nullptr ? none : *found, std::string("filters.") + name};
}

void pass_on(AnswerReader& from, AnswerReader& to) {
  if (!from.problem().empty()) to.complain(from.problem(), "");
}

/// Books of Binance spot hold orders of finer steps than today's: a lot is a tenth of the step,
/// unless the range of 1e-8 ends there.
void set_binance_lot(Instrument& i, std::int64_t step_e8) {
  const bool has_room = i.market == Market::kSpot && step_e8 % 10 == 0;
  i.lot_e8 = has_room ? step_e8 / 10 : step_e8;
  i.order_step_lots = has_room ? 10 : 1;
}

void read_binance_bounds(const Json& filters, Instrument& i, AnswerReader& r) {
  const bool is_spot = i.market == Market::kSpot;
  const char* const least = is_spot && filter_named(filters, "NOTIONAL") ? "NOTIONAL"
                                                                         : "MIN_NOTIONAL";
  AnswerReader notional = filter_reader(filters, r, least);
  i.notional_min_e8 = notional.e8(is_spot ? "minNotional" : "notional", 0);
  pass_on(notional, r);
  if (filter_named(filters, "PERCENT_PRICE") == nullptr) return;
  AnswerReader band = filter_reader(filters, r, "PERCENT_PRICE");
  const std::int64_t up = band.e8("multiplierUp", 1), down = band.e8("multiplierDown", 0);
  pass_on(band, r);
  narrow_band(i, std::min(up - kOneE8, kOneE8 - down));
}

}  // namespace

void set_quantities(Instrument& i, AnswerReader& r, const char* key, std::int64_t min_e8,
                    std::int64_t max_e8) {
  const Int128 step = static_cast<Int128>(i.lot_e8) * i.order_step_lots;
  if (step <= 0) return;
  const auto lots = [&](Int128 steps) {
    return QtyLots(static_cast<std::int64_t>(
        std::min<Int128>(steps * i.order_step_lots, kLotsMax)));
  };
  i.qty_min = lots(std::max<Int128>(ceil_div(min_e8, step), 1));
  i.qty_max = lots(max_e8 / step);
  if (i.qty_max.value < i.qty_min.value) {
    r.complain(key, "leaves no quantity that an order may have");
  }
}

void read_binance_row(const Json& row, AnswerReader& r, InstrumentRow& out) {
  Instrument& i = out.instrument;
  const std::string status = r.text("status");
  if (status != "TRADING") out.refusal = "does not trade: its status is " + status;
  i.base = r.text("baseAsset");
  i.quote = r.text("quoteAsset");
  i.settle = i.quote;
  if (i.market == Market::kLinear) {
    i.settle = r.text("marginAsset");
    const std::string kind = r.text("contractType");
    if (out.refusal.empty() && !kind.ends_with("PERPETUAL")) {
      out.refusal = "is no perpetual: its contract type is " + kind;
    }
  }
  if (!out.refusal.empty() || !row.is_object()) return;
  const Json& filters = r.list("filters");
  check_filter_names(filters, r);
  AnswerReader price = filter_reader(filters, r, "PRICE_FILTER");
  i.tick_e8 = price.e8("tickSize", 1);
  pass_on(price, r);
  AnswerReader lot = filter_reader(filters, r, "LOT_SIZE");
  const std::int64_t step = lot.e8("stepSize", 1);
  const std::int64_t least = lot.e8("minQty", 0), most = lot.e8_at_most("maxQty", 1);
  pass_on(lot, r);
  set_binance_lot(i, step);
  set_quantities(i, r, "filters.LOT_SIZE", least, most);
  read_binance_bounds(filters, i, r);
}

void read_bybit_row(const Json& row, AnswerReader& r, InstrumentRow& out) {
  Instrument& i = out.instrument;
  const std::string status = r.text("status");
  if (status != "Trading") out.refusal = "does not trade: its status is " + status;
  const bool is_spot = i.market == Market::kSpot;
  i.base = r.text("baseCoin");
  i.quote = r.text("quoteCoin");
  i.settle = is_spot ? i.quote : r.text("settleCoin");
  if (!is_spot) {
    const std::string kind = r.text("contractType");
    if (out.refusal.empty() && kind != "LinearPerpetual") {
      out.refusal = "is no linear perpetual: its contract type is " + kind;
    }
  }
  if (!out.refusal.empty() || !row.is_object()) return;
  AnswerReader price(r.object("priceFilter"), "priceFilter");
  i.tick_e8 = price.e8("tickSize", 1);
  pass_on(price, r);
  AnswerReader lot(r.object("lotSizeFilter"), "lotSizeFilter");
  i.lot_e8 = lot.e8(is_spot ? "basePrecision" : "qtyStep", 1);
  i.order_step_lots = 1;
  const std::int64_t least = lot.e8("minOrderQty", 0);
  // Spot states both since 2025, and the older one means market orders too.
  const bool has_limit_max = !lot.text_or_none("maxLimitOrderQty").empty();
  const std::int64_t most = lot.e8_at_most(has_limit_max ? "maxLimitOrderQty" : "maxOrderQty", 1);
  i.notional_min_e8 = lot.e8_or_none(is_spot ? "minOrderAmt" : "minNotionalValue", 0);
  pass_on(lot, r);
  set_quantities(i, r, "lotSizeFilter", least, most);
  if (!row.contains("riskParameters")) return;
  AnswerReader risk(r.object("riskParameters"), "riskParameters");
  narrow_band(i, risk.e8_or_none("priceLimitRatioX", 0));
  pass_on(risk, r);
}

void read_okx_row(const Json& row, AnswerReader& r, InstrumentRow& out) {
  Instrument& i = out.instrument;
  const std::string state = r.text("state");
  if (state != "live") out.refusal = "does not trade: its state is " + state;
  const bool is_spot = i.market == Market::kSpot;
  if (!out.refusal.empty() || !row.is_object()) return;
  i.tick_e8 = r.e8("tickSz", 1);
  i.lot_e8 = r.e8("lotSz", 1);
  i.order_step_lots = 1;
  i.notional_min_e8 = 0;
  set_quantities(i, r, "maxLmtSz", r.e8("minSz", 0), r.e8_at_most("maxLmtSz", 1));
  if (is_spot) {
    i.base = r.text("baseCcy");
    i.quote = i.settle = r.text("quoteCcy");
    i.multiplier_e8 = kOneE8;
    return;
  }
  const std::string kind = r.text("ctType");
  if (kind != "linear" && kind != "inverse") r.complain("ctType", "is '" + kind + "'");
  i.market = kind == "inverse" ? Market::kInverse : Market::kLinear;
  const std::string pair = r.text("uly");
  const std::size_t dash = pair.find('-');
  if (dash == std::string::npos) r.complain("uly", "is no pair: '" + pair + "'");
  i.base = pair.substr(0, dash);
  i.quote = dash == std::string::npos ? "" : pair.substr(dash + 1);
  i.settle = r.text("settleCcy");
  const Int128 value = static_cast<Int128>(r.e8("ctVal", 1)) * r.e8("ctMult", 1);
  if (value % kE8 != 0 || value / kE8 > INT64_MAX) r.complain("ctVal", "is too fine or too large");
  i.multiplier_e8 = static_cast<std::int64_t>(std::min<Int128>(value / kE8, INT64_MAX));
}

}  // namespace pinstripe
