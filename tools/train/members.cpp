// The command line's way to name members and horizons.
#include <charconv>

#include "tools/train/trainer.h"

namespace pinstripe {

Result<std::int64_t> parse_horizon(const std::string& text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [unit, problem] = std::from_chars(text.data(), end, value);
  const std::string suffix(unit, end);
  std::int64_t scale = 0;
  if (suffix == "ms") scale = kNsPerMs;
  if (suffix == "s") scale = kNsPerSecond;
  constexpr std::int64_t kHour = 3'600;
  if (problem != std::errc{} || scale == 0 || value < 1 || value > kHour * kNsPerSecond / scale) {
    return fail_usage("horizon: found '" + text +
                      "', allowed a whole number with ms or s behind it, 1ms to 3600s, as in '5s'");
  }
  return value * scale;
}

Result<std::vector<MemberSpec>> parse_members(const std::string& text) {
  std::vector<MemberSpec> specs;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, comma - at);
    at = comma + 1;
    const std::size_t colon = part.find(':');
    MemberSpec spec;
    bool known = false;
    for (std::size_t k = 0; k < std::size(kModelKindNames); ++k) {
      if (part.substr(0, colon) != kModelKindNames[k]) continue;
      spec.kind = static_cast<ModelKind>(k);
      known = true;
    }
    if (!known || colon == std::string::npos) {
      return fail_usage("members: found '" + part +
                        "', allowed kind:horizon with kind trees, mlp or logistic, as in "
                        "'trees:1s,trees:5s,mlp:5s'");
    }
    auto horizon = parse_horizon(part.substr(colon + 1));
    if (!horizon) return std::unexpected(horizon.error());
    spec.horizon_ns = *horizon;
    specs.push_back(spec);
  }
  return specs;
}

}  // namespace pinstripe
