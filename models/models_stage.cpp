#include "models/models_stage.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "shm/base/check.h"

namespace pinstripe {
namespace {

/// Non-negative reals as counters: millionths, rounded half up.
std::int64_t millionths(double v) noexcept { return static_cast<std::int64_t>(v * 1e6 + 0.5); }

LabelTracker tracker_for(const ModelsConfig& config) {
  std::vector<std::int64_t> horizons_ns;
  std::int64_t longest = 0;
  for (const MemberConfig& m : config.members) {
    horizons_ns.push_back(m.model.horizon_ns);
    longest = std::max(longest, m.model.horizon_ns);
  }
  // At most about a thousand decisions are followed at a time, however often decisions are taken.
  const std::int64_t spacing =
      std::max<std::int64_t>({config.decision_interval_ns,
                              (longest + config.label_delay_ns) / 1000, 1});
  return LabelTracker(horizons_ns, config.label_delay_ns, spacing);
}

}  // namespace

ModelsStage::ModelsStage(const ModelsConfig& config)
    : rules_{config.voting, config.threshold, config.min_voters, config.eta},
      budget_ns_(config.budget_ns),
      edge_prior_labels_(static_cast<double>(config.edge_prior_labels)),
      min_valid_share_(config.min_valid_share),
      counters_(kCounters + config.members.size() * kMemberCounters, 0) {
  PINSTRIPE_CHECK(config.members.size() <= kMemberMax, "the config bounds the members");
  for (const MemberConfig& m : config.members) {
    members_.emplace_back(m, config.isa, config.tree_isa);
    names_.push_back(m.name);
    PINSTRIPE_CHECK(members_.back().features() == members_.front().features() &&
                        members_.back().features() <= kFeatureMax,
                    "load_members refuses models of another registry");
  }
  for (std::size_t i = 0; i < config.instruments.size(); ++i) {
    instruments_.push_back(
        {DecisionClock(config.decision_interval_ns), tracker_for(config), 0, Hasher()});
  }
}

bool ModelsStage::take(const FeatureVector& vector) noexcept {
  ++counters_[kVectors];
  PINSTRIPE_CHECK(vector.h.instrument < instruments_.size(), "vector of an unknown instrument");
  PerInstrument& per = instruments_[vector.h.instrument];
  const MarketContext& at = vector.context;
  const std::int64_t mid2 = at.bid_ticks.value + at.ask_ticks.value;
  const bool valid = at.state == BookState::kValid;
  if (per.labels.resolves_before(vector.h.origin_ns)) [[unlikely]] {
    score_labels(per.labels, vector.h.origin_ns, mid2, valid);
  } else {
    per.labels.on_book(vector.h.origin_ns, mid2, valid);
  }
  per.inputs.add(vector.valid_mask);
  per.inputs.bytes(&vector.context, sizeof(vector.context));
  per.inputs.bytes(vector.values.data(), sizeof(vector.values));
  return per.clock.due(vector.h.origin_ns);
}

/// `on_book` with the counters of what it resolves.
void ModelsStage::score_labels(LabelTracker& labels, TimeNs t, std::int64_t mid2,
                               bool valid) noexcept {
  std::array<MemberScore, kMemberMax> before;
  for (std::size_t m = 0; m < members_.size(); ++m) before[m] = labels.score(m);
  const std::int64_t dropped = labels.dropped();
  labels.on_book(t, mid2, valid);
  counters_[kLabelsDropped] += labels.dropped() - dropped;
  for (std::size_t m = 0; m < members_.size(); ++m) {
    count_labels(m, before[m], labels.score(m));
  }
}

void ModelsStage::count_labels(std::size_t member, const MemberScore& before,
                               const MemberScore& after) noexcept {
  if (after.labels == before.labels) return;
  member_counter(member, kLabels) += after.labels - before.labels;
  member_counter(member, kAbsR) += millionths(after.abs_r_bps - before.abs_r_bps);
  member_counter(member, kScored) += after.scored - before.scored;
  member_counter(member, kLogLoss) += millionths(after.log_loss - before.log_loss);
}

NeutralReason ModelsStage::unfit(const FeatureVector& vector) const noexcept {
  if (vector.context.state != BookState::kValid) return NeutralReason::kBookInvalid;
  if (members_.empty()) return NeutralReason::kNone;
  const std::size_t features = members_.front().features();
  const std::uint64_t all = features == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << features) - 1;
  const int present = std::popcount(vector.valid_mask & all);
  const double wanted = min_valid_share_ * static_cast<double>(features);
  return static_cast<double>(present) < wanted ? NeutralReason::kWarmingUp : NeutralReason::kNone;
}

