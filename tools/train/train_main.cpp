// pinstripe-train: fits the ensemble's members on recorded data or on the synthetic market, through
// the code that trades.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "feed/feed_config_json.h"
#include "features/features_config_json.h"
#include "features/registry.h"
#include "models/models_config_json.h"
#include "shm/run/config_node.h"
#include "tools/session/session_config.h"
#include "tools/session/stage_configs.h"
#include "tools/train/trainer.h"
#include "tools/usage_error.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Arguments {
  std::string config;
  std::vector<std::string> data;
  std::vector<std::string> evaluate;   // model files to judge instead of fitting
  std::string out = "models";
  std::string name;
  std::string members = "trees:1s,trees:5s,mlp:5s";
  std::string horizons;                // keeps the members of these horizons
  std::string calibration = "platt";
  std::string synthetic_for = "1800s";
  std::string decision_interval;       // "": the session's own
  std::int64_t synthetic_seed = -1;
  bool json = false;
};

/// What the session config decides about rows: the same stages, clock and delays as trading.
struct Settings {
  TapeOptions tape;
  TrainOptions train;
  SyntheticConfig market;
  std::int64_t base_feed_latency_ns = 0;
};

Result<Settings> read_settings(const std::string& file) {
  auto config = load_session_config(file, {});
  if (!config) return std::unexpected(config.error());
  const SessionPlan& plan = config->plan;
  Settings s;
  auto feed = feed_config_of(plan);
  auto features = features_config_of(plan);
  auto exec = exec_config_of(plan);
  auto models = ConfigNode::parse(plan.stage_json[index_of(StageKind::kModels)], "models");
  auto market = ConfigNode::parse(plan.synthetic_json, "market");
  if (!feed) return std::unexpected(feed.error());
  if (!features) return std::unexpected(features.error());
  if (!exec) return std::unexpected(exec.error());
  if (!models) return std::unexpected(models.error());
  if (!market) return std::unexpected(market.error());
  const ModelsConfig models_config = read_models_config(*models);
  s.tape.feed = *feed;
  s.tape.features = *features;
  s.tape.decision_interval_ns = models_config.decision_interval_ns;
  s.tape.min_valid_share = models_config.min_valid_share;
  s.train.label_delay_ns = label_delay_ns(plan, *exec);
  s.train.inputs = default_inputs();
  s.train.decision_interval_ns = s.tape.decision_interval_ns;
  s.market = read_synthetic_config(*market);
  s.base_feed_latency_ns = plan.base_feed_latency_ns;
  return s;
}

