// How a simulated stage is killed: its runner passes a step, the fuse has burnt down, control goes
// back to the scheduler and never returns. Memory that others see stays as the step left it.
//
// The jump is legal because frames between scheduler and step own nothing (RunnerCore asserts it of
// the sink), and the step is a call that the compiler cannot see through: every store before it has
// been made. Stage and runner are thrown away afterwards, as a dead process's memory is.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <vector>

#include "shm/run/journal_writer.h"
#include "shm/run/merge.h"
#include "shm/run/policy.h"

namespace pinstripe::sim {

/// Protocol errors put into the runners on purpose: the simulator must find each.
enum class Mutant : std::uint8_t {
  kNone,
  kJournalAfterAct,        // a record is committed when the stage has acted already
  kReleaseBeforeAct,       // the input's cursor moves on before the record is committed
  kSilenceAtRejoin,        // exec's successor says "no report ever"
  kTailNotZeroed,          // the journal's successor leaves the torn record where it lies
  kPromotionWithoutRings,  // a checkpoint counts though its outputs are not in the rings
  kResumeAtLast,           // the last message acted on is taken once more
};
inline constexpr const char* kMutantNames[] = {
    "none",           "journal-after-act",       "release-before-act", "silence-at-rejoin",
    "tail-not-zeroed", "promotion-without-rings", "resume-at-last"};
inline constexpr int kMutants = 7;

/// Who runs: the mutants reach into its memory.
struct Running {
  JournalWriter* writer = nullptr;
  std::vector<MergeInput>* inputs = nullptr;  // null: feed
};

struct Fuse {
  std::jmp_buf home;
  std::uint64_t left = 0;   // steps until the kill; 0: none
  std::uint64_t burnt = 0;  // steps passed since the simulation began
  Step last{};
  Mutant mutant = Mutant::kNone;
  Running running;
  std::uint64_t* hidden = nullptr;  // kJournalAfterAct: the word taken away until the act is over
  std::uint64_t hidden_word = 0;
};
inline Fuse fuse;  // one thread, one stage at a time

/// Passes a step of the stage that runs.
void burn(Step step) noexcept;

struct SimPolicy {
  static constexpr bool kMeasured = false;
  static void at(Step step) noexcept { burn(step); }
  /// Its sessions are recorded ones.
  static TimeNs session_time(const SessionClock&) noexcept { return TimeNs::min(); }
};

/// Runs `f` with the kill `steps` away (0: none). False: killed.
template <class F>
[[gnu::noinline]] bool survives(std::uint64_t steps, F&& f) {
  if (setjmp(fuse.home) != 0) {  // NOLINT: see the top of the file
    fuse.left = 0;
    return false;
  }
  fuse.left = steps;
  f();
  fuse.left = 0;
  return true;
}

}  // namespace pinstripe::sim