void ModelsStage::collect_votes(TimeNs now, const FeatureVector& vector, PerInstrument& per,
                                Signal& out) noexcept {
  constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();
  const std::size_t features = members_.empty() ? 0 : members_.front().features();
  for (std::size_t i = 0; i < features; ++i) {
    row_[i] = vector.valid(i) ? vector.values[i] : kAbsent;
  }
  std::int64_t spent_ns = now.value - vector.h.origin_ns.value;
  bool all_calibrated = true;
  for (std::size_t m = 0; m < members_.size(); ++m) {
    Member& member = members_[m];
    if (!member.may_vote()) {
      ++member_counter(m, kTooFewSamples);
      continue;
    }
    if (member.registry_hash() != vector.registry_hash) {
      ++counters_[kRegistryMismatch];
      continue;
    }
    if (spent_ns + member.cost_ns() > budget_ns_) {
      ++member_counter(m, kLeftOut);
      out.left_out = static_cast<std::uint16_t>(out.left_out | 1U << m);
      continue;
    }
    spent_ns += member.cost_ns();
    const MemberScore& score = per.labels.score(m);
    Vote& vote = votes_[m];
    vote.voted = true;
    vote.probability = member.probability(std::span(row_).first(features));
    vote.weight = member.weight();
    vote.mean_log_loss =
        score.scored > 0 ? score.log_loss / static_cast<double>(score.scored) : 0.0;
    vote.mean_abs_r_bps = (edge_prior_labels_ * member.prior_abs_r_bps() + score.abs_r_bps) /
                          (edge_prior_labels_ + static_cast<double>(score.labels));
    vote.horizon_ns = member.horizon_ns();
    ++member_counter(m, kVotes);
    out.voters = static_cast<std::uint16_t>(out.voters | 1U << m);
    out.member_probability[m] = static_cast<float>(vote.probability);
    all_calibrated = all_calibrated && member.is_calibrated();
  }
  if (all_calibrated && out.voters != 0) out.flags |= kSignalCalibrated;
}

void ModelsStage::decide(TimeNs now, const FeatureVector& vector, Signal& out) noexcept {
  PerInstrument& per = instruments_[vector.h.instrument];
  out.decision = ++per.decisions;
  Hasher inputs = per.inputs;
  inputs.add(vector.told_hash);
  out.inputs_hash = inputs.value();
  out.context = vector.context;
  out.members = static_cast<std::uint8_t>(members_.size());
  for (std::size_t m = 0; m < members_.size(); ++m) {
    const std::int64_t age_s =
        (vector.h.origin_ns.value - members_[m].trained_to().value) / kNsPerSecond;
    out.model_age_s[m] = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(age_s, 0, std::numeric_limits<std::uint32_t>::max()));
    counters_[kOldestModelAge] =
        std::max<std::int64_t>(counters_[kOldestModelAge], out.model_age_s[m]);
  }
  for (Vote& vote : votes_) vote = Vote{};
  const NeutralReason reason = unfit(vector);
  Verdict verdict;
  if (reason == NeutralReason::kNone) {
    collect_votes(now, vector, per, out);
    verdict = join_votes(rules_, std::span(votes_).first(members_.size()));
  } else {
    verdict.reason = reason;
  }
  out.probability = verdict.probability;
  const double lean = 2.0 * verdict.probability - 1.0;
  out.confidence = lean < 0 ? -lean : lean;
  out.edge_bps = verdict.edge_bps + 0.0;  // -0 becomes +0 (protocol 2)
  out.horizon_ns = verdict.horizon_ns;
  out.direction = verdict.direction;
  out.reason = static_cast<std::uint8_t>(verdict.reason);
  std::array<double, kMemberMax> said{};
  for (std::size_t m = 0; m < members_.size(); ++m) said[m] = votes_[m].probability;
  per.labels.on_decision(vector.h.origin_ns, said, out.voters);
  count_verdict(out);
}

void ModelsStage::count_verdict(const Signal& out) noexcept {
  ++counters_[kSignals];
  if (out.direction == 0) {
    ++counters_[kNeutral];
    ++counters_[kFirstReason + out.reason];
  } else {
    ++counters_[out.direction > 0 ? kUp : kDown];
  }
}

std::uint64_t ModelsStage::state_hash() const noexcept {
  StateWriter w;
  save(w);
  return w.hash();
}

void ModelsStage::save(StateWriter& w) const noexcept {
  w.u64(instruments_.size());
  w.u64(members_.size());
  for (const PerInstrument& per : instruments_) {
    w.i64(per.clock.state());
    w.u64(per.decisions);
    w.u64(per.inputs.state());
    per.labels.save(w);
  }
  for (const std::int64_t c : counters_) w.i64(c);
}

Result<void> ModelsStage::load(StateReader& r) {
  if (r.u64() != instruments_.size() || r.u64() != members_.size()) {
    return fail("models checkpoint: made with other instruments or members; start without it");
  }
  for (PerInstrument& per : instruments_) {
    per.clock.restore(r.i64());
    per.decisions = r.u64();
    per.inputs.restore(r.u64());
    if (auto ok = per.labels.load(r); !ok) return ok;
  }
  for (std::int64_t& c : counters_) c = r.i64();
  if (r.failed()) return fail("models checkpoint: cut short; start without it");
  return {};
}

std::vector<std::string> ModelsStage::counter_names() const {
  std::vector<std::string> names{"vectors", "signals", "up", "down", "neutral"};
  for (const auto reason : kNeutralReasonNames) names.push_back("neutral." + std::string(reason));
  names.insert(names.end(), {"registry_mismatch", "labels_dropped", "oldest_model_age_s"});
  for (const std::string& member : names_) {
    for (const char* what : {"votes", "left_out", "too_few_samples", "labels", "abs_r_1e-6_bps",
                             "scored", "log_loss_1e-6"}) {
      names.push_back("member." + member + "." + what);
    }
  }
  return names;
}

}  // namespace pinstripe
