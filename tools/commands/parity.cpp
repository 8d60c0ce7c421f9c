#include "tools/commands/parity.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>

#include "shm/base/isa.h"
#include "shm/run/machine_time.h"
#include "tools/backtest/grid_job.h"
#include "tools/commands/killer.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLookMs = 200;

std::string text_of(const Json& j, const char* key) {
  return j.contains(key) && j.at(key).is_string() ? j.at(key).get<std::string>() : "";
}

/// "record 12 of risk ...", out of what `replay --json` says.
std::string replay_complaint(const Json& said) {
  if (!said.contains("difference") || said.at("difference").is_null()) return "";
  const Json& d = said.at("difference");
  return text_of(d, "stage") + ": record " + d.at("record").dump() + ": " + text_of(d, "ring") +
         " " + d.at("sequence").dump() + " differs in " + text_of(d, "field") + ": journal " +
         text_of(d, "journal") + ", replay " + text_of(d, "replay");
}

class Modes {
 public:
  explicit Modes(const ParityRun& run) : run_(run) {}

  Result<std::vector<ParityRow>> all() {
    const std::string five = run_.session + "-five";
    Json account;
    if (auto ran = add("five", up(five, "on", "max", {}), &account); !ran) return failed(ran);
    if (auto ran = replay("replay_five", text_of(account, "journal")); !ran) return failed(ran);
    if (run_.kills > 0) {
      if (auto ran = add_killed(account); !ran) return failed(ran);
    }
    const auto one = up(run_.session + "-one", "off", "max", {"--in-process"});
    if (auto ran = add("one_thread", one); !ran) return failed(ran);
    for (const char* mode : {"backtest_1", "backtest_2"}) {
      if (auto ran = add(mode, backtest({})); !ran) return failed(ran);
    }
    for (std::size_t isa = 0; isa <= static_cast<std::size_t>(widest_isa()); ++isa) {
      const std::string name(kIsaNames[isa]);
      const auto narrowed =
          backtest({"--set", "models.isa=" + name, "--set", "models.tree_isa=" + name});
      if (auto ran = add("isa_" + name, narrowed); !ran) return failed(ran);
    }
    return std::move(rows_);
  }

 private:
  using Command = std::vector<std::string>;

  static std::unexpected<Error> failed(Result<void>& ran) {
    return std::unexpected(std::move(ran.error()));
  }
  Command command(const char* verb, const Command& more) const {
    Command c{run_.program, verb, run_.config, "--json"};
    c.insert(c.end(), run_.arguments.begin(), run_.arguments.end());
    c.insert(c.end(), more.begin(), more.end());
    return c;
  }
  Command up(const std::string& session, const char* journal, const std::string& speed,
             const Command& more) const {
    Command c = command("up", {"--session", session, "--speed", speed, "--set",
                               std::string("journal.mode=") + journal, "--set",
                               "journal.dir=" + Json(run_.state).dump()});
    c.insert(c.end(), more.begin(), more.end());
    return c;
  }
  Command backtest(const Command& more) const { return command("backtest", more); }

  /// How fast a session of this length may run to leave time for its kills.
  std::string speed_for_kills(const Json& calm) const {
    constexpr double kSecondsAKill = 0.5;
    const double simulated_s = calm.at("simulated_ns").get<double>() / 1e9;
    const double speed = simulated_s / (kSecondsAKill * static_cast<double>(run_.kills));
    return std::to_string(std::max(speed, 0.01));
  }
  /// Five processes whose stages are killed at drawn records, then the replay of what they left.
  Result<void> add_killed(const Json& calm) {
    KillPlan plan;
    plan.seed = run_.seed;
    plan.kills = run_.kills;
    plan.records = records_;
    plan.held_share = 0;
    const std::string session = run_.session + "-killed";
    std::atomic<bool> ended{false};
    KillReport report;
    std::jthread killing([&] {
      const auto goes_on = [&ended] { return !ended.load(); };
      auto killer = Killer::attach(session, plan, goes_on);
      if (killer) report = killer->run(goes_on);
    });
    Json account;
    const auto ran = add("five_killed",
                         up(session, "on", speed_for_kills(calm),
                            {"--set", "supervision.lift_kill_limit=true", "--set",
                             "supervision.backoff_first_ms=0", "--set", "checkpoint.every=20000"}),
                         &account);
    ended = true;
    killing.join();
    if (!ran) return ran;
    rows_.back().kills = report.total();
    return replay("replay_killed", text_of(account, "journal"));
  }

  Result<void> replay(const std::string& mode, const std::string& journal) {
    Json said;
    auto ran = add(mode, {run_.program, "replay", journal, "--json"}, &said);
    if (!ran || !said.contains("stages")) return ran;
    for (const Json& stage : said.at("stages")) {
      records_[stage.at("stage")] = stage.at("records").get<std::uint64_t>();
    }
    return ran;
  }

  /// Runs one mode and keeps what it decided.
  Result<void> add(const std::string& mode, const Command& c, Json* account = nullptr) {
    const double began = monotonic_s();
    if (run_.each_look && !run_.each_look(mode)) return fail("stopped before " + mode);
    struct Running {
      GridJob job;
    };
    std::array<Running, 1> one{Running{GridJob(c)}};
    GridJob& job = one[0].job;
    while (!job.ended()) {
      wait_for_jobs(one, kLookMs);
      if (run_.each_look && !run_.each_look(mode)) {
        job.stop();
        return fail("stopped in " + mode);
      }
    }
    const Json said = Json::parse(job.output(), nullptr, false);
    const bool told = said.is_object() && !said.contains("error");
    const std::string differs = told ? replay_complaint(said) : "";
    if (!told || (!job.clean() && differs.empty())) {
      const std::string why = said.is_object() ? text_of(said, "error") : job.last_complaint();
      return fail(mode + ": " + job.end_text() + (why.empty() ? "" : ": " + why));
    }
    rows_.push_back({mode, text_of(said, "orders_digest"), text_of(said, "signals_digest"),
                     text_of(said, "state_hash"), monotonic_s() - began, differs, 0});
    if (account != nullptr) *account = said;
    return {};
  }

  const ParityRun& run_;
  std::vector<ParityRow> rows_;
  std::map<std::string, std::uint64_t> records_;  // of each stage, in the first session
};

}  // namespace

Result<std::vector<ParityRow>> run_parity(const ParityRun& run) { return Modes(run).all(); }

std::optional<ParityDifference> first_difference(const std::vector<ParityRow>& rows) {
  for (const ParityRow& row : rows) {
    const ParityRow& first = rows.front();
    if (!row.complaint.empty()) return ParityDifference{row.mode, "replay", "", row.complaint};
    const struct { const char* field; const std::string &expected, &found; } pairs[] = {
        {"orders_digest", first.orders_digest, row.orders_digest},
        {"signals_digest", first.signals_digest, row.signals_digest},
        {"state_hash", first.state_hash, row.state_hash}};
    for (const auto& p : pairs) {
      if (p.expected != p.found) return ParityDifference{row.mode, p.field, p.expected, p.found};
    }
  }
  return std::nullopt;
}

}  // namespace pinstripe
