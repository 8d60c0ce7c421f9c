#include "exec/exec_config_json.h"

#include <array>
#include <cmath>

namespace pinstripe {
namespace {

constexpr std::int64_t kLatencyMaxNs = 60 * kNsPerSecond;
constexpr std::array<std::string_view, 3> kQueueModelNames{"risk_averse", "prob_power", "prob_log"};
constexpr std::array<std::string_view, 2> kInvalidBookNames{"fill_at_limit", "reject"};

/// "funding": "file", or {"<instrument id>": "file", ...}.
std::vector<FundingFile> read_funding(ConfigNode& node) {
  std::vector<FundingFile> files;
  if (!node.has("funding")) return files;
  if (node.is_text("funding")) {
    files.push_back({"", node.text("funding", "")});
    return files;
  }
  ConfigNode by_instrument = node.child("funding");
  for (const std::string& id : by_instrument.keys()) {
    files.push_back({id, by_instrument.text(id, "")});
  }
  return files;
}

MarginConfig read_margin(ConfigNode& exec) {
  MarginConfig m;
  m.on = exec.has("margin");
  ConfigNode node = exec.child("margin");
  m.tiers_file = node.text("tiers", "");
  m.opening_e8 = std::llround(node.number("opening_cash", 0, 0, 1e9) * 1e8);
  m.liquidation_fee_e8 = std::llround(node.number("liquidation_fee_bps", 120, 0, 1'000) * 1e4);
  return m;
}

}  // namespace

ExecConfig read_exec_config(ConfigNode& node) {
  ExecConfig c;
  if (node.has("order_latency_ns") && node.has("order_latency_table_ns")) {
    node.complain("order_latency_table_ns",
                  "found together with order_latency_ns, allowed is one of the two");
  }
  c.order_latency_ns = node.integer("order_latency_ns", c.order_latency_ns, 0, kLatencyMaxNs);
  c.order_latency_table_ns = node.integers("order_latency_table_ns", 0, kLatencyMaxNs);
  c.response_latency_ns =
      node.integer("response_latency_ns", c.response_latency_ns, 1, kLatencyMaxNs);
  if (node.has("response_latency_ns") && node.has("response_latency_table_ns")) {
    node.complain("response_latency_table_ns",
                  "found together with response_latency_ns, allowed is one of the two");
  }
  c.response_latency_table_ns = node.integers("response_latency_table_ns", 1, kLatencyMaxNs);
  c.queue_model = static_cast<QueueModelKind>(
      node.choice("queue_model", static_cast<std::size_t>(c.queue_model), kQueueModelNames));
  c.queue_power = node.integer("queue_power", c.queue_power, 1, 8);
  c.invalid_book_reduce = static_cast<InvalidBookReduce>(node.choice(
      "invalid_book_reduce", static_cast<std::size_t>(c.invalid_book_reduce), kInvalidBookNames));
  c.funding_files = read_funding(node);
  c.funding_interval_ns = node.integer("funding_interval_ns", c.funding_interval_ns, kNsPerSecond,
                                       7 * 24 * 3600 * kNsPerSecond);
  c.margin = read_margin(node);
  c.book_levels_max = node.integer("book_levels_max", c.book_levels_max, 64, 1 << 20);
  c.resting_orders_max = node.integer("resting_orders_max", c.resting_orders_max, 1, 4'096);
  c.in_flight_max = node.integer("in_flight_max", c.in_flight_max, 1, 1 << 20);
  return c;
}

}  // namespace pinstripe
