#include "tools/session/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "shm/ring/end_lock.h"
#include "shm/ring/stage_page.h"
#include "shm/run/machine_time.h"
#include "shm/run/process.h"

namespace pinstripe {

namespace {

constexpr std::int64_t kPatienceMs = 5'000;
constexpr std::int64_t kWatchPatienceMs = 500;  // it may wait for a venue, and holds nothing
constexpr std::int64_t kLookEveryMs = 100;
constexpr std::int64_t kShotEveryMs = 1'000;
constexpr std::int64_t kSettleMs = 5'000;   // no standstill is seen so soon after a restart
constexpr std::int64_t kCancelLeastMs = 200;   // by then risk has been asked, at the slowest
constexpr std::int64_t kCancelMostMs = 3'000;  // then what still works is left to the venue

/// Orders that risk believes to be at the venue.
std::int64_t working_orders(const SessionShot& shot) {
  return shot.total(StageKind::kRisk, "working_orders");
}

}  // namespace

Result<Supervisor> Supervisor::start(const SessionPlan& plan) {
  auto carrier = CarrierProcess::start(plan);
  if (!carrier) return std::unexpected(carrier.error());
  Supervisor s(plan, std::move(*carrier));
  if (plan.journal.on) {
    auto helper = HelperProcess::start(plan, "checkpoint", "the checkpoint helper");
    if (!helper) return std::unexpected(helper.error());
    s.checkpoints_ = std::move(*helper);
  }
  if (is_watched(plan)) {
    auto watch = WatchProcess::start(plan);
    if (!watch) return std::unexpected(watch.error());
    s.watch_ = std::move(*watch);
  }
  for (const char* kind : kStageKindNames) {
    auto program = Program::open(std::string("pinstripe-") + kind);
    if (!program) return std::unexpected(program.error());
    s.programs_.push_back(std::make_unique<Program>(std::move(*program)));
  }
  if (auto started = s.start_stages(); !started) {
    for (StageKeeper& stage : s.stages_) stage.child().signal(SIGKILL);
    return std::unexpected(started.error());
  }
  return s;
}

Result<void> Supervisor::start_stages() {
  for (const StageSpec& spec : plan_->topology.stages) {
    stages_.emplace_back(*plan_, spec, *programs_[index_of(spec.kind)]);
    stages_.back().wish(kGoOn);  // a resumed session may have been told to leave off
    if (auto spawned = stages_.back().spawn(); !spawned) return spawned;
  }
  asked_.assign(stages_.size(), false);
  return {};
}

bool Supervisor::any_lives() const {
  return std::ranges::any_of(stages_, [](const StageKeeper& s) { return s.lives(); });
}

void Supervisor::look_at_stages(SessionEnd& end, const Say& say) {
  const bool rejoins = !killed_ && !suspending_;
  for (StageKeeper& s : stages_) {
    switch (s.look(monotonic_ms(), rejoins)) {
      case StageKeeper::Fate::kSame:
      case StageKeeper::Fate::kEnded: break;
      case StageKeeper::Fate::kGone: note_gone(s, end, say); break;
      case StageKeeper::Fate::kDied:
        ++end.restarts;
        unsettled_at_ms_ = monotonic_ms();
        say(s.obituary() + "; it is started again and rejoins");
        break;
    }
  }
}

void Supervisor::note_gone(StageKeeper& stage, SessionEnd& end, const Say& say) {
  if (killed_) {
    end.clean = false;
    say("stage '" + stage.spec().name + "' (pid " + std::to_string(stage.child().pid()) +
        ") did not stop in time and was killed");
    return;
  }
  // What gives up because a neighbour died is a consequence, not a second death.
  if (!end.clean && stage.gave_up()) return;
  end.clean = false;
  end.deaths.push_back(stage.obituary());
  say(stage.obituary());
  if (plan_->journal.on) {
    if (!suspending_) leave_off(end, say);
  } else if (!stopping_) {
    say("the other stages are stopped in order");
    stopping_ = true;
    stop_next();
  }
}

void Supervisor::restart_what_is_due(SessionEnd& end, const Say& say) {
  for (StageKeeper& s : stages_) {
    if (auto started = s.restart_if_due(monotonic_ms()); !started) {
      say(started.error().message);
      leave_off(end, say);
    }
  }
}

/// Stages that live and do not work.
void Supervisor::look_closer(const Say& say) {
  if (monotonic_ms() - looked_at_ms_ < kLookEveryMs) return;
  looked_at_ms_ = monotonic_ms();
  for (StageKeeper& s : stages_) {
    if (s.lives() && s.is_away()) unsettled_at_ms_ = looked_at_ms_;
    if (!plan_->journal.on) continue;  // a death would end the session
    const std::string wrong = s.mind_health(looked_at_ms_);
    if (!wrong.empty()) say("stage '" + s.spec().name + "' is " + wrong + "; it is killed");
  }
  if (looked_at_ms_ - shot_at_ms_ >= kShotEveryMs) look_at_session(say);
}

/// A session whose stages wait for each other: feed ends its stream, which frees the others.
void Supervisor::look_at_session(const Say& say) {
  shot_at_ms_ = looked_at_ms_;
  const SessionShot shot = take_snapshot(*plan_);
  for (const std::string& line : journals_.look(shot)) say(line);
  if (const std::uint64_t moved = messages_moved(shot); moved != moved_) {
    moved_ = moved;
    moved_at_ms_ = shot_at_ms_;
  }
  if (stopping_ || shot_at_ms_ - unsettled_at_ms_ < kSettleMs) return;
  if (!standstill_.look(shot, shot_at_ms_)) return;
  say(standstill_text(*plan_, shot));
  stood_still_ = true;
  stopping_ = true;
  stop_next();
}

/// Asks the first running stage that was not asked yet; all earlier ones have had their time.
void Supervisor::stop_next() {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (!stages_[i].lives() || asked_[i]) continue;
    asked_[i] = true;
    asked_at_ms_ = monotonic_ms();
    stages_[i].wish(kEndInOrder);
    stages_[i].child().signal(SIGTERM);
    // All feeds stop together: a lane that goes on would hold the others' watermarks.
    const bool feed = stages_[i].spec().kind == StageKind::kFeed;
    if (!feed) return;
  }
}

