#include <algorithm>

#include <nlohmann/json.hpp>

#include "shm/msg/market_event.h"
#include "shm/run/machine_time.h"
#include "tools/commands/links_view.h"
#include "tools/commands/views.h"
#include "tools/session/journal_marks.h"
#include "tools/session/journal_watch.h"
#include "tools/session/text_table.h"
#include "tools/session/watch_text.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

std::string book_state(const SessionShot& shot, const Instrument& i) {
  for (const StageShot& s : shot.stages) {
    if (s.kind != StageKind::kFeed || !s.has_counter(i.id + ".book_state")) continue;
    const auto state = static_cast<std::size_t>(s.counter(i.id + ".book_state"));
    if (state < kBookStateNames.size()) return std::string(kBookStateNames[state]);
  }
  return "unknown";
}

/// All stages' journals as one: what they hold, and those that are not well.
struct JournalSum {
  std::uint64_t records = 0;
  std::int64_t tail_ns = 0;  // the oldest
  std::string state = "ok";  // of the first that is not well
  std::vector<std::string> problems;  // each with its stage's name in front
  std::vector<std::string> checkpoint_problems;
  std::string holed;         // the stages whose records were given up; "": none
  bool halted = false;       // and somebody is there to obey
};

JournalSum sum_journals(const SessionPlan& plan, const SessionShot& shot) {
  JournalSum sum;
  sum.holed = holed_stages(plan);
  for (const StageShot& s : shot.stages) {
    if (!s.journal) continue;
    sum.records += s.journal->records;
    sum.tail_ns = std::max(sum.tail_ns, s.journal->tail_ns);
    sum.halted = sum.halted || (s.journal->halted && s.alive && s.state != "suspended");
    const std::string unsaved = checkpoint_problem(plan.directory, s.name);
    if (!unsaved.empty()) sum.checkpoint_problems.push_back(s.name + ": " + unsaved);
    if (s.journal->state == "ok") continue;
    if (sum.problems.empty()) sum.state = s.journal->state;
    sum.problems.push_back(s.name + ": " + s.journal->problem);
  }
  return sum;
}

/// One sentence a stage; null where there is none.
Json joined(const std::vector<std::string>& problems) {
  std::string all;
  for (const std::string& p : problems) all += (all.empty() ? "" : "; ") + p;
  return all.empty() ? Json(nullptr) : Json(all);
}

Json journal_json(const SessionPlan& plan, const SessionShot& shot) {
  if (!plan.journal.on) return nullptr;
  const JournalSum sum = sum_journals(plan, shot);
  return {{"directory", plan.journal.directory},
          {"records", sum.records},
          {"not_on_disk_ms", static_cast<double>(sum.tail_ns) / 1e6},
          {"state", sum.state},
          {"problem", joined(sum.problems)},
          {"checkpoint_problem", joined(sum.checkpoint_problems)},
          {"given_up", !sum.holed.empty()},
          {"halted", sum.halted}};
}

std::string journal_text(const SessionPlan& plan, const SessionShot& shot) {
  if (!plan.journal.on) return "journal: off (a stage that dies ends the session)\n";
  const JournalSum sum = sum_journals(plan, shot);
  std::string out = "journal: " + plan.journal.directory + "\n         " +
                    shown_count(static_cast<std::int64_t>(sum.records)) + " records; " +
                    (sum.tail_ns == 0 ? "all on disk"
                                      : "the last " + shown_ns(sum.tail_ns) + " not on disk yet") +
                    "\n";
  for (const std::string& problem : sum.problems) out += "journal of " + problem + "\n";
  for (const std::string& problem : sum.checkpoint_problems) {
    out += "no checkpoint of " + problem + "; tried again\n";
  }
  if (!sum.holed.empty()) {
    out += "records of " + sum.holed + " were given up: a stage that dies cannot rejoin, and the "
           "session cannot be resumed\n";
  }
  if (sum.halted) out += "trading is halted: no orders are opened, cancels and exits go on\n";
  return out;
}

std::string watched_text(const SessionPlan& plan) {
  return is_watched(plan) ? watch_text(read_watch(plan), realtime_ns()) + "\n" : "";
}

/// Silent where the filters are on: a stage without one has said so in its errors.
std::string seccomp_text(const SessionPlan& plan) {
  return plan.seccomp ? "" : "system calls: not filtered (config: \"seccomp\": \"off\")\n";
}

