#include "tools/session/stage_configs.h"

#include <algorithm>

#include "exec/exec_config_json.h"
#include "exec/funding_file.h"
#include "exec/tiers_file.h"
#include "features/features_config_json.h"
#include "features/registry.h"
#include "feed/feed_config_json.h"
#include "models/models_config_json.h"
#include "risk/risk_config_json.h"
#include "tools/session/topology_build.h"

namespace pinstripe {

namespace {

/// Reads one stage's part of the plan; every error is one of the file's, already found by `check`.
template <class Config>
Result<Config> read_part(const SessionPlan& plan, StageKind kind, Config (*read)(ConfigNode&)) {
  const std::string name = kStageKindNames[index_of(kind)];
  auto node = ConfigNode::parse(plan.stage_json[index_of(kind)], name);
  if (!node) return std::unexpected(node.error());
  Config config = read(*node);
  if (auto finished = node->finish(); !finished) return std::unexpected(finished.error());
  config.instruments = plan.instruments;
  return config;
}

/// The constant, or the median of the table that replaces it.
std::int64_t usual_order_latency_ns(const ExecConfig& exec) {
  std::vector<std::int64_t> table = exec.order_latency_table_ns;
  if (table.empty()) return exec.order_latency_ns;
  std::sort(table.begin(), table.end());
  return table[table.size() / 2];
}

std::uint64_t orders_capacity(const SessionPlan& plan) {
  for (const RingSpec& r : plan.topology.rings) {
    if (r.type == "order_command") return r.capacity;
  }
  return 0;
}

}  // namespace

void check_stage_configs(ConfigNode& root, SessionPlan& plan) {
  ConfigNode feed = root.child("feed");
  read_feed_config(feed);
  ConfigNode market = root.child("market");
  read_synthetic_config(market);
  plan.synthetic_json = market.raw();
  ConfigNode features = root.child("features");
  const FeaturesConfig features_config = read_features_config(features);
  ConfigNode models = root.child("models");
  read_models_config(models);
  ConfigNode risk = root.child("risk");
  const RiskConfig risk_config = read_risk_config(risk);
  // Risk holds an order against the depth that features saw within its collar (trading.md 5).
  if (static_cast<double>(features_config.collar_bps) != risk_config.limits.collar_bps) {
    features.complain("collar_bps", "found " + std::to_string(features_config.collar_bps) +
                                        ", allowed is what risk.limits.collar_bps says (a whole "
                                        "number): the depth limit counts levels within it");
  }
  ConfigNode exec = root.child("exec");
  const ExecConfig exec_config = read_exec_config(exec);
  plan.response_latency_ns = exec_config.response_latency_ns;
  plan.response_table_ns = exec_config.response_latency_table_ns;
  if (!plan.response_table_ns.empty()) {
    plan.response_latency_ns =
        *std::min_element(plan.response_table_ns.begin(), plan.response_table_ns.end());
  }
  // Below this, rings as small as one burst could deadlock (tools/decisions/look-ahead.md).
  const std::int64_t least_response =
      plan.longest_feed_latency_ns() + plan.latency[index_of(StageKind::kFeed)].base_ns;
  if (plan.response_latency_ns < least_response) {
    exec.complain(plan.response_table_ns.empty() ? "response_latency_ns"
                                                 : "response_latency_table_ns",
                  "found " + std::to_string(plan.response_latency_ns) + ", allowed is at least " +
                      std::to_string(least_response) +
                      " (the longest feed latency, by base_feed_latency_ns or feed_latency, + "
                      "stages.feed.latency.base_ns): what the venue answers cannot travel faster "
                      "than what it publishes");
  }
  // Risk must never fill the orders ring (protocol 5): one burst stays free.
  const auto room = static_cast<std::int64_t>(orders_capacity(plan)) -
                    static_cast<std::int64_t>(largest_burst(StageKind::kRisk));
  ConfigNode limits = risk.child("limits");
  if (limits.has("in_flight_max") && risk_config.limits.in_flight_max > room) {
    limits.complain("in_flight_max", "found " + std::to_string(risk_config.limits.in_flight_max) +
                                         ", allowed is at most " + std::to_string(room) +
                                         " (capacity of the orders ring less risk's burst)");
  }
}

std::int64_t label_delay_ns(const SessionPlan& plan, const ExecConfig& exec) {
  std::int64_t delay_ns = usual_order_latency_ns(exec);
  for (const LatencyPlan& l : plan.latency) delay_ns += l.base_ns;
  return delay_ns;
}

Result<FeedConfig> feed_config_of(const SessionPlan& plan) {
  auto config = read_part<FeedConfig>(plan, StageKind::kFeed, read_feed_config);
  if (config) config->warms_up = plan.source != SourceKind::kVenues;
  return config;
}

Result<FeaturesConfig> features_config_of(const SessionPlan& plan) {
  return read_part<FeaturesConfig>(plan, StageKind::kFeatures, read_features_config);
}

Result<ModelsConfig> models_config_of(const SessionPlan& plan) {
  auto config = read_part<ModelsConfig>(plan, StageKind::kModels, read_models_config);
  if (!config) return config;
  const auto exec = exec_config_of(plan);
  if (!exec) return std::unexpected(exec.error());
  config->label_delay_ns = label_delay_ns(plan, *exec);
  for (MemberConfig& member : config->members) {
    for (std::string& fold : member.folds) fold = plan.file_path(fold);
  }
  const TradedRange traded{TimeNs(plan.traded_from_ns), TimeNs(plan.traded_to_ns), true};
  // The hash that the vectors of this session will carry: settings such as the bar length are part
  // of it.
  const auto features = features_config_of(plan);
  if (!features) return std::unexpected(features.error());
  const auto names = feature_names();
  auto in_sample =
      load_members(*config, registry_hash(*features), names, traded, plan.in_sample_allowed);
  if (!in_sample) return std::unexpected(in_sample.error());
  return config;
}

Result<RiskConfig> risk_config_of(const SessionPlan& plan) {
  auto config = read_part<RiskConfig>(plan, StageKind::kRisk, read_risk_config);
  if (!config) return config;
  config->budget_ns = plan.path_budget_ns;
  config->epoch = plan.epoch;
  const auto room = static_cast<std::int64_t>(orders_capacity(plan)) -
                    static_cast<std::int64_t>(largest_burst(StageKind::kRisk));
  config->limits.in_flight_max = std::min(config->limits.in_flight_max, room);
  return config;
}

Result<ExecConfig> exec_config_of(const SessionPlan& plan) {
  auto config = read_part<ExecConfig>(plan, StageKind::kExec, read_exec_config);
  if (!config) return config;
  config->latency_seed = plan.seed;
  config->market_ring_ids.assign(plan.lanes.size(), 0xFFFF);
  for (const RingSpec& r : plan.topology.rings) {
    if (r.type == "order_command") config->orders_ring_id = r.id;
    if (r.consumer != "exec" || r.type != "market_event") continue;
    config->market_ring_ids[plan.stage(r.producer)->lane] = r.id;
  }
  for (FundingFile& file : config->funding_files) file.path = plan.file_path(file.path);
  if (auto loaded = load_funding_files(*config); !loaded) {
    return fail_within("exec.funding", loaded);
  }
  config->margin.tiers_file = plan.file_path(config->margin.tiers_file);
  if (auto loaded = load_tiers(*config); !loaded) return fail_within("exec.margin.tiers", loaded);
  if (config->margin.opening_e8 == 0) {  // venue and risk keep the same account
    const auto risk = read_part<RiskConfig>(plan, StageKind::kRisk, read_risk_config);
    if (!risk) return std::unexpected(risk.error());
    config->margin.opening_e8 = static_cast<std::int64_t>(risk->opening_cash * 1e8);
  }
  return config;
}

}  // namespace pinstripe
