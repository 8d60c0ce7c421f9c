#include "features/features_config_json.h"

#include <bit>

namespace pinstripe {
namespace {

std::uint32_t power_of_two(ConfigNode& node, std::string_view key, std::uint32_t def) {
  const auto v = static_cast<std::uint64_t>(node.integer(key, def, 1'024, 1 << 22));
  if (!std::has_single_bit(v)) {
    node.complain(key, "found " + std::to_string(v) + ", allowed is a power of two");
    return def;
  }
  return static_cast<std::uint32_t>(v);
}

}  // namespace

FeaturesConfig read_features_config(ConfigNode& node) {
  FeaturesConfig c;
  c.min_interval_ns = node.integer("min_interval_ns", c.min_interval_ns, 0, 3'600 * kNsPerSecond);
  c.bar_ns = node.integer("bar_ns", c.bar_ns, kNsPerMs, 86'400 * kNsPerSecond);
  c.collar_bps = node.integer("collar_bps", c.collar_bps, 1, 5'000);
  c.vpin_volume_lots = node.integer("vpin_volume_lots", c.vpin_volume_lots, 0, kLotsMax);
  c.vpin_calibration_ns =
      node.integer("vpin_calibration_ns", c.vpin_calibration_ns, 0, 86'400 * kNsPerSecond);
  c.large_trade_medians = node.integer("large_trade_medians", c.large_trade_medians, 1, 1'000);
  c.book_levels =
      static_cast<std::uint32_t>(node.integer("book_levels", c.book_levels, 50, 1 << 20));
  c.trade_capacity = power_of_two(node, "trade_capacity", c.trade_capacity);
  c.update_capacity = power_of_two(node, "update_capacity", c.update_capacity);
  return c;
}

}  // namespace pinstripe
