#include "feed/instrument_table.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "feed/decimal.h"
#include "feed/embedded_tables.h"
#include "feed/synthetic.h"
#include "shm/market/money.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

/// Reads the members of one object, remembering the first problem with its path.
class Reader {
 public:
  Reader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  std::string text(const char* key, const std::string& fallback = {}, bool required = false) {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      if (required) complain(key, "is missing");
      return fallback;
    }
    if (found->is_string()) return found->get<std::string>();
    complain(key, "must be a text, found " + found->dump());
    return fallback;
  }
  /// A decimal text as an integer of 1e-8.
  std::int64_t e8(const char* key, const std::string& fallback, std::int64_t min) {
    return to_e8(key, text(key, fallback), min);
  }
  std::int64_t to_e8(const char* key, const std::string& value, std::int64_t min) {
    const Decimal d = parse_decimal_slowly(value.data(), value.data() + value.size());
    if (d.status == DecimalStatus::kOk && d.end == value.data() + value.size() && d.e8 >= min) {
      return d.e8;
    }
    complain(key, "must be a decimal text of at most 8 places, found '" + value + "'");
    return min;
  }
  void complain(const std::string& key, const std::string& what) {
    if (problem.empty()) problem = path_ + "." + key + " " + what;
  }
  std::string problem;

 private:
  const Json& object_;
  std::string path_;
};

Market market_of(Reader& r, const std::string& name) {
  for (std::size_t i = 0; i < std::size(kMarketNames); ++i) {
    if (name == kMarketNames[i]) return static_cast<Market>(i);
  }
  r.complain("market", "must be spot, linear or inverse, found '" + name + "'");
  return Market::kLinear;
}

/// [["cap", "rate", "deduction"], ...]
std::vector<MarginTier> read_tiers(const Json& table, Reader& r) {
  std::vector<MarginTier> tiers;
  if (!table.contains("tiers")) return tiers;
  for (const Json& row : table["tiers"]) {
    if (!row.is_array() || row.size() != 3 || !row[0].is_string() || !row[1].is_string() ||
        !row[2].is_string()) {
      r.complain("tiers", "must hold [cap, rate, deduction] as texts");
      return tiers;
    }
    tiers.push_back({r.to_e8("tiers", row[0], 0), r.to_e8("tiers", row[1], 0),
                     r.to_e8("tiers", row[2], 0)});
  }
  return tiers;
}

/// A quantity in e8 as whole lots.
QtyLots lots_of(Reader& r, const char* key, std::int64_t qty_e8, std::int64_t lot_e8) {
  if (lot_e8 <= 0 || qty_e8 % lot_e8 != 0) r.complain(key, "is not a multiple of the lot");
  return QtyLots(lot_e8 > 0 ? qty_e8 / lot_e8 : 1);
}

Result<Instrument> read_instrument(const Json& row, const Instrument& defaults,
                                   const std::string& path) {
  Reader r(row, path);
  Instrument i = defaults;
  i.symbol = r.text("symbol", {}, true);
  i.id = i.venue + ":" + i.symbol;
  i.base = r.text("base", {}, true);
  i.quote = r.text("quote", {}, true);
  i.settle = r.text("settle", i.market == Market::kInverse ? i.base : i.quote);
  i.tick_e8 = r.e8("tick", {}, 1);
  i.lot_e8 = r.e8("lot", {}, 1);
  i.multiplier_e8 = r.e8("multiplier", "1", 1);
  i.notional_min_e8 = r.e8("notional_min", "0", 0);
  const std::int64_t step_e8 = row.contains("order_step") ? r.e8("order_step", {}, 1) : i.lot_e8;
  i.order_step_lots = lots_of(r, "order_step", step_e8, i.lot_e8).value;
  const std::int64_t min_e8 = row.contains("qty_min") ? r.e8("qty_min", {}, 1) : step_e8;
  i.qty_min = lots_of(r, "qty_min", min_e8, i.lot_e8);
  i.qty_max = lots_of(r, "qty_max", r.e8("qty_max", {}, 1), i.lot_e8);
  if (!r.problem.empty()) return fail_usage(r.problem);
  return i;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::toupper(x) == std::toupper(y);
  });
}

/// Edit distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t change = std::toupper(a[i - 1]) == std::toupper(b[j - 1]) ? 0 : 1;
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, corner + change});
      corner = above;
    }
  }
  return row[b.size()];
}

