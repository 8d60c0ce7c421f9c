#include "tools/session/journal_watch.h"

#include <algorithm>
#include <utility>

#include "tools/session/journal_marks.h"

namespace pinstripe {
namespace {

/// The names of those that have a problem, and what the first of them says.
class Told {
 public:
  void add(const std::string& stage, const std::string& problem) {
    if (problem.empty()) return;
    text_ = text_.empty() ? stage : text_ + ", " + stage;
    if (first_.empty()) first_ = problem;
  }
  std::string text() const { return text_.empty() ? "" : text_ + ": " + first_; }

 private:
  std::string text_, first_;
};

/// Keeps what is; true where it was otherwise.
bool changed(bool& was, bool is) { return std::exchange(was, is) != is; }

}  // namespace

std::string journal_problem(const SessionShot& shot) {
  Told told;
  for (const StageShot& s : shot.stages) {
    if (s.journal && s.journal->state != "ok") told.add(s.name, s.journal->problem);
  }
  return told.text();
}

std::string checkpoints_problem(const SessionPlan& plan) {
  Told told;
  for (const StageSpec& s : plan.topology.stages) {
    told.add(s.name, checkpoint_problem(plan.directory, s.name));
  }
  return told.text();
}

std::string holed_stages(const SessionPlan& plan) {
  std::string names;
  for (const StageSpec& s : plan.topology.stages) {
    if (has_hole(plan.directory, s.name)) names += (names.empty() ? "" : ", ") + s.name;
  }
  return names;
}

std::vector<std::string> JournalWatch::look(const SessionShot& shot) {
  std::vector<std::string> lines;
  if (!plan_->journal.on) return lines;
  look_at_disk(shot, lines);
  look_at_trading(shot, lines);
  look_at_checkpoints(lines);
  return lines;
}

void JournalWatch::look_at_disk(const SessionShot& shot, std::vector<std::string>& lines) {
  const std::string problem = journal_problem(shot);
  if (!changed(failing_, !problem.empty())) return;
  if (!failing_) {
    lines.push_back("the disk takes the journals again");
    return;
  }
  const bool waits = plan_->journal.on_error == JournalOnError::kWait;
  lines.push_back("the disk takes no journal of " + problem +
                  (waits ? "; the stages wait once their journals in shared memory are full" : ""));
}

void JournalWatch::look_at_trading(const SessionShot& shot, std::vector<std::string>& lines) {
  const bool halted = std::ranges::any_of(shot.stages, [](const StageShot& s) {
    return s.journal && s.journal->halted;
  });
  if (changed(halted_, halted)) {
    lines.push_back(halted ? "trading is halted: no orders are opened, cancels and exits go on; "
                             "once the disk takes the journals again 'pinstripe journal clear " +
                                 plan_->name + "' ends it"
                           : "the halt has ended: orders are opened again");
  }
  const std::string holed = holed_stages(*plan_);
  if (!changed(holed_, !holed.empty())) return;
  lines.push_back("records of " + holed + " were given up for want of room: the session can be "
                  "neither rejoined, resumed nor replayed behind them, and ends where a stage "
                  "dies");
}

void JournalWatch::look_at_checkpoints(std::vector<std::string>& lines) {
  const std::string problem = checkpoints_problem(*plan_);
  if (!changed(unsaved_, !problem.empty())) return;
  lines.push_back(unsaved_ ? "the disk takes no checkpoint of " + problem + "; tried again"
                           : "the disk takes the checkpoints again");
}

}  // namespace pinstripe
