// Configuration of the models stage, with the defaults of trading.md 4.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/model_file.h"
#include "models/tree_eval.h"
#include "shm/base/isa.h"
#include "shm/market/instrument.h"

namespace pinstripe {

enum class Voting : std::uint8_t {
  kFixed = 0, kPerformance = 1, kConfidence = 2, kMajority = 3, kUnanimous = 4
};
inline constexpr std::array<std::string_view, 5> kVotingNames{"fixed", "performance", "confidence",
                                                              "majority", "unanimous"};

struct MemberConfig {
  std::string name;                 // in counters; default: the model's name
  std::vector<std::string> folds;   // model files; the one that has not seen the day is taken
  double weight = 1.0;              // > 0
  std::int64_t cost_ns = 2'000;     // as `bench trees` measured it; used by the time budget
  ModelFile model;                  // filled by load_members
  bool in_sample = false;           // filled by load_members
};

struct ModelsConfig {
  std::vector<Instrument> instruments;
  std::vector<MemberConfig> members;
  Voting voting = Voting::kFixed;
  double threshold = 0.04;                       // |2p - 1| below it is neutral
  std::int64_t min_voters = 1;
  std::int64_t budget_ns = 1'000'000;            // age of the vector + costs of the voters, at most
  std::int64_t decision_interval_ns = 100'000'000;  // 0: a decision on every vector
  double eta = 4.0;                              // performance: w ∝ exp(-eta * mean log-loss)
  std::int64_t label_delay_ns = 0;               // δ: feed-to-venue latency (session code)
  std::int64_t edge_prior_labels = 500;          // weight of the model file's mean |r|, in labels
  double min_valid_share = 0.5;                  // of the features; fewer: warming up
  Isa isa = Isa::kAvx512;                        // dense members: widest allowed
  Isa tree_isa = kTreeIsa;                       // tree members: the kernel
};

/// Loads every fold of every member, refuses another registry, picks the fold that has not seen the
/// traded time (see choose_fold). Returns whether any member is in-sample.
Result<bool> load_members(ModelsConfig& config, std::uint64_t registry_hash,
                          std::span<const std::string> feature_names, const TradedRange& traded,
                          bool in_sample);

}  // namespace pinstripe
