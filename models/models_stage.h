// The models stage: FeatureVector in, at most one Signal out (trading.md 4).
//
// A decision is taken on the decision clock, in event time (`origin_ns`), per instrument; each
// gives a Signal, neutral ones included. The time budget uses the vector's age at `now` and the
// costs that the config declares, so replay leaves out the same members.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/decision_clock.h"
#include "models/ensemble.h"
#include "models/labels.h"
#include "models/member.h"
#include "models/models_config.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/signal.h"
#include "shm/msg/stage.h"

namespace pinstripe {

class ModelsStage {
 public:
  using Config = ModelsConfig;
  using In = Input;
  using Out = Signal;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  /// The members' models are loaded (load_members) and made for one feature registry.
  explicit ModelsStage(const ModelsConfig& config);

  template <class Sink>
  void on_event(TimeNs now, const Input& in, Sink& sink) noexcept {
    if (in.kind() != InputKind::kMessage || in.type() != MsgType::kFeatureVector) return;
    const auto& vector = in.as<FeatureVector>();
    if (!take(vector)) return;
    Signal& out = sink.claim(0);
    decide(now, vector, out);
    sink.commit(0);
  }
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  bool more() const noexcept { return false; }
  std::uint64_t state_hash() const noexcept;
  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);
  std::span<const std::int64_t> counters() const noexcept { return counters_; }
  std::vector<std::string> counter_names() const;

 private:
  struct PerInstrument {
    DecisionClock clock;
    LabelTracker labels;
    std::uint64_t decisions = 0;
    Hasher inputs;  // of every vector so far
  };
  // Counters that every stage has; those of the members follow, kMemberCounters each.
  enum Counter : std::size_t {
    kVectors, kSignals, kUp, kDown, kNeutral,
    kFirstReason,
    kRegistryMismatch = kFirstReason + kNeutralReasonNames.size(),
    kLabelsDropped, kOldestModelAge, kCounters,
  };
  enum MemberCounter : std::size_t {
    kVotes, kLeftOut, kTooFewSamples, kLabels, kAbsR, kScored, kLogLoss, kMemberCounters,
  };

  /// Counts the vector and scores past decisions; true where a decision is due.
  bool take(const FeatureVector& vector) noexcept;
  void decide(TimeNs now, const FeatureVector& vector, Signal& out) noexcept;
  /// Lets the members vote that may and for which the budget has room; fills votes_ and `out`.
  void collect_votes(TimeNs now, const FeatureVector& vector, PerInstrument& per,
                     Signal& out) noexcept;
  NeutralReason unfit(const FeatureVector& vector) const noexcept;
  void count_verdict(const Signal& out) noexcept;
  void score_labels(LabelTracker& labels, TimeNs t, std::int64_t mid2, bool valid) noexcept;
  void count_labels(std::size_t member, const MemberScore& before,
                    const MemberScore& after) noexcept;
  std::int64_t& member_counter(std::size_t member, MemberCounter which) noexcept {
    return counters_[kCounters + member * kMemberCounters + which];
  }

  VotingRules rules_;
  std::int64_t budget_ns_;
  double edge_prior_labels_;
  double min_valid_share_;
  std::vector<Member> members_;
  std::vector<std::string> names_;
  std::vector<PerInstrument> instruments_;
  std::array<float, kFeatureMax> row_{};
  std::array<Vote, kMemberMax> votes_{};
  std::vector<std::int64_t> counters_;
};

static_assert(Stage<ModelsStage>);

}  // namespace pinstripe
