#include "feed/feed_config_json.h"

#include <array>

namespace pinstripe {
namespace {

constexpr std::int64_t kHourNs = 3'600 * kNsPerSecond;
constexpr std::array<std::string_view, 2> kBadLineNames{"skip", "stop"};
constexpr std::array<std::string_view, 3> kTradeStreamNames{"auto", "trade", "agg_trade"};

std::uint32_t small(ConfigNode& node, std::string_view key, std::uint32_t def, std::int64_t min,
                    std::int64_t max) {
  return static_cast<std::uint32_t>(node.integer(key, def, min, max));
}

}  // namespace

FeedConfig read_feed_config(ConfigNode& node) {
  FeedConfig c;
  c.on_bad_line = static_cast<OnBadLine>(
      node.choice("on_bad_line", static_cast<std::size_t>(c.on_bad_line), kBadLineNames));
  c.trade_stream = static_cast<TradeStream>(
      node.choice("trade_stream", static_cast<std::size_t>(c.trade_stream), kTradeStreamNames));
  c.stale_depth_ns = node.integer("stale_depth_ns", c.stale_depth_ns, 0, kHourNs);
  c.stale_ticker_ns = node.integer("stale_ticker_ns", c.stale_ticker_ns, 0, kHourNs);
  c.stale_trade_ns = node.integer("stale_trade_ns", c.stale_trade_ns, 0, kHourNs);
  c.stale_mark_ns = node.integer("stale_mark_ns", c.stale_mark_ns, 0, kHourNs);
  c.warm_matches = small(node, "warm_matches", c.warm_matches, 1, 1'000'000);
  c.warm_ns = node.integer("warm_ns", c.warm_ns, 0, kHourNs);
  c.book_levels = small(node, "book_levels", c.book_levels, 64, 1 << 20);
  c.frame_bytes_max = small(node, "frame_bytes_max", c.frame_bytes_max, 4'096, 1 << 26);
  c.frame_levels_max = small(node, "frame_levels_max", c.frame_levels_max, 1'000, 1 << 20);
  c.diffs_buffered_max = small(node, "diffs_buffered_max", c.diffs_buffered_max, 16, 1 << 20);
  c.diff_levels_buffered_max =
      small(node, "diff_levels_buffered_max", c.diff_levels_buffered_max, 2'048, 1 << 22);
  return c;
}

SyntheticConfig read_synthetic_config(ConfigNode& node) {
  SyntheticConfig c;
  c.seed = static_cast<std::uint64_t>(node.integer("seed", 1, 0, INT64_MAX));
  c.start_ns = TimeNs(node.integer("start_ns", c.start_ns.value, 0, INT64_MAX / 2));
  c.duration_ns = node.integer("duration_ns", c.duration_ns, 0, 1'000 * 24 * kHourNs);
  c.rate_per_s = node.number("rate_per_s", c.rate_per_s, 0.1, 5e6);
  c.mid_ticks = node.integer("mid_ticks", c.mid_ticks, 10'000, 1'000'000'000);
  c.predictability = node.number("predictability", c.predictability, 0, 10);
  c.drift_bps_per_s = node.number("drift_bps_per_s", c.drift_bps_per_s, 0, 100);
  c.volatility_bps = node.number("volatility_bps", c.volatility_bps, 0, 100);
  c.reversion_s = node.number("reversion_s", c.reversion_s, 0.05, 3'600);
  c.cluster = node.number("cluster", c.cluster, 0, 0.9);
  c.feed_delay_ns = node.integer("feed_delay_ns", c.feed_delay_ns, 1, kNsPerSecond);
  c.jump_at_s = node.number("jump_at_s", c.jump_at_s, -1, 1e9);
  c.jump_bps = node.number("jump_bps", c.jump_bps, -1'000, 1'000);
  c.gap_at_s = node.number("gap_at_s", c.gap_at_s, -1, 1e9);
  c.gap_resync_s = node.number("gap_resync_s", c.gap_resync_s, 0, 3'600);
  c.burst_at_s = node.number("burst_at_s", c.burst_at_s, -1, 1e9);
  c.burst_factor = node.number("burst_factor", c.burst_factor, 1, 1'000);
  c.burst_s = node.number("burst_s", c.burst_s, 0, 3'600);
  return c;
}

}  // namespace pinstripe
