#include "tools/session/supervisor.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "shm/ring/end_lock.h"
#include "shm/run/process.h"

namespace pinstripe {

namespace {

constexpr std::int64_t kPatienceMs = 5'000;
constexpr std::int64_t kLookEveryMs = 1'000;

std::int64_t now_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000 + t.tv_nsec / 1'000'000;
}

std::string log_file(const SessionPlan& plan, const std::string& stage) {
  return plan.directory + "/" + stage + ".log";
}

}  // namespace

std::string log_tail(const SessionPlan& plan, const std::string& stage, std::size_t bytes_max) {
  std::ifstream in(log_file(plan, stage));
  std::stringstream all;
  all << in.rdbuf();
  std::string text = all.str();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.size() > bytes_max) {
    text = text.substr(text.size() - bytes_max);
    text = text.substr(text.find('\n') + 1);
  }
  return text;
}

Result<Supervisor> Supervisor::start(const SessionPlan& plan) {
  auto carrier = CarrierProcess::start(plan);
  if (!carrier) return std::unexpected(carrier.error());
  Supervisor s(plan, std::move(*carrier));
  const std::string folder = program_folder();
  for (std::size_t i = 0; i < plan.topology.stages.size(); ++i) {
    const StageSpec& stage = plan.topology.stages[i];
    auto child = Child::spawn(stage.name,
        folder + "/pinstripe-" + kStageKindNames[index_of(stage.kind)],
                              {"--session", plan.name, "--name", stage.name, "--supervised",
                               std::to_string(getpid())}, stage.core,
                              log_file(plan, stage.name));
    if (!child) {
      for (Child& started : s.children_) started.signal(SIGKILL);
      return fail_within("stage '" + stage.name + "'", child);
    }
    s.children_.push_back(std::move(*child));
  }
  s.reported_.assign(s.children_.size(), false);
  s.asked_.assign(s.children_.size(), false);
  return s;
}

bool Supervisor::any_running() {
  return std::any_of(children_.begin(), children_.end(), [](Child& c) { return c.running(); });
}

/// The error the stage counted last, else what it last wrote.
std::string Supervisor::last_words(const Child& child) const {
  const SessionShot shot = take_snapshot(*plan_);
  const StageShot* stage = shot.stage(child.name());
  std::string words;
  if (stage != nullptr && !stage->errors.empty()) words = stage->errors.back().text;
  const std::string tail = log_tail(*plan_, child.name(), 1'000);
  if (!tail.empty() && tail.find(words) != std::string::npos) return tail;
  return words.empty() ? tail : words + (tail.empty() ? "" : "\n" + tail);
}

void Supervisor::note_deaths(SessionEnd& end, const std::function<void(const std::string&)>& say) {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    Child& c = children_[i];
    if (reported_[i] || c.running()) continue;
    reported_[i] = true;
    if (c.poll().clean()) continue;
    if (killed_) {
      end.clean = false;
      say("stage '" + c.name() + "' (pid " + std::to_string(c.pid()) +
          ") did not stop in time and was killed");
      continue;
    }
    // What gives up because a neighbour died is a consequence, not a second death.
    if (!end.clean && c.poll().gave_up()) continue;
    const std::string words = last_words(c);
    const std::string line = "stage '" + c.name() + "' (pid " + std::to_string(c.pid()) +
                             ") died: " + c.poll().text() +
                             (words.empty() ? "" : "; last error: " + words);
    end.clean = false;
    end.deaths.push_back(line);
    say(line);
    if (!stopping_) {
      stopping_ = true;
      say("the other stages are stopped in order");
      stop_next();
    }
  }
}

/// Asks the first running stage that was not asked yet; all earlier ones have had their time.
void Supervisor::stop_next() {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (!children_[i].running() || asked_[i]) continue;
    asked_[i] = true;
    asked_at_ms_ = now_ms();
    children_[i].signal(SIGTERM);
    // All feeds stop together: a lane that goes on would hold the others' watermarks.
    const bool feed = plan_->topology.stages[i].kind == StageKind::kFeed;
    if (!feed) return;
  }
}