std::string nearest_id(std::string_view id) {
  std::string best;
  std::size_t least = SIZE_MAX;
  for (const Instrument& i : shipped_instruments()) {
    const std::size_t d = distance(id, i.id);
    if (d < least) {
      least = d;
      best = i.id;
    }
  }
  return best;
}

/// One table: of one venue, with the same fees for all.
Result<std::vector<Instrument>> read_table(const Json& table, const std::string& name) {
  if (table.is_discarded() || !table.is_object() || !table.contains("instruments") ||
      !table["instruments"].is_array()) {
    return fail_usage("instrument table '" + name + "' is not a JSON object with a list "
                      "`instruments`");
  }
  Reader r(table, name);
  Instrument defaults;
  defaults.venue = r.text("venue", {}, true);
  defaults.market = market_of(r, r.text("market", {}, true));
  defaults.maker_fee_e8 = r.e8("maker_fee", "0.0002", -100'000'000);
  defaults.taker_fee_e8 = r.e8("taker_fee", "0.0005", 0);
  if (const auto band = table.find("price_band_bps"); band != table.end()) {
    if (!band->is_number_integer()) r.complain("price_band_bps", "must be a whole number");
    else defaults.price_band_bps = band->get<std::int64_t>();
  }
  if (const auto in_base = table.find("buy_fee_in_base"); in_base != table.end()) {
    if (!in_base->is_boolean()) r.complain("buy_fee_in_base", "must be true or false");
    else defaults.buy_fee_in_base = in_base->get<bool>();
  }
  defaults.tiers = read_tiers(table, r);
  if (!r.problem.empty()) return fail_usage("instrument table " + r.problem);
  std::vector<Instrument> all;
  for (std::size_t k = 0; k < table["instruments"].size(); ++k) {
    auto one = read_instrument(table["instruments"][k], defaults,
                               name + ".instruments[" + std::to_string(k) + "]");
    if (!one) return fail_within("instrument table", one);
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace

Result<std::vector<Instrument>> read_instrument_table(std::string_view json_text,
                                                      std::string_view origin) {
  const std::string name(origin);
  const Json whole = Json::parse(json_text, nullptr, false, true);
  const bool is_several = whole.is_object() && whole.contains("tables");
  if (!is_several) return read_table(whole, name);
  if (!whole["tables"].is_array()) {
    return fail_usage("instrument table '" + name + "': `tables` must be a list");
  }
  std::vector<Instrument> all;
  for (std::size_t k = 0; k < whole["tables"].size(); ++k) {
    auto one = read_table(whole["tables"][k], name + ".tables[" + std::to_string(k) + "]");
    if (!one) return one;
    all.insert(all.end(), one->begin(), one->end());
  }
  return all;
}

const Instrument* instrument_in(std::span<const Instrument> all, std::string_view venue,
                                std::string_view symbol) {
  for (const Instrument& i : all) {
    if (i.venue == venue && same_ignoring_case(i.symbol, symbol)) return &i;
  }
  return nullptr;
}

const std::vector<Instrument>& shipped_instruments() {
  static const std::vector<Instrument> all = [] {
    std::vector<Instrument> list;
    for (unsigned t = 0; t < kEmbeddedTableCount; ++t) {
      auto table = read_instrument_table(kEmbeddedTables[t].text, kEmbeddedTables[t].name);
      PINSTRIPE_CHECK(table.has_value(), "a shipped instrument table is damaged");
      list.insert(list.end(), table->begin(), table->end());
    }
    return list;
  }();
  return all;
}

Result<Instrument> find_instrument(std::string_view venue, std::string_view symbol) {
  if (const Instrument* const found = instrument_in(shipped_instruments(), venue, symbol)) {
    return *found;
  }
  const std::string id = std::string(venue) + ":" + std::string(symbol);
  return fail_usage("unknown instrument '" + id + "'; the nearest known one is '" + nearest_id(id) +
                    "'; check market and symbol: the known ones stand in feed/instruments/");
}

Result<Instrument> find_instrument(std::string_view id) {
  const std::size_t colon = id.find(':');
  if (colon == std::string_view::npos) {
    return fail_usage("instrument '" + std::string(id) + "' must read VENUE:SYMBOL, as '" +
                      nearest_id(id) + "'");
  }
  return find_instrument(id.substr(0, colon), id.substr(colon + 1));
}

Instrument synthetic_instrument() {
  auto found = find_instrument("SYNTHETIC", "PINUSD");
  PINSTRIPE_CHECK(found.has_value(), "the synthetic instrument is missing from the shipped tables");
  return *found;
}

}  // namespace pinstripe
