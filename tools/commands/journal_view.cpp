#include "tools/commands/journal_view.h"

#include <nlohmann/json.hpp>

#include "shm/run/build_id.h"
#include "tools/session/account.h"
#include "tools/session/text_table.h"
#include "tools/session/time_text.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

/// A build other than this one is worth a word: replay refuses its journals.
std::string build_text(const std::string& build) {
  if (build.empty() || build == build_id()) return build;
  return build + " (this program: " + std::string(build_id()) + ")";
}

std::string build_of(const JournalReport& report) {
  for (const StageJournal& s : report.stages) {
    const std::string build = identity_name(s.identity.build_id);
    if (!build.empty()) return build;
  }
  return "";
}

std::string time_or_dash(std::int64_t ns) { return ns == 0 ? "-" : shown_time(ns); }

/// One sentence for people where something is not as it should be.
std::string remarks(const JournalReport& report) {
  std::string out;
  for (const StageJournal& s : report.stages) {
    if (!s.torn.empty()) out += "torn tail: " + s.torn + "; it is cut there\n";
    if (s.lost > 0) {
      out += "hole: " + shown_count(static_cast<std::int64_t>(s.lost)) + " records of '" + s.stage +
             "' were given up while the disk took nothing; no replay crosses it\n";
    }
  }
  for (const JournalLife::Stage& s : report.life.stages) {
    if (s.state != "ok") out += "'" + s.name + "' " + s.state + ": " + s.problem + "\n";
  }
  if (report.life.halted) {
    out += "trading is halted; when the disk takes the journal again: pinstripe journal clear " +
           report.journal.plan.name + "\n";
  }
  return out;
}

}  // namespace

std::string journal_text(const JournalReport& report) {
  const SessionPlan& plan = report.journal.plan;
  std::string out = "journal " + report.journal.path + "\nsession '" + plan.name + "' " +
                    session_id_text(plan) + ", " + report.life.state + "; config " +
                    shown_digest(config_digest(plan)) + ", build " + build_text(build_of(report)) +
                    "\n";
  if (report.life.uncopied_ns >= 0) {
    out += "a loss of the machine now would lose the last " + shown_ns(report.life.uncopied_ns) +
           "\n";
  }
  TextTable t({"stage", "records", "on disk", "files", "bytes", "first", "last", "end",
               "checkpoints"});
  for (const StageJournal& s : report.stages) {
    t.row({s.stage, shown_count(static_cast<std::int64_t>(s.records)),
           shown_count(static_cast<std::int64_t>(s.on_disk)),
           std::to_string(s.files) + (s.archives > 0 ? " zst" : ""),
           shown_count(static_cast<std::int64_t>(s.bytes)), time_or_dash(s.first_ns),
           time_or_dash(s.last_ns), s.ended ? "yes" : "no", std::to_string(s.checkpoints.size())});
  }
  out += "\n" + t.text();
  const std::string said = remarks(report);
  return said.empty() ? out : out + "\n" + said;
}

std::string journal_json(const JournalReport& report) {
  const SessionPlan& plan = report.journal.plan;
  Json j{{"journal", report.journal.path},
         {"session", plan.name},
         {"session_id", session_id_text(plan)},
         {"build_id", build_of(report)},
         {"config_digest", shown_digest(config_digest(plan))},
         {"state", report.life.state},
         {"halted", report.life.halted}};
  j["uncopied_ms"] = report.life.uncopied_ns < 0
                         ? Json(nullptr)
                         : Json(static_cast<double>(report.life.uncopied_ns) / 1e6);
  std::uint64_t bytes = 0;
  j["stages"] = Json::array();
  for (const StageJournal& s : report.stages) {
    bytes += s.bytes;
    Json stage{{"stage", s.stage},       {"records", s.records},   {"on_disk", s.on_disk},
               {"lost", s.lost},         {"files", s.files},       {"archives", s.archives},
               {"bytes", s.bytes},       {"first_ns", s.first_ns}, {"last_ns", s.last_ns},
               {"ended", s.ended},       {"torn", s.torn},         {"checkpoints", s.checkpoints}};
    for (const JournalLife::Stage& live : report.life.stages) {
      if (live.name != s.stage) continue;
      stage["state"] = live.state;
      stage["problem"] = live.problem;
    }
    j["stages"].push_back(std::move(stage));
  }
  j["bytes"] = bytes;
  return j.dump();
}

}  // namespace pinstripe