/// Every stage leaves off between two inputs, and the session waits to be resumed.
void Supervisor::suspend_all() {
  stopping_ = suspending_ = true;
  asked_.assign(stages_.size(), true);
  asked_at_ms_ = monotonic_ms();
  for (StageKeeper& s : stages_) {
    s.wish(kSuspend);
    s.child().signal(SIGTERM);
  }
}

/// After the feeds have ended, the stages behind them drain and end by themselves; what does not is
/// asked, and in the end killed. With journals nobody is killed who may still have something to do:
/// a session in which nothing moves any more leaves off and can be resumed.
void Supervisor::press(SessionEnd& end, const Say& say) {
  const std::int64_t patience = end.clean || suspending_ ? kPatienceMs : kPatienceMs / 10;
  const bool may_go_on = plan_->journal.on && !suspending_;
  const std::int64_t moved_at_ms = may_go_on ? moved_at_ms_ : 0;
  if (monotonic_ms() - std::max({asked_at_ms_, unsettled_at_ms_, moved_at_ms}) <= patience) return;
  if (may_go_on) {
    say("the session does not come to its end: nothing has moved for " +
        std::to_string(patience / 1'000) + " s; 'pinstripe status' says what its stages wait for");
    leave_off(end, say);
    return;
  }
  const bool all_asked = std::all_of(asked_.begin(), asked_.end(), [](bool a) { return a; });
  if (all_asked) {
    killed_ = true;
    for (StageKeeper& s : stages_) s.child().signal(SIGKILL);
  }
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (!stages_[i].lives()) asked_[i] = true;
  }
  stop_next();
}

/// Live, orders do not wait for a session that leaves off: risk cancels them while it can. True
/// where that was asked for; the others leave off when it is done, or takes too long.
bool Supervisor::cancel_first(const Say& say) {
  if (!plan_->live || cancelling_) return cancelling_;
  const bool able = std::ranges::all_of(stages_, [](StageKeeper& s) {
    const StageKind kind = s.spec().kind;
    return (kind != StageKind::kRisk && kind != StageKind::kExec) || s.running();
  });
  if (!able) {
    say("orders that work are not cancelled: risk or exec is gone");
    return false;
  }
  say("all orders are cancelled first");
  cancelling_ = true;
  cancelling_at_ms_ = monotonic_ms();
  for (StageKeeper& s : stages_) {
    if (s.spec().kind == StageKind::kRisk) s.wish(kCancelAll);
  }
  return true;
}

void Supervisor::mind_cancels(const Say& say) {
  const std::int64_t for_ms = monotonic_ms() - cancelling_at_ms_;
  if (for_ms < kCancelLeastMs) return;
  const std::int64_t working = working_orders(take_snapshot(*plan_));
  if (working > 0 && for_ms < kCancelMostMs) return;
  say(working > 0 ? std::to_string(working) + " orders still work; the stages leave off with them"
                  : "no order works any more");
  cancelling_ = false;
  suspend_all();
}

/// Whatever cannot go on now can be resumed: nothing was lost yet, but behind a hole in a journal.
void Supervisor::leave_off(SessionEnd& end, const Say& say) {
  if (cancelling_) return;
  end.clean = false;
  end.resumable = true;
  const std::string holed = holed_stages(*plan_);
  say("the stages leave off; 'pinstripe up --resume " + plan_->name + "' " +
      (holed.empty() ? "goes on from here"
                     : "carries what is left of the journals, no more: those of " + holed +
                           " have a hole"));
  if (!cancel_first(say)) suspend_all();
}

/// Without its carrier a session soon has no room in its journals, without checkpoints it soon lies
/// too far behind one: its stages would wait for ever.
void Supervisor::mind_helpers(SessionEnd& end, const Say& say) {
  if (const std::string line = carrier_.mind(); !line.empty()) say(line);
  // Until all have left off: a stage that drains may wait for a checkpoint too.
  if (checkpoints_ && !suspending_) {
    if (const std::string line = checkpoints_->mind(monotonic_ms()); !line.empty()) say(line);
  }
  // Nobody waits for the watch: without it a session goes on, not told what is halted,
  // and its status says so; the watch is tried again for as long as the session runs.
  if (watch_ && !suspending_) {
    if (const std::string line = watch_->mind(monotonic_ms()); !line.empty()) say(line);
  }
  const bool lost = carrier_.lost() || (checkpoints_ && checkpoints_->lost());
  if (lost && !suspending_) leave_off(end, say);
}

void Supervisor::begin_to_stop(SessionEnd& end, const Say& say) {
  stopping_ = true;
  end.stopped = true;
  say("stopping in order");
  stop_next();
}

void Supervisor::wait(int milliseconds) {
  std::vector<Child*> children;
  for (StageKeeper& s : stages_) children.push_back(&s.child());
  wait_for_any(children, milliseconds);
}

SessionEnd Supervisor::watch(int tick_ms, const std::function<void()>& tick, const Say& say) {
  SessionEnd end;
  std::int64_t next_tick = monotonic_ms() + tick_ms;
  while (any_lives()) {
    const bool away = monotonic_ms() - unsettled_at_ms_ < kLookEveryMs;
    const std::int64_t wait_max = away ? 5 : 100;
    wait(static_cast<int>(std::clamp<std::int64_t>(next_tick - monotonic_ms(), 0, wait_max)));
    look_at_stages(end, say);
    restart_what_is_due(end, say);
    look_closer(say);
    if (stop_requested() && !stopping_) begin_to_stop(end, say);
    mind_helpers(end, say);
    if (cancelling_) mind_cancels(say);
    if (stopping_ && !cancelling_) press(end, say);
    if (monotonic_ms() >= next_tick) {
      tick();
      next_tick = monotonic_ms() + tick_ms;
    }
  }
  for (const std::string& line : journals_.look(take_snapshot(*plan_))) say(line);
  if (watch_) watch_->stop(kWatchPatienceMs);
  if (checkpoints_) checkpoints_->stop(kPatienceMs);
  if (const std::string problem = carrier_.finish(); !problem.empty()) {
    end.clean = false;
    end.resumable = true;
    say(uncarried_text(*plan_, problem));
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
  const std::int64_t until = monotonic_ms() + patience_ms;
  while (monotonic_ms() < until) {
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
