// Whether a dead stage is started again, and when (protocol 7): plain numbers, no process.
#pragma once

#include <cstdint>
#include <optional>

namespace pinstripe {

/// Limits of supervision; config `supervision`.
struct SupervisionPlan {
  int restarts_max = 5;                    // without a new journal record in between
  std::int64_t backoff_first_ms = 10;      // before the second restart in a row; then doubled
  std::int64_t backoff_most_ms = 1'000;
  std::int64_t heartbeat_limit_ms = 5'000; // a running stage that is silent so long is killed
  std::int64_t stopped_limit_ms = 200;     // and so is one that someone has stopped (SIGSTOP)
  bool lift_kill_limit = false;            // tests: kills from outside never use up the restarts
};

/// How a stage died.
struct StageDeath {
  bool own_doing = false;     // it stopped itself: a failed check, a fault signal, an exit status
  std::uint64_t records = 0;  // in its journal by then
};

enum class AfterDeath : std::uint8_t {
  kRestart,
  kPoison,   // it died twice at one record by its own doing: the next process would as well
  kLimit,    // it died too often without getting any further
};

/// The deaths of one stage.
class RestartPolicy {
 public:
  explicit RestartPolicy(const SupervisionPlan& limits) noexcept : limits_(limits) {}

  AfterDeath note(const StageDeath& death) noexcept;
  /// After kRestart: how long to wait first.
  std::int64_t wait_ms() const noexcept;
  /// Restarts in a row without a new record.
  int in_a_row() const noexcept { return in_a_row_; }

 private:
  SupervisionPlan limits_;
  int in_a_row_ = 0;
  std::uint64_t records_ = 0;             // at the last death
  std::optional<std::uint64_t> poison_;   // records at the last death by its own doing
};

}  // namespace pinstripe
