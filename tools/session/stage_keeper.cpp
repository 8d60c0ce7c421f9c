#include "tools/session/stage_keeper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/ring/segment.h"
#include "shm/run/journal_scan.h"
#include "tools/session/journal_marks.h"
#include "tools/session/snapshot.h"
#include "tools/session/stage_log.h"

namespace pinstripe {
namespace {

/// How far a dead stage's journal goes.
struct JournalTail {
  std::uint64_t records = 0;
  bool ended = false;  // the stage had nothing left to do
};

/// Nothing where there is no journal, or none that can be read: the successor says why.
JournalTail journal_tail(const SessionPlan& plan, const std::string& stage) {
  auto segment = Segment::open(plan.directory + "/" + stage + ".journal", true);
  if (!segment) return {};
  auto view = attach_journal(segment->bytes(), nullptr);
  if (!view) return {};
  const auto end = find_journal_end(*view);
  if (!end) return {};
  JournalTail tail{end->record, false};
  auto start = journal_segment_start(*view, end->position / view->segment_bytes);
  if (!start) return tail;
  JournalWalk walk(*view, *start);
  for (JournalEntry e; walk.next(e) == JournalLook::kRecord;) {
    tail.ended = e.kind == JournalKind::kEnd;
  }
  return tail;
}

bool own_doing(const ChildEnd& end) {
  if (!WIFSIGNALED(end.status)) return true;
  switch (WTERMSIG(end.status)) {
    case SIGABRT: case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGSYS: return true;
    default: return false;
  }
}

}  // namespace

Result<void> StageKeeper::spawn() {
  log_from_ = log_end(*plan_, stage_->name);
  auto child = Child::spawn(stage_->name, *program_,
                            {"--session", plan_->name, "--name", stage_->name, "--supervised",
                             std::to_string(getpid())},
                            stage_->core, stage_log_file(*plan_, stage_->name));
  if (!child) return fail_within("stage '" + stage_->name + "'", child);
  child_ = std::move(*child);
  noted_ = false;
  health_.restart();
  return {};
}

/// The error the stage counted last, else what it last wrote.
std::string StageKeeper::last_words() const {
  const SessionShot shot = take_snapshot(*plan_);
  const StageShot* stage = shot.stage(stage_->name);
  std::string words;
  if (stage != nullptr && !stage->errors.empty()) words = stage->errors.back().text;
  const std::string tail = log_tail(*plan_, stage_->name, log_from_, 1'000);
  if (!tail.empty() && tail.find(words) != std::string::npos) return tail;
  return words.empty() ? tail : words + (tail.empty() ? "" : "\n" + tail);
}

StageKeeper::Fate StageKeeper::look(std::int64_t now_ms, bool rejoins) {
  if (noted_ || child_.running()) return Fate::kSame;
  noted_ = true;
  const ChildEnd end = child_.poll();
  if (end.clean()) return Fate::kEnded;
  const std::string words = last_words();
  obituary_ = "stage '" + stage_->name + "' (pid " + std::to_string(child_.pid()) +
              ") died: " + end.text() + (words.empty() ? "" : "; last error: " + words);
  if (!rejoins || !plan_->journal.on) return Fate::kGone;
  const JournalTail tail = journal_tail(*plan_, stage_->name);
  if (tail.ended && end.gave_up()) return Fate::kGone;  // its end was not well, and it said why
  obituary_ += " (journal record " + std::to_string(tail.records) + ")";
  if (has_hole(plan_->directory, stage_->name)) {
    obituary_ += "; records of its journal were given up while the disk took nothing, so it "
                 "cannot rejoin";
    return Fate::kGone;
  }
  switch (policy_.note({own_doing(end), tail.records})) {
    case AfterDeath::kRestart:
      restart_at_ms_ = now_ms + policy_.wait_ms();
      ++restarts_;
      return Fate::kDied;
    case AfterDeath::kPoison:
      obituary_ += "; it died of that record before: the next process would as well";
      return Fate::kGone;
    case AfterDeath::kLimit:
      obituary_ += "; it has been started " + std::to_string(policy_.in_a_row() - 1) +
                   " times in a row without getting any further";
      return Fate::kGone;
  }
  return Fate::kGone;
}

Result<void> StageKeeper::restart_if_due(std::int64_t now_ms) {
  if (restart_at_ms_ < 0 || now_ms < restart_at_ms_) return {};
  restart_at_ms_ = -1;
  return spawn();
}

StagePage* StageKeeper::page() {
  if (!page_) {
    auto attached = StagePageOwner::attach(plan_->directory + "/" + stage_->name + ".page");
    if (attached) page_ = std::move(*attached);
  }
  return page_ ? &page_->page() : nullptr;
}

void StageKeeper::wish(StopWish wish) {
  if (StagePage* p = page()) p->stop.store(wish, std::memory_order_relaxed);
}

bool StageKeeper::is_away() {
  const StagePage* p = page();
  if (restart_at_ms_ >= 0 || p == nullptr || p->pid.get() != child_.pid()) return true;
  const StageState state = StagePageView::over(*p).state();
  return state == StageState::kStarting || state == StageState::kRejoining;
}

std::string StageKeeper::mind_health(std::int64_t now_ms) {
  const StagePage* p = page();
  if (p == nullptr || !child_.running()) return "";
  const StagePageView view = StagePageView::over(*p);
  const StageSign sign{p->pid.get(), view.state() == StageState::kRunning,
                       view.heartbeat_age_ns()};
  const std::string wrong = health_.look(child_.pid(), sign, now_ms);
  if (!wrong.empty()) child_.signal(SIGKILL);
  return wrong;
}

}  // namespace pinstripe
