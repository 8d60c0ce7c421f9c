#include "tools/train/trainer.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "features/registry.h"
#include "models/member.h"
#include "shm/base/hash.h"
#include "tools/train/calibrate.h"
#include "tools/train/mirror.h"

namespace pinstripe {
namespace {

constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kCalibrateRowsMin = 100;

/// A tape with its labels for one horizon.
struct Labelled {
  const Tape* tape;
  std::vector<Label> labels;
  double median_bps = 0;  // of the fitted time

  /// A move inside the band is noise: it is not fitted, but it is judged.
  double theta_bps(std::size_t row) const {
    return std::max<double>(tape->rows[row].half_spread_bps, median_bps);
  }
};

/// What the baselines learned from the fitted time.
struct Baselines {
  double prior_up = 0.5;
  LineFit imbalance;
};

double imbalance_of(const TrainRow& row) {
  const float v = row.x[kImbalance1];
  return v == v ? v : 0.0;
}

std::vector<Labelled> label_tapes(std::span<const Tape> tapes, const TrainOptions& options,
                                  std::int64_t horizon_ns) {
  std::vector<Labelled> all;
  for (std::size_t k = 0; k < tapes.size(); ++k) {
    std::vector<TimeNs> times;
    for (const TrainRow& row : tapes[k].rows) times.push_back(row.t);
    Labelled l{&tapes[k], make_labels(tapes[k].mids, times, options.label_delay_ns, horizon_ns), 0};
    if (options.shuffle_labels) {
      for (std::size_t i = 0; i < l.labels.size(); ++i) {
        if ((random_draw(options.seed, 9, k, i) & 1) != 0) l.labels[i].r_bps = -l.labels[i].r_bps;
      }
    }
    all.push_back(std::move(l));
  }
  return all;
}

std::vector<bool> inputs_used(const TrainOptions& options, Result<void>& problem) {
  std::vector<bool> used(kFeatureCount, options.inputs.empty());
  for (const std::string& name : options.inputs) {
    const std::size_t i = feature_index(name);
    if (i >= kFeatureCount) {
      problem = fail_usage("inputs: there is no feature '" + name +
                           "'; features/README.md lists them");
      return used;
    }
    used[i] = true;
  }
  return used;
}

/// Where theory fixes the sign, trees may not learn the other one from a few minutes of noise.
void set_rising(TreeOptions& options) {
  options.rising.assign(kFeatureCount, 0);
  for (const FeatureId id : {kMicropriceBps, kImbalance1, kImbalance5, kImbalance10, kImbalance20,
                             kOfi1Of1s, kOfi5Of1s, kTradeImbalance1s}) {
    options.rising[id] = 1;
  }
}

/// Rows of the fit slice beyond the band, each followed by its mirror image.
Dataset fit_rows(std::span<const Labelled> all, const Split& split, const std::vector<bool>& used) {
  Dataset data;
  data.inputs = kFeatureCount;
  std::vector<float> row(kFeatureCount), image(kFeatureCount);
  for (const Labelled& l : all) {
    for (std::size_t i = 0; i < l.labels.size(); ++i) {
      const Label& label = l.labels[i];
      const double size = label.r_bps < 0 ? -label.r_bps : label.r_bps;
      if (!label.known || size <= l.theta_bps(i)) continue;
      if (split.slice_of(l.tape->rows[i].t, label.end) != Slice::kFit) continue;
      for (std::size_t f = 0; f < kFeatureCount; ++f) {
        row[f] = used[f] ? l.tape->rows[i].x[f] : kAbsent;
      }
      mirror_row(row, image);
      data.add(row, label.r_bps > 0);
      data.add(image, !(label.r_bps > 0));
    }
  }
  return data;
}

Baselines fit_baselines(std::span<const Labelled> all, const Split& split) {
  std::vector<double> x;
  std::vector<std::uint8_t> up;
  double ups = 0;
  for (const Labelled& l : all) {
    for (std::size_t i = 0; i < l.labels.size(); ++i) {
      const Label& label = l.labels[i];
      if (!label.known || label.r_bps == 0) continue;
      const Slice slice = split.slice_of(l.tape->rows[i].t, label.end);
      if (slice != Slice::kFit && slice != Slice::kCalibrate) continue;
      x.push_back(imbalance_of(l.tape->rows[i]));
      up.push_back(label.r_bps > 0 ? 1 : 0);
      ups += label.r_bps > 0 ? 1 : 0;
    }
  }
  Baselines b;
  b.prior_up = (ups + 1) / (static_cast<double>(up.size()) + 2);
  b.imbalance = fit_line(x, up);
  return b;
}

Member member_of(const ModelFile& model) {
  MemberConfig config;
  config.name = model.name;
  config.model = model;
  return Member(config, Isa::kAvx512);
}

std::vector<Scored> calibration_rows(std::span<const Labelled> all, const Split& split,
                                     Member& member) {
  std::vector<Scored> rows;
  for (const Labelled& l : all) {
    for (std::size_t i = 0; i < l.labels.size(); ++i) {
      const Label& label = l.labels[i];
      if (!label.known || label.r_bps == 0) continue;
      const TrainRow& row = l.tape->rows[i];
      if (split.slice_of(row.t, label.end) != Slice::kCalibrate) continue;
      rows.push_back({member.margin(std::span(row.x).first(kFeatureCount)), label.r_bps > 0});
    }
  }
  return rows;
}

/// `wanted(t, label end)` says which rows are judged.
template <class Wanted>
std::vector<TestRow> test_rows(std::span<const Labelled> all, Member& member, const Baselines& base,
                               std::int64_t horizon_ns, std::vector<Forecast>* oracle,
                               Wanted wanted) {
  const std::int64_t block_ns = std::max<std::int64_t>(2 * horizon_ns, 5 * kNsPerSecond);
  std::vector<TestRow> rows;
  for (const Labelled& l : all) {
    const double maker = static_cast<double>(l.tape->instrument.maker_fee_e8) * 2e-4;
    const double taker = static_cast<double>(l.tape->instrument.taker_fee_e8) * 2e-4;
    for (std::size_t i = 0; i < l.labels.size(); ++i) {
      const Label& label = l.labels[i];
      const TrainRow& row = l.tape->rows[i];
      if (!label.known || !wanted(row.t, label.end)) continue;
      TestRow out;
      out.probability = member.probability(std::span(row.x).first(kFeatureCount));
      out.prior = base.prior_up;
      out.imbalance = std::clamp(base.imbalance.probability(imbalance_of(row)), kProbabilityMin,
                                 1 - kProbabilityMin);
      out.r_bps = label.r_bps;
      out.maker_cost_bps = maker;
      out.taker_cost_bps = taker;
      out.block = row.t.value / block_ns;  // one block over all instruments: they move together
      rows.push_back(out);
      if (oracle != nullptr && label.r_bps != 0) {
        oracle->push_back({row.oracle_bps, label.r_bps > 0});
      }
    }
  }
  return rows;
}

std::int64_t observed_after(std::span<const Tape> tapes, TimeNs from) {
  std::vector<TimeSpan> spans;
  for (const Tape& tape : tapes) {
    if (tape.to > from) spans.push_back({std::max(tape.from, from), tape.to});
  }
  return observed_ns(spans);
}

Result<void> fit_kind(const MemberSpec& spec, const Dataset& data, const TrainOptions& options,
                      ModelFile& model) {
  switch (spec.kind) {
    case ModelKind::kTrees: {
      TreeOptions trees = options.trees;
      set_rising(trees);
      return fit_trees(data, trees, model);
    }
    case ModelKind::kMlp: fit_mlp(data, options.dense, model); break;
    case ModelKind::kLogistic: fit_logistic(data, options.dense, model); break;
  }
  model.importance = dense_importance(model);
  return {};
}

ModelFile blank_model(const MemberSpec& spec, std::span<const Tape> tapes, const std::string& name,
                      const FeaturesConfig& features) {
  ModelFile model;
  model.name = (name.empty() ? "" : name + "_") + spec.name();
  model.kind = spec.kind;
  model.horizon_ns = spec.horizon_ns;
  model.registry_hash = registry_hash(features);
  model.features = feature_names();
  // The range covers all three slices: a session on the test slice is refused as well.
  model.train_from = tapes.front().from;
  model.train_to = tapes.front().to;
  for (const Tape& tape : tapes) {
    model.train_from = std::min(model.train_from, tape.from);
    model.train_to = std::max(model.train_to, tape.to);
  }
  model.data_digest = tapes_digest(tapes);
  return model;
}

std::string block_json(const TrainedMember& m, const Baselines& base) {
  auto j = nlohmann::ordered_json::parse(evaluation_json(m.evaluation));
  if (m.oracle_auc > 0) j["oracle_auc"] = m.oracle_auc;
  j["split"] = {{"fit_end_ns", m.split.fit_end.value},
                {"calibrate_end_ns", m.split.calibrate_end.value},
                {"embargo_ns", m.split.embargo_ns},
                {"fit_rows", m.fit_rows},
                {"calibrate_rows", m.calibrate_rows}};
  j["baselines"] = {{"prior_up", base.prior_up},
                    {"imbalance_a", base.imbalance.a},
                    {"imbalance_b", base.imbalance.b}};
  return j.dump();
}

/// Through text and back: what is calibrated and judged is what the models stage will load.
Result<void> reload(ModelFile& model) {
  auto text = model_text(model);
  if (!text) return fail_within("cannot write " + model.name, text);
  auto read = parse_model(*text, model.name);
  if (!read) return fail_within("cannot read back " + model.name, read);
  model = std::move(*read);
  return {};
}

Result<TrainedMember> train_member(std::span<const Tape> tapes, const TrainOptions& options,
                                   const FeaturesConfig& features, const MemberSpec& spec,
                                   const std::string& name) {
  TrainedMember m;
  m.model = blank_model(spec, tapes, name, features);
  std::vector<TimeSpan> spans;
  for (const Tape& tape : tapes) spans.push_back(tape.span());
  const std::int64_t embargo =
      std::max(spec.horizon_ns + options.label_delay_ns, longest_feature_window_ns(features));
  m.split = plan_split(spans, options.fit_share, options.calibrate_share, embargo);
  std::vector<Labelled> all = label_tapes(tapes, options, spec.horizon_ns);
  for (Labelled& l : all) {
    l.median_bps = median_abs_r_bps(l.labels, m.split.fit_end);
    m.theta_median_bps += l.median_bps / static_cast<double>(all.size());
  }
  Result<void> problem;
  const std::vector<bool> used = inputs_used(options, problem);
  if (!problem) return std::unexpected(problem.error());
  const Dataset data = fit_rows(all, m.split, used);
  m.fit_rows = static_cast<std::int64_t>(data.rows() / 2);
  if (m.fit_rows < kVotingSamplesMin) {
    return fail("cannot fit " + m.model.name + ": " + std::to_string(m.fit_rows) +
                " rows are left after purge, embargo and threshold band, at least " +
                std::to_string(kVotingSamplesMin) + " are needed; give more data or a "
                "shorter horizon");
  }
  m.model.training_samples = m.fit_rows;
  if (auto ok = fit_kind(spec, data, options, m.model); !ok) return std::unexpected(ok.error());
  if (auto ok = reload(m.model); !ok) return std::unexpected(ok.error());
  {
    Member raw = member_of(m.model);
    const std::vector<Scored> rows = calibration_rows(all, m.split, raw);
    m.calibrate_rows = static_cast<std::int64_t>(rows.size());
    if (m.calibrate_rows < kCalibrateRowsMin) {
      return fail("cannot calibrate " + m.model.name + ": " + std::to_string(m.calibrate_rows) +
                  " rows moved in the calibration slice, at least " +
                  std::to_string(kCalibrateRowsMin) + " are needed; give more data");
    }
    const double overlap = std::max(1.0, static_cast<double>(spec.horizon_ns) /
                                             static_cast<double>(std::max<std::int64_t>(
                                                 options.decision_interval_ns, 1)));
    m.model.calibration = options.calibration == CalibrationKind::kIsotonic
                              ? fit_isotonic(rows)
                              : fit_platt(rows, overlap);
  }
  const Baselines base = fit_baselines(all, m.split);
  Member member = member_of(m.model);
  std::vector<Forecast> oracle;
  const auto rows = test_rows(all, member, base, spec.horizon_ns, &oracle,
                              [&](TimeNs t, TimeNs end) {
                                return m.split.slice_of(t, end) == Slice::kTest;
                              });
  if (rows.empty()) {
    return fail("cannot judge " + m.model.name + ": no row is left after the embargo of " +
                std::to_string(embargo / kNsPerSecond) + " s; give more data");
  }
  const TimeNs test_from = saturating_add(m.split.calibrate_end, TimeNs(embargo));
  m.evaluation = evaluate(rows, observed_after(tapes, test_from), spec.horizon_ns);
  m.oracle_auc = tapes.front().has_oracle ? auc(oracle) : 0;
  m.model.mean_abs_r_bps = m.evaluation.mean_abs_r_bps;
  m.model.beats_baseline = m.evaluation.beats_baseline;
  m.model.evaluation = block_json(m, base);
  if (auto ok = reload(m.model); !ok) return std::unexpected(ok.error());
  return m;
}

}  // namespace

std::string MemberSpec::name() const {
  const bool seconds = horizon_ns % kNsPerSecond == 0;
  return std::string(kModelKindNames[static_cast<std::size_t>(kind)]) + "_" +
         (seconds ? std::to_string(horizon_ns / kNsPerSecond) + "s"
                  : std::to_string(horizon_ns / kNsPerMs) + "ms");
}

std::vector<std::string> default_inputs() {
  std::vector<std::string> names;
  for (const FeatureId id :
       {kSpreadBps, kMicropriceBps, kWeightedMidBps, kImbalance1, kImbalance5, kImbalance10,
        kImbalance20, kImbalance50, kOfi1Of1s, kOfi5Of1s, kOfi1Of5s, kOfi5Of5s, kTradeImbalance1s,
        kTradeImbalance3s, kTradeImbalance8s, kTradeImbalance10Trades, kSignedVolume1s,
        kVwapDistance8sBps, kMomentum4BarsBps, kMomentumZ, kMeanReversionZ, kEma9Bps, kMidBps}) {
    names.emplace_back(feature_registry()[id].name);
  }
  return names;
}

std::int64_t longest_feature_window_ns(const FeaturesConfig& config) {
  std::int64_t longest = 0;
  for (const FeatureSpec& spec : feature_registry()) {
    longest = std::max({longest, spec.warm_up.ns,
                        static_cast<std::int64_t>(spec.warm_up.bars) * config.bar_ns});
  }
  return longest;
}

std::string tapes_digest(std::span<const Tape> tapes) {
  Hasher h;
  for (const Tape& tape : tapes) h.add(tape.digest);
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(h.value()));
  return text;
}

