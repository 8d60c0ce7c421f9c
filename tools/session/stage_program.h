// The life of a stage process: attach, pin, check, run, publish, stop.
//
// A stage's main makes its stage class and hands it to `StageProgram::drive`. Errors at start leave
// with a message chain and exit status 1 or 2; a CHECK stops the process at once.
#pragma once

#include <algorithm>
#include <string>

#include "shm/base/check.h"
#include "shm/run/feed_runner.h"
#include "shm/run/idle.h"
#include "shm/run/live_feed_runner.h"
#include "shm/run/process.h"
#include "shm/run/runner.h"
#include "shm/run/sealed_heap.h"
#include "tools/session/attach.h"

namespace pinstripe {

/// What a journal shows on the page of its stage.
inline void publish_journal(StagePage& page, const RunnerSetup& setup) noexcept {
  if (setup.journal != nullptr) page.journal_records.set(setup.journal->records());
}
/// How a stage waits for its journal, whatever its wait strategy: what frees room has low priority
/// and would never run beside a stage that spins or yields.
void sleep_for_journal() noexcept;

/// Copies what runner and stage know into the stage page. Between batches, without system calls.
template <class S, class R>
void publish_progress(StagePage& page, const S& stage, R& runner) noexcept {
  page.publish_counters(stage.counters());
  page.event_ns.set(runner.now().value);
  page.backward_stamps.set(static_cast<std::int64_t>(runner.backward_stamps()));
  auto& ports = runner.ports();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    page.outputs[i].published.set(ports[i].count());
    page.outputs[i].digest.set(ports[i].digest());
    page.outputs[i].last_event_ns.set(ports[i].last_event_ns().value);
    if constexpr (requires { runner.dropped(i); }) page.outputs[i].dropped.set(runner.dropped(i));
  }
  if constexpr (requires { runner.merge(); }) {
    const auto& inputs = runner.merge().inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      page.inputs[i].taken.set(inputs[i].ring.taken());
    }
  } else {
    page.inputs[0].taken.set(runner.frames());
  }
}

class StageProgram {
 public:
  /// Parses `--session S [--name N] [--supervised PID]`, loads the plan, finds the stage of `kind`,
  /// pins, locks, registers, attaches.
  static Result<StageProgram> start(int argc, char** argv, StageKind kind);

  const SessionPlan& plan() const noexcept { return attachment_.plan(); }
  const StageSpec& spec() const noexcept { return spec_; }
  const RunnerSetup& setup() const noexcept { return setup_; }
  StagePage& page() const noexcept { return *page_; }
  const SessionClock& clock() const noexcept { return attachment_.clock(); }
  Probe probe() const noexcept;
  /// Tells people something that does not keep the stage from working: to its log and its page.
  void warn(const std::string& text);

  /// Runs to the end of the data or an orderly stop. `finished()` may add an error found by the
  /// source.
  template <class S, class R>
  int drive(S& stage, R& runner) {
    return drive(stage, runner, [](StagePage&) {});
  }
  /// The same; `report(page)` tells the page more, whenever progress is published. No allocation.
  template <class S, class R, class Report>
  int drive(S& stage, R& runner, Report&& report);

  /// Prints the error, records it on the page and gives the exit status.
  int fail_with(const Error& error);
  /// True where --help was asked for and printed.
  static bool help(int argc, char** argv, StageKind kind);

 private:
  StageProgram(Attachment attachment, StageSpec spec)
      : attachment_(std::move(attachment)), spec_(std::move(spec)) {}
  Result<void> settle(int supervisor_pid);
  Result<void> begin(std::span<const std::string> counter_names, std::size_t outputs);
  void heartbeat(std::int64_t now_ns) noexcept;
  void seal() noexcept;
  void unseal() noexcept;
  /// Why the hot loop was left.
  enum class Left : std::uint8_t { kDone, kGaveUp, kNoRoomInJournal, kSuspended };
  int end(Left left, std::uint64_t state_hash);
  bool asked_to_stop() const noexcept;
  bool asked_to_cancel() const noexcept;
  /// A live session has lost a stage for good: risk cancels every order, once.
  template <class R>
  void cancel_if_asked(R& runner) noexcept {
    if constexpr (requires { runner.cancel_all(); }) {
      if (!cancelled_ && asked_to_cancel()) cancelled_ = runner.cancel_all();
    }
  }
  bool is_to_suspend() const noexcept;
  bool may_give_up() const noexcept;

  Attachment attachment_;
  StageSpec spec_;
  RunnerSetup setup_;
  StagePage* page_ = nullptr;
  WaitStrategy wait_ = WaitStrategy::kYield;
  bool cancelled_ = false;    // every order, as asked
  int supervisor_pid_ = 0;    // 0: nobody minds this stage
  KernelCounts sealed_at_;  // what the kernel had counted when the hot loop began
};

template <class S, class R, class Report>
int StageProgram::drive(S& stage, R& runner, Report&& report) {
  const auto names = stage.counter_names();
  if (auto begun = begin(names, runner.ports().size()); !begun) return fail_with(begun.error());
  const SessionClock clock = attachment_.clock();
  Idle idle(wait_, page_->park, clock);
  constexpr std::int64_t kPublishEveryNs = kNsPerMs;
  constexpr std::int64_t kGiveUpNs = kNsPerSecond;  // nothing has come for so long since the stop
  constexpr std::int64_t kSleepLimitNs = 50 * kNsPerMs;
  std::int64_t published_ns = 0, worked_ns = clock.monotonic_ns(), stopped_ns = 0;
  std::uint64_t batches = 0, waits = 0;
  Left left = Left::kDone;
  seal();
  while (!runner.done()) {
    const bool worked = runner.run_batch() > 0;
    const std::int64_t now = clock.monotonic_ns();
    if (now - published_ns >= kPublishEveryNs) {
      published_ns = now;
      publish_progress(*page_, stage, runner);
      publish_journal(*page_, setup_);
      report(*page_);
      page_->batches.set(batches);
      page_->idle_waits.set(waits);
      page_->parks.set(idle.parks());
      heartbeat(now);
    }
    if (worked) {
      ++batches;
      worked_ns = now;
      idle.worked();
      // A drained stage gives way at once: on a shared core its reader may be the next to run.
      if (!runner.drained()) continue;
    }
    cancel_if_asked(runner);
    if (asked_to_stop()) {
      if (is_to_suspend()) {
        left = Left::kSuspended;
        break;
      }
      if constexpr (requires { runner.stop(); }) runner.stop();
      if (stopped_ns == 0) stopped_ns = now;  // the quiet before it proves nothing
      if (now - std::max(worked_ns, stopped_ns) > kGiveUpNs && may_give_up()) {
        left = runner.waits_for_journal() ? Left::kNoRoomInJournal : Left::kGaveUp;
        break;
      }
    }
    ++waits;
    if (runner.waits_for_journal()) {
      page_->journal_waits.add(1);
      sleep_for_journal();
      continue;
    }
    std::int64_t limit = kSleepLimitNs;
    if constexpr (requires { runner.wait_ns(); }) {
      if (runner.wait_ns() > 0 && runner.wait_ns() < limit) limit = runner.wait_ns();
    }
    const auto look_again = [&]() noexcept {
      if (runner.run_batch() > 0) worked_ns = clock.monotonic_ns();
      return worked_ns > now || runner.done();
    };
    idle.wait(look_again, limit);
  }
  unseal();
  publish_progress(*page_, stage, runner);
  report(*page_);
  publish_journal(*page_, setup_);
  return end(left, stage.state_hash());
}

}  // namespace pinstripe