Json stage_json(const StageShot& s) {
  Json errors = Json::array();
  for (const ErrorShot& e : s.errors) {
    errors.push_back({{"code", e.code}, {"text", e.text}, {"count", e.count}});
  }
  return {{"name", s.name},
          {"pid", s.pid == 0 ? Json(nullptr) : Json(s.pid)},
          {"cpu", s.cpu},
          {"wait", s.wait},
          {"wait_configured", s.wait_configured},
          {"state", s.state},
          {"heartbeat_age_ns", s.heartbeat_age_ns < 0 ? Json(nullptr) : Json(s.heartbeat_age_ns)},
          {"event_ns", s.event_ns},
          {"turns", s.turns},
          {"longest_turn_ns", s.longest_turn_ns},
          {"voluntary_switches", s.voluntary_switches},
          {"involuntary_switches", s.involuntary_switches},
          {"minor_faults", s.minor_faults},
          {"major_faults", s.major_faults},
          {"seccomp", s.filtered ? Json(*s.filtered) : Json(nullptr)},
          {"allocations_after_seal", s.allocations_after_seal},
          {"journal_records", s.journal_records},
          {"journal_waits", s.journal_waits},
          {"recoveries", s.recoveries},
          {"recovery_records", s.recovery_records},
          {"recovery_load_ns", s.recovery_load_ns},
          {"recovery_replay_ns", s.recovery_replay_ns},
          {"budget_breaches", s.budget_breaches},
          {"counters", s.counters},
          {"errors", errors}};
}

}  // namespace

std::string status_text(const SessionPlan& plan, const SessionShot& shot,
                        const std::string& state) {
  std::string out = "session " + plan.name + ": " + state + "\n\n";
  TextTable stages({"stage", "pid", "cpu", "wait", "state", "heartbeat", "turns", "longest turn",
                    "errors"});
  for (const StageShot& s : shot.stages) {
    std::uint64_t errors = 0;
    for (const ErrorShot& e : s.errors) errors += e.count;
    stages.row({s.name, s.pid == 0 ? "-" : std::to_string(s.pid),
                s.cpu < 0 ? "-" : std::to_string(s.cpu), s.wait, s.state,
                shown_ns(s.heartbeat_age_ns), shown_count(s.turns), shown_ns(s.longest_turn_ns),
                shown_count(static_cast<std::int64_t>(errors))});
  }
  out += stages.text() + "\n";
  TextTable books({"instrument", "book", "position", "working", "net"});
  const StageShot* risk = shot.stage("risk");
  for (const Instrument& i : plan.instruments) {
    const std::string at = i.id + ".";
    const auto of = [&](const char* name) {
      return risk != nullptr ? risk->counter(at + name) : std::int64_t{0};
    };
    books.row({i.id, book_state(shot, i), shown_count(of("position_lots")),
               shown_count(of("working_orders")),
               shown_e8(of("net_pnl_e8"), 4) + " " + i.settle});
  }
  out += books.text() + "\n" + links_text(plan) + watched_text(plan) +
         journal_text(plan, shot) + seccomp_text(plan);
  for (const StageShot& s : shot.stages) {
    for (const ErrorShot& e : s.errors) {
      out += s.name + ": " + e.text +
          (e.count > 1 ? " (" + std::to_string(e.count) + " times)" : "") +
             "\n";
    }
  }
  return out;
}

std::string status_json(const SessionPlan& plan, const SessionShot& shot, const std::string& state,
                        const std::string& holder) {
  Json j;
  j["session"] = plan.name;
  j["mode"] = mode_name(plan);
  j["state"] = state;
  j["holder"] = holder.empty() ? Json(nullptr) : Json(holder);
  j["journal"] = journal_json(plan, shot);
  j["connections"] = links_json(plan);
  j["watch"] = is_watched(plan) ? watch_json(read_watch(plan), realtime_ns()) : Json(nullptr);
  j["stages"] = Json::array();
  for (const StageShot& s : shot.stages) j["stages"].push_back(stage_json(s));
  j["instruments"] = Json::array();
  const StageShot* risk = shot.stage("risk");
  for (const Instrument& i : plan.instruments) {
    Json book{{"id", i.id}, {"book", book_state(shot, i)}};
    for (const char* name : {"position_lots", "working_orders", "net_pnl_e8"}) {
      book[name] = risk != nullptr ? risk->counter(i.id + "." + name) : 0;
    }
    j["instruments"].push_back(std::move(book));
  }
  return j.dump(1);
}

}  // namespace pinstripe
