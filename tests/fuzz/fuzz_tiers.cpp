// Files of maintenance tiers: what is taken rises, and the maintenance that follows from it has no
// step from tier to tier.
#include "exec/margin.h"
#include "exec/tiers_file.h"

namespace {

using pinstripe::MarginTier;

std::int64_t maintenance(const std::vector<MarginTier>& tiers, std::int64_t notional_e8) {
  return pinstripe::maintenance_of(tiers, pinstripe::MoneyE8(notional_e8)).value;
}

void check(const std::vector<MarginTier>& tiers) {
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const MarginTier& t = tiers[i];
    if (t.notional_cap_e8 <= 0 || t.maintenance_rate_e8 <= 0 || t.deduction_e8 < 0) {
      __builtin_trap();
    }
    if (maintenance(tiers, t.notional_cap_e8) > t.notional_cap_e8) __builtin_trap();
    if (i == 0) continue;
    const MarginTier& before = tiers[i - 1];
    const std::int64_t cap = before.notional_cap_e8;
    if (t.notional_cap_e8 <= cap || t.maintenance_rate_e8 < before.maintenance_rate_e8) {
      __builtin_trap();
    }
    // One unit more of notional costs the rate (at most 1), and a unit of rounding on either side.
    const std::int64_t step = maintenance(tiers, cap + 1) - maintenance(tiers, cap);
    if (step < 0 || step > 2) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pinstripe::ExecConfig config;
  config.instruments.resize(2);
  config.instruments[0].id = "FUZZ:PERP";
  config.instruments[1].id = "FUZZ:SPOT";
  config.instruments[1].market = pinstripe::Market::kSpot;
  const auto taken =
      pinstripe::parse_tiers({reinterpret_cast<const char*>(data), size}, "fuzz", config);
  if (!taken) {
    if (taken.error().message.find("fuzz") == std::string::npos) __builtin_trap();  // says where
    return 0;
  }
  if (config.instruments[0].tiers.empty() || !config.instruments[1].tiers.empty()) __builtin_trap();
  check(config.instruments[0].tiers);
  return 0;
}