/// The synthetic market of the session with another seed, at an earlier time, without scripted
/// events: a session on it trades time that no model has seen.
Result<Tape> synthetic_tape(const Settings& s, const Arguments& a) {
  SyntheticConfig market = s.market;
  if (static_cast<std::uint64_t>(a.synthetic_seed) == market.seed) {
    return fail_usage("--synthetic-seed: found " + std::to_string(a.synthetic_seed) +
                      ", which is the seed of the session's own market; give another one");
  }
  auto duration = parse_duration(a.synthetic_for);
  if (!duration) return std::unexpected(std::move(duration.error()).within("--synthetic-for"));
  market.seed = static_cast<std::uint64_t>(a.synthetic_seed);
  market.duration_ns = *duration;
  market.start_ns = market.start_ns - TimeNs(*duration + 86'400 * kNsPerSecond);
  market.feed_delay_ns = s.base_feed_latency_ns;
  market.jump_at_s = market.gap_at_s = market.burst_at_s = -1;
  return build_synthetic_tape(market, s.tape, 5 * kNsPerSecond);
}

Result<std::vector<Tape>> read_tapes(const Settings& s, const Arguments& a) {
  if (a.synthetic_seed >= 0) {
    auto tape = synthetic_tape(s, a);
    if (!tape) return std::unexpected(tape.error());
    std::vector<Tape> tapes;
    tapes.push_back(std::move(*tape));
    return tapes;
  }
  if (a.data.empty()) {
    return fail_usage("no data: give recorded files with --data FILE..., or --synthetic-seed S");
  }
  return build_recorded_tapes(a.data, s.base_feed_latency_ns, s.tape);
}

void say(const Arguments& a, const std::string& text) {
  if (!a.json) std::fputs((text + "\n").c_str(), stdout);
}

Result<void> judge(const Arguments& a, const Settings& s, const std::vector<Tape>& tapes) {
  Json all = Json::array();
  for (const std::string& file : a.evaluate) {
    auto model = load_model(file);
    if (!model) return std::unexpected(model.error());
    if (auto ok = check_registry(*model, registry_hash(s.tape.features), feature_names()); !ok) {
      return ok;
    }
    for (const Tape& tape : tapes) {
      const bool overlaps = tape.from <= model->train_to && model->train_from <= tape.to;
      auto e = evaluate_on(*model, std::span(&tape, 1), s.train);
      if (!e) return fail_within(file + " on " + tape.name, e);
      say(a, evaluation_text(model->name + " on " + tape.name +
                             (overlaps ? " (IN SAMPLE: it was trained on this time)" : ""), *e));
      Json j{{"model", model->name}, {"data", tape.name}, {"in_sample", overlaps}};
      j["evaluation"] = Json::parse(evaluation_json(*e));
      all.push_back(std::move(j));
    }
  }
  if (a.json) std::cout << Json{{"evaluations", all}}.dump() << "\n";
  return {};
}

Result<void> write_models(const Arguments& a, std::vector<TrainedMember>& trained) {
  std::error_code problem;
  fs::create_directories(a.out, problem);
  if (problem) return fail("cannot make the folder '" + a.out + "': " + problem.message());
  Json all = Json::array();
  for (TrainedMember& m : trained) {
    const std::string file = (fs::path(a.out) / (m.model.name + ".json")).string();
    if (auto ok = save_model(m.model, file); !ok) return ok;
    std::string title = m.model.name + " (" + std::to_string(m.fit_rows) + " rows fitted, " +
                        std::to_string(m.calibrate_rows) + " calibrated)";
    std::string text = evaluation_text(title, m.evaluation);
    if (m.oracle_auc > 0) {
      char oracle[96];
      std::snprintf(oracle, sizeof oracle,
                    "  the oracle, who sees the hidden pressure, reaches AUC %.4f\n", m.oracle_auc);
      text += oracle;
    }
    say(a, text);
    std::fprintf(stderr, "wrote %s\n", file.c_str());
    Json j{{"name", m.model.name}, {"file", file}, {"fit_rows", m.fit_rows}};
    j["data_digest"] = m.model.data_digest;
    j["evaluation"] = Json::parse(m.model.evaluation);
    all.push_back(std::move(j));
  }
  if (a.json) std::cout << Json{{"models", all}}.dump() << "\n";
  return {};
}

Result<void> keep_horizons(const Arguments& a, std::vector<MemberSpec>& specs) {
  if (a.horizons.empty()) return {};
  std::vector<std::int64_t> wanted;
  for (std::size_t at = 0; at <= a.horizons.size();) {
    const std::size_t comma = std::min(a.horizons.find(',', at), a.horizons.size());
    auto horizon = parse_horizon(a.horizons.substr(at, comma - at));
    if (!horizon) return std::unexpected(horizon.error());
    wanted.push_back(*horizon);
    at = comma + 1;
  }
  std::erase_if(specs, [&](const MemberSpec& s) {
    return std::find(wanted.begin(), wanted.end(), s.horizon_ns) == wanted.end();
  });
  if (specs.empty()) {
    return fail_usage("--horizons " + a.horizons + " leaves no member of " + a.members);
  }
  return {};
}

Result<void> run(const Arguments& a) {
  auto settings = read_settings(a.config);
  if (!settings) return std::unexpected(settings.error());
  Settings& s = *settings;
  if (!a.decision_interval.empty()) {
    auto interval = parse_horizon(a.decision_interval);
    if (!interval) {
      return std::unexpected(std::move(interval.error()).within("--decision-interval"));
    }
    s.tape.decision_interval_ns = s.train.decision_interval_ns = *interval;
  }
  auto members = parse_members(a.members);
  if (!members) return std::unexpected(std::move(members.error()).within("--members"));
  if (auto ok = keep_horizons(a, *members); !ok) return ok;
  s.train.members = *members;
  s.train.calibration =
      a.calibration == "isotonic" ? CalibrationKind::kIsotonic : CalibrationKind::kPlatt;
  std::fprintf(stderr, "labels begin %.3f ms after a decision\n",
               static_cast<double>(s.train.label_delay_ns) * 1e-6);
  std::fprintf(stderr, "reading the data through feed and features\n");
  auto tapes = read_tapes(s, a);
  if (!tapes) return std::unexpected(tapes.error());
  for (const Tape& t : *tapes) {
    std::fprintf(stderr, "  %s: %.1f s, %lld events, %zu of %lld decisions usable\n",
                 t.name.c_str(), static_cast<double>((t.to - t.from).value) * 1e-9,
                 static_cast<long long>(t.events), t.rows.size(),
                 static_cast<long long>(t.decisions));
  }
  if (!a.evaluate.empty()) return judge(a, s, *tapes);
  auto trained = train(*tapes, s.train, s.tape.features, a.name, [](const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
  });
  if (!trained) return std::unexpected(trained.error());
  return write_models(a, *trained);
}

/// The error to standard error, and with `json` an object {"error": ...} to standard output.
int report(const Error& error, bool json) {
  std::fprintf(stderr, "pinstripe-train: %s\n", error.message.c_str());
  if (json) std::cout << Json{{"error", error.message}}.dump() << std::endl;
  return static_cast<int>(error.exit);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  using pinstripe::Exit;
  pinstripe::Arguments a;
  CLI::App app{"Fits the ensemble's members on the features that trading sees.\n"
               "Example: pinstripe train tools/configs/recorded.json --data day1.txt.gz "
               "day2.txt.gz --out models/mine --name mine", "pinstripe train"};
  app.add_option("config", a.config, "session config: stages, clock and latencies")->required();
  app.add_option("--data", a.data, "recorded files to train on");
  app.add_option("--synthetic-seed", a.synthetic_seed, "train on the session's synthetic market, "
                 "with this seed")->check(CLI::NonNegativeNumber);
  app.add_option("--synthetic-for", a.synthetic_for, "length of that market")
      ->capture_default_str();
  app.add_option("--out", a.out, "folder for the model files")->capture_default_str();
  app.add_option("--name", a.name, "stands in front of the models' names");
  app.add_option("--members", a.members, "kind:horizon,... of trees, mlp, logistic")
      ->capture_default_str();
  app.add_option("--horizons", a.horizons, "fit only the members of these horizons: 1s,5s");
  app.add_option("--decision-interval", a.decision_interval,
                 "spacing of rows, as in 100ms (default: the session's; one that decides less "
                 "often can still learn from every row)");
  app.add_option("--calibration", a.calibration, "platt or isotonic")
      ->check(CLI::IsMember({"platt", "isotonic"}))->capture_default_str();
  app.add_option("--evaluate", a.evaluate, "judge these model files on the data; fit nothing");
  app.add_flag("--json", a.json, "one JSON object on standard output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help
    return pinstripe::report(
        pinstripe::Error{std::string(e.what()) + "; see 'pinstripe train --help'", Exit::kUsage},
        pinstripe::asks_json(argc, argv));
  }
  if (auto ok = pinstripe::run(a); !ok) return pinstripe::report(ok.error(), a.json);
  return 0;
}