Result<std::vector<TrainedMember>> train(std::span<const Tape> tapes, const TrainOptions& options,
                                         const FeaturesConfig& features, const std::string& name,
                                         const Progress& progress) {
  if (tapes.empty()) return fail_usage("nothing to train on; name files with --data");
  std::vector<TrainedMember> trained;
  for (const MemberSpec& spec : options.members) {
    progress("fitting " + spec.name());
    auto member = train_member(tapes, options, features, spec, name);
    if (!member) return std::unexpected(member.error());
    trained.push_back(std::move(*member));
  }
  return trained;
}

Result<Evaluation> evaluate_on(const ModelFile& model, std::span<const Tape> tapes,
                               const TrainOptions& options) {
  Baselines base;
  const auto block = nlohmann::json::parse(model.evaluation, nullptr, false);
  if (block.is_object() && block.contains("baselines")) {
    const auto& b = block["baselines"];
    base.prior_up = b.value("prior_up", 0.5);
    base.imbalance = {b.value("imbalance_a", 0.0), b.value("imbalance_b", 0.0)};
  }
  const std::vector<Labelled> all = label_tapes(tapes, options, model.horizon_ns);
  Member member = member_of(model);
  const auto rows = test_rows(all, member, base, model.horizon_ns, nullptr,
                              [](TimeNs, TimeNs) { return true; });
  if (rows.empty()) return fail("no row of the data can be judged; give a longer file");
  return evaluate(rows, observed_after(tapes, TimeNs(0)), model.horizon_ns);
}

}  // namespace pinstripe
