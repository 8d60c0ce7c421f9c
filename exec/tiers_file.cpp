#include "exec/tiers_file.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "shm/market/money.h"
#include "shm/run/config_node.h"

namespace pinstripe {
namespace {

constexpr double kCapMax = 9e10;  // 1e-8 of it still fits 64 bits

std::int64_t to_e8(double value) { return std::llround(value * 1e8); }

std::vector<MarginTier> read_tiers(ConfigNode& root, const std::string& id) {
  std::vector<MarginTier> tiers;
  for (ConfigNode& node : root.list(id)) {
    MarginTier t;
    for (const char* key : {"notional_cap", "maintenance_rate"}) {
      if (!node.has(key)) node.complain(key, "is missing; a tier has both");
    }
    t.notional_cap_e8 = to_e8(node.number("notional_cap", 0, 1e-8, kCapMax));
    t.maintenance_rate_e8 = to_e8(node.number("maintenance_rate", 0, 1e-8, 1));
    if (!tiers.empty()) {
      const MarginTier& before = tiers.back();
      const bool rises = t.notional_cap_e8 > before.notional_cap_e8;
      if (!rises) node.complain("notional_cap", "does not rise; the smallest tier stands first");
      const std::int64_t more = t.maintenance_rate_e8 - before.maintenance_rate_e8;
      if (more < 0) node.complain("maintenance_rate", "falls from the tier before; rates rise");
      // Rounded down: a smaller deduction is a larger maintenance. Only of tiers in order does the
      // sum stay below the largest cap.
      if (rises && more >= 0) {
        t.deduction_e8 = before.deduction_e8 +
                         narrow_money(floor_div(static_cast<Int128>(before.notional_cap_e8) * more,
                                                kE8));
      }
    }
    tiers.push_back(t);
  }
  return tiers;
}

Result<void> every_perpetual_has_tiers(const ExecConfig& config, const std::string& who) {
  for (const Instrument& i : config.instruments) {
    if (i.market == Market::kSpot || !i.tiers.empty()) continue;
    return fail_usage(who + " no tiers of " + i.id +
                      ", which this session trades; name a file with {\"" + i.id +
                      "\": [{\"notional_cap\": ..., \"maintenance_rate\": ...}]}");
  }
  return {};
}

}  // namespace

Result<void> parse_tiers(std::string_view text, const std::string& origin, ExecConfig& config) {
  auto root = ConfigNode::parse(text, origin);
  if (!root) return std::unexpected(root.error());
  for (Instrument& i : config.instruments) i.tiers.clear();
  for (const std::string& id : root->keys()) {
    const std::vector<MarginTier> tiers = read_tiers(*root, id);
    if (tiers.empty()) root->complain(id, "found no tier, allowed is at least one");
    for (Instrument& i : config.instruments) {
      if (i.id == id && i.market != Market::kSpot) i.tiers = tiers;
    }
  }
  if (auto finished = root->finish(); !finished) return finished;
  return every_perpetual_has_tiers(config, "'" + origin + "' has");
}

Result<void> load_tiers(ExecConfig& config) {
  const MarginConfig& margin = config.margin;
  if (!margin.on) return {};
  if (margin.tiers_file.empty()) {
    return every_perpetual_has_tiers(config, "the instrument table has");
  }
  std::ifstream in(margin.tiers_file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return fail_usage("cannot read '" + margin.tiers_file + "'; check the path");
  return parse_tiers(text.str(), margin.tiers_file, config);
}

}  // namespace pinstripe
