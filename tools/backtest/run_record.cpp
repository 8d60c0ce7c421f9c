#include "tools/backtest/run_record.h"

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "risk/risk_core.h"
#include "tools/backtest/plan_parts.h"
#include "tools/backtest/private_session.h"
#include "tools/backtest/watched_risk.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/stage_reader.h"
#include "tools/session/session_files.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Risk = RiskWatchedBy<DecisionLog>;

Result<void> read_result(const std::string& folder, RunRecord& run) {
  const std::string path = folder + "/result.json";
  std::ifstream in(path);
  const Json result = in ? Json::parse(in, nullptr, false) : Json();
  if (!result.is_object()) {
    return fail_usage("'" + path + "' is not there or no result; did that backtest end?");
  }
  try {
    for (const Json& i : result.at("instruments")) {
      run.profits[i.at("settle_asset")] += i.at("net_pnl_e8").get<std::int64_t>();
    }
    run.seen = SeenData{result.at("events"), result.at("gaps"), result.at("bad_lines")};
    if (result.value("stopped", false)) {
      run.note = "it was stopped before the end of its data: it holds only what was run";
    }
  } catch (const std::exception& e) {
    return fail_usage("'" + path + "' is no result of a backtest: " + e.what());
  }
  return {};
}

Result<RunRecord> read_folder(const std::string& folder) {
  RunRecord run;
  run.path = folder;
  auto plan = load_resolved(folder);
  if (!plan) return std::unexpected(plan.error());
  auto alone = self_contained(*plan);
  if (!alone) return std::unexpected(alone.error());
  run.plan = std::move(*alone);
  auto decisions = read_decisions(folder);
  if (!decisions) return std::unexpected(decisions.error());
  run.decisions = std::move(*decisions);
  if (auto read = read_result(folder, run); !read) return std::unexpected(read.error());
  return run;
}

/// Risk once more over its journal, with its output drained after each turn.
class RiskAgain {
 public:
  RiskAgain(const RiskConfig& config, RunnerSetup setup, DecisionLog* log)
      : stage_(config), runner_(with_log(log), setup, probe_), drain_(setup.outputs[0].ring) {}

  void act(const JournalEntry& e) {
    while (runner_.owes_before(e) && runner_.settle()) drain();
    runner_.act(e);
    drain();
  }
  /// The outputs so far are not those that the record states.
  bool differs(const JournalEntry& e) const { return runner_.differing_port(e).has_value(); }
  const RiskCore& core() const { return stage_.core(); }

 private:
  Risk& with_log(DecisionLog* log) {
    stage_.watch(log);
    return stage_;
  }
  void drain() {
    while (drain_.peek() != nullptr) drain_.advance();
    drain_.release();
  }

  StagePage page_;
  Probe probe_{page_, SessionClock(), 0, 0};
  Risk stage_;
  Runner<Risk, BacktestPolicy> runner_;
  RingConsumer<> drain_;
};

Result<void> replay_risk(JournalReader& reader, RiskAgain& risk, RunRecord& run) {
  bool ended = false;
  JournalEntry entry;
  while (true) {
    auto more = reader.next(entry);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (entry.kind == JournalKind::kHole) {
      return fail("the journal of risk has a hole (" + reader.here() +
                  "): what was decided there is not known");
    }
    risk.act(entry);
    ended = entry.kind == JournalKind::kEnd;
    if ((ended || entry.kind == JournalKind::kDigest) && risk.differs(entry)) {
      return fail("risk decides something else over its journal (" + reader.here() +
                  "); 'pinstripe replay' names the difference. Was it written by another build?");
    }
  }
  if (!ended) run.note = "its journal does not reach the end of the session";
  return {};
}

Result<RunRecord> read_journal(const std::string& path) {
  auto journal = open_journal(path);
  if (!journal) return std::unexpected(journal.error());
  if (auto same = verify_files(journal->plan); !same) return std::unexpected(same.error());
  RunRecord run;
  run.path = journal->path;
  auto alone = self_contained(journal->plan);
  if (!alone) return std::unexpected(alone.error());
  run.plan = std::move(*alone);
  const StageSpec* const spec = run.plan.stage("risk");
  const auto config = risk_config_of(run.plan);
  if (!config) return std::unexpected(config.error());
  PrivateSession session(run.plan);
  auto setup = session.attach(*spec);
  if (!setup) return std::unexpected(setup.error());
  setup->digest_all = true;
  auto opened = open_stage_reader(*journal, spec->name);
  if (!opened) return std::unexpected(opened.error());
  DecisionLog log(run.plan.instruments);
  const auto risk = std::make_unique<RiskAgain>(*config, std::move(*setup), &log);
  if (auto done = replay_risk(opened->reader, *risk, run); !done) {
    return std::unexpected(done.error());
  }
  run.decisions = std::move(log.decisions);
  for (std::uint32_t i = 0; i < run.plan.instruments.size(); ++i) {
    run.profits[run.plan.instruments[i].settle] += risk->core().ledger().money(i).net_e8();
  }
  return run;
}

}  // namespace

Result<RunRecord> read_run(const std::string& path) {
  std::error_code error;
  const bool folder = fs::exists(path + "/" + kCommandsName, error) ||
                      fs::exists(path + "/result.json", error);
  auto run = folder ? read_folder(path) : read_journal(path);
  if (!run) return fail_within("'" + path + "'", run);
  return run;
}

}  // namespace pinstripe
