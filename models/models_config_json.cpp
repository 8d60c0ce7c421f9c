#include "models/models_config_json.h"

#include "shm/msg/signal.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kHourNs = 3'600 * kNsPerSecond;

MemberConfig read_member(ConfigNode& node) {
  MemberConfig member;
  member.name = node.text("name", "");
  const std::string file = node.text("file", "");
  member.folds = node.texts("folds");
  if (!file.empty() && !member.folds.empty()) {
    node.complain("file", "found together with folds; give one of them");
  }
  if (!file.empty()) member.folds.assign(1, file);
  if (member.folds.empty()) {
    node.complain("file", "missing; give the member's model file, or several under folds");
  }
  member.weight = node.number("weight", member.weight, 1e-6, 1e6);
  member.cost_ns = node.integer("cost_ns", member.cost_ns, 0, kNsPerSecond);
  return member;
}

}  // namespace

ModelsConfig read_models_config(ConfigNode& node) {
  ModelsConfig config;
  for (ConfigNode& member : node.list("members")) config.members.push_back(read_member(member));
  if (config.members.size() > kMemberMax) {
    node.complain("members", "found " + std::to_string(config.members.size()) + ", allowed up to " +
                                 std::to_string(kMemberMax));
    config.members.resize(kMemberMax);
  }
  config.voting = static_cast<Voting>(
      node.choice("voting", static_cast<std::size_t>(config.voting), kVotingNames));
  config.threshold = node.number("threshold", config.threshold, 0.0, 1.0);
  config.min_voters = node.integer("min_voters", config.min_voters, 1,
                                   static_cast<std::int64_t>(kMemberMax));
  config.budget_ns = node.integer("budget_ns", config.budget_ns, 0, 60 * kNsPerSecond);
  config.decision_interval_ns =
      node.integer("decision_interval_ns", config.decision_interval_ns, 0, kHourNs);
  config.eta = node.number("eta", config.eta, 0.0, 100.0);
  config.edge_prior_labels = node.integer("edge_prior_labels", config.edge_prior_labels, 1,
                                          1'000'000'000);
  config.min_valid_share = node.number("min_valid_share", config.min_valid_share, 0.0, 1.0);
  config.isa = static_cast<Isa>(
      node.choice("isa", static_cast<std::size_t>(config.isa), kIsaNames));
  config.tree_isa = static_cast<Isa>(
      node.choice("tree_isa", static_cast<std::size_t>(config.tree_isa), kIsaNames));
  return config;
}

}  // namespace pinstripe