/// After the feeds have ended, the stages behind them drain and end by themselves; what does not is
/// asked, and in the end killed.
void Supervisor::press(const SessionEnd& end) {
  const std::int64_t patience = end.clean ? kPatienceMs : kPatienceMs / 10;
  if (now_ms() - asked_at_ms_ <= patience) return;
  const bool all_asked = std::all_of(asked_.begin(), asked_.end(), [](bool a) { return a; });
  if (all_asked) {
    killed_ = true;
    for (Child& c : children_) c.signal(SIGKILL);
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (!children_[i].running()) asked_[i] = true;
  }
  stop_next();
}

void Supervisor::mind_carrier(SessionEnd& end,
                              const std::function<void(const std::string&)>& say) {
  const std::string line = carrier_.mind();
  if (line.empty()) return;
  say(line);
  if (!carrier_.lost()) return;
  end.clean = false;
  if (stopping_) return;
  stopping_ = true;
  say("the journals are not carried to disk any more; the stages are stopped in order");
  stop_next();
}

/// Stops a session whose stages wait for each other: feed ends its stream, which frees the others.
void Supervisor::note_standstill(const std::function<void(const std::string&)>& say) {
  if (stopping_ || now_ms() - looked_at_ms_ < kLookEveryMs) return;
  looked_at_ms_ = now_ms();
  const SessionShot shot = take_snapshot(*plan_);
  if (!standstill_.look(shot, looked_at_ms_)) return;
  say(standstill_text(*plan_, shot));
  stood_still_ = true;
  stopping_ = true;
  stop_next();
}

SessionEnd Supervisor::watch(int tick_ms, const std::function<void()>& tick,
                             const std::function<void(const std::string&)>& say) {
  SessionEnd end;
  std::int64_t next_tick = now_ms() + tick_ms;
  while (any_running()) {
    const std::int64_t now = now_ms();
    wait_for_any(children_, static_cast<int>(std::clamp<std::int64_t>(next_tick - now, 0, 100)));
    note_deaths(end, say);
    note_standstill(say);
    if (stop_requested() && !stopping_) {
      stopping_ = true;
      end.stopped = true;
      say("stopping in order");
      stop_next();
    }
    mind_carrier(end, say);
    if (stopping_) press(end);
    if (now_ms() >= next_tick) {
      tick();
      next_tick = now_ms() + tick_ms;
    }
  }
  note_deaths(end, say);
  if (const std::string problem = carrier_.finish(); !problem.empty()) {
    end.clean = false;
    say(problem);
  }
  end.clean = end.clean && !stood_still_;
  return end;
}

namespace {

std::string deaths_file(const SessionPlan& plan) { return plan.directory + "/deaths"; }

/// The process behind a stage page, if it is still the one that wrote it.
bool signal_stage(const StageShot& s, int number) {
  return s.alive && kill(s.pid, number) == 0;
}

bool ended_within(const SessionPlan& plan, const std::string& stage, int patience_ms) {
  const std::int64_t until = now_ms() + patience_ms;
  while (now_ms() < until) {
    const SessionShot shot = take_snapshot(plan);
    const StageShot* s = shot.stage(stage);
    if (s == nullptr || !s->alive) return true;
    usleep(10'000);
  }
  return false;
}

}  // namespace

void note_end(const SessionPlan& plan, const SessionEnd& end) {
  if (end.deaths.empty()) return;
  std::ofstream out(deaths_file(plan));
  for (const std::string& line : end.deaths) out << line << "\n";
}

std::string deaths_of(const SessionPlan& plan) {
  std::ifstream in(deaths_file(plan));
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

void stop_stages(const SessionPlan& plan, int patience_ms) {
  const SessionShot shot = take_snapshot(plan);
  for (const StageShot& s : shot.stages) {
    if (s.kind == StageKind::kFeed) signal_stage(s, SIGTERM);
  }
  for (const StageShot& s : shot.stages) {
    if (!s.alive || ended_within(plan, s.name, patience_ms)) continue;
    signal_stage(s, SIGTERM);
    if (!ended_within(plan, s.name, patience_ms)) signal_stage(s, SIGKILL);
    (void)ended_within(plan, s.name, patience_ms);
  }
}

}  // namespace pinstripe
