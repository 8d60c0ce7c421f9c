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
      if (t.notional_cap_e8 <= before.notional_cap_e8) {
        node.complain("notional_cap", "does not rise; the smallest tier stands first");
      }
      const std::int64_t more = t.maintenance_rate_e8 - before.maintenance_rate_e8;
      if (more < 0) node.complain("maintenance_rate", "falls from the tier before; rates rise");
      // Rounded down: a smaller deduction is a larger maintenance.
      t.deduction_e8 = before.deduction_e8 +
                       narrow_money(floor_div(static_cast<Int128>(before.notional_cap_e8) * more,
                                              kE8));
    }
    tiers.push_back(t);
  }
  return tiers;
}

}  // namespace

Result<void> parse_tiers(std::string_view text, const std::string& origin, ExecConfig& config) {
  auto root = ConfigNode::parse(text, origin);
  if (!root) return std::unexpected(root.error());
  for (const std::string& id : root->keys()) {
    const std::vector<MarginTier> tiers = read_tiers(*root, id);
    if (tiers.empty()) root->complain(id, "found no tier, allowed is at least one");
    for (Instrument& i : config.instruments) {
      if (i.id == id && i.market != Market::kSpot) i.tiers = tiers;
    }
  }
  if (auto finished = root->finish(); !finished) return finished;
  for (const Instrument& i : config.instruments) {
    if (i.market == Market::kSpot || !i.tiers.empty()) continue;
    return fail_usage("'" + origin + "' has no tiers of " + i.id + ", which this session trades; " +
                      "add them as {\"" + i.id +
                      "\": [{\"notional_cap\": ..., \"maintenance_rate\": ...}]}");
  }
  return {};
}

Result<void> load_tiers_file(ExecConfig& config) {
  const std::string& path = config.margin.tiers_file;
  if (path.empty()) return {};
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return fail("cannot read '" + path + "'; check the path under exec.margin.tiers");
  return parse_tiers(text.str(), path, config);
}

}  // namespace pinstripe
