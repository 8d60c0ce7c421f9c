// How a stage program takes over from the one before it: newest checkpoint, then the journal
// records behind it, from disk and from memory (protocol 7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shm/base/state_io.h"
#include "shm/run/journal_writer.h"
#include "shm/run/rejoin.h"
#include "tools/journal/reader.h"
#include "tools/session/stage_program.h"

namespace pinstripe {

/// The records that a stage has to act on again.
class RecoveryTape {
 public:
  /// `published`: what each output ring shows. Takes the newest checkpoint that is not ahead of
  /// rings and journal; one that is damaged is passed over with a warning, for the one before it.
  static Result<RecoveryTape> open(const SessionPlan& plan, const StageSpec& stage,
                                   const JournalWriter& journal,
                                   std::span<const std::uint64_t> published);

  /// State of the checkpoint; empty: there is none, the stage begins anew.
  std::span<const std::byte> state() const noexcept { return state_; }
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  /// For `rejoin`.
  RejoinNext next(JournalEntry& e);
  /// Why `next` gave kError.
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  explicit RecoveryTape(JournalReader reader) : reader_(std::move(reader)) {}
  JournalReader reader_;
  std::vector<std::byte> state_;
  std::vector<std::string> warnings_;
  std::optional<Error> error_;
};

/// A stage without records must not have been at work before: it would go on without its memory.
Result<void> refuse_forgotten_work(const RunnerSetup& setup);
/// The report of a rejoin that failed, for people.
Error rejoin_error(const RejoinReport& report, const SessionPlan& plan, const RunnerSetup& setup,
                   const std::optional<Error>& unreadable);

/// Brings the runner of a stage program to where the process before it was killed; nothing to do
/// where that one never worked. Afterwards `drive` may go on.
template <class R>
Result<void> rejoin_stage(StageProgram& program, R& runner) {
  const JournalWriter* const journal = program.setup().journal;
  if (journal == nullptr || journal->records() == 0) return refuse_forgotten_work(program.setup());
  StagePage& page = program.page();
  page.set_state(StageState::kRejoining);
  const SessionClock clock = program.clock();
  const std::int64_t began_ns = clock.monotonic_ns();
  std::vector<std::uint64_t> published;
  for (const auto& port : runner.ports()) published.push_back(port.published());
  auto tape = RecoveryTape::open(program.plan(), program.spec(), *journal, published);
  if (!tape) return fail_within("rejoin", tape);
  for (const std::string& warning : tape->warnings()) program.warn(warning);
  if (!tape->state().empty()) {
    StateReader r(tape->state());
    if (auto loaded = runner.load(r); !loaded) return fail_within("rejoin: checkpoint", loaded);
    if (r.failed() || !r.exhausted()) {
      return fail("rejoin: the checkpoint holds another state than this stage's");
    }
  }
  const std::int64_t loaded_ns = clock.monotonic_ns();
  const RejoinReport report = rejoin(runner, journal->last_record(),
                                     [&](JournalEntry& e) { return tape->next(e); });
  if (report.end != RejoinEnd::kDone) {
    return std::unexpected(rejoin_error(report, program.plan(), program.setup(), tape->error()));
  }
  const std::int64_t rejoined_ns = clock.monotonic_ns();
  page.recoveries.add(1);
  page.recovery_records.set(report.records);
  page.recovery_load_ns.set(loaded_ns - began_ns);
  page.recovery_replay_ns.set(rejoined_ns - loaded_ns);
  page.recovered_ns.set(rejoined_ns);
  return {};
}

}  // namespace pinstripe
