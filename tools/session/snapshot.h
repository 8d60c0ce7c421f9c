// What a stage shows of itself, copied out of its page at one moment: plain data for tables and
// JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Percentiles of a latency histogram, ns; count 0: nothing measured.
struct LatencyShot {
  std::uint64_t count = 0;
  std::int64_t p50_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;
};

struct OutputShot {
  std::string ring;
  std::uint64_t published = 0;
  std::uint64_t digest = 0;       // of all messages published, in sequence
  std::int64_t last_event_ns = 0;
  std::uint64_t dropped = 0;      // resync rings: dropped by policy
};
struct InputShot {
  std::string ring;
  std::uint64_t taken = 0;
  LatencyShot queueing;           // publish -> take on this ring
};
/// How a stage's journal fares.
struct JournalShot {
  std::uint64_t records = 0;      // committed
  std::uint64_t on_disk = 0;      // of them, safe on disk
  std::int64_t tail_ns = 0;       // age of what is not on disk yet, at most; 0: everything is
  std::string state;              // ok, full, error, off
  std::string problem;            // why it is not ok, and what to do; "": nothing
  bool halted = false;            // trading is halted for it
};
struct ErrorShot {
  std::uint32_t code = 0;
  std::string text;
  std::uint64_t count = 0;
};

struct StageShot {
  std::string name;
  StageKind kind = StageKind::kFeed;
  std::uint16_t lane = 0;
  int pid = 0;
  bool has_page = false;          // else nothing below is known
  bool alive = false;             // the process exists and holds its ends
  int cpu = -1;
  std::string wait;               // actual strategy
  std::string wait_configured;
  std::string state;              // a StageState's name; dead, absent
  std::int64_t heartbeat_age_ns = -1;
  std::int64_t event_ns = 0;      // event time it has reached
  LatencyShot queueing, service, tick_to_order;
  std::int64_t longest_turn_ns = 0;
  std::int64_t turns = 0;
  std::int64_t voluntary_switches = 0, involuntary_switches = 0;
  std::int64_t minor_faults = 0, major_faults = 0;
  std::optional<bool> filtered;   // its system calls, as the kernel says; nothing: it is not alive
  std::int64_t allocations_after_seal = 0;
  std::int64_t hot_path_faults = 0;  // page faults of the sealed loop
  std::uint64_t journal_records = 0, journal_waits = 0;
  std::uint64_t recoveries = 0;         // times that a process took over from a dead one
  std::uint64_t recovery_records = 0;   // the last time: journal records acted on again
  std::int64_t recovery_load_ns = 0, recovery_replay_ns = 0;
  std::optional<JournalShot> journal;  // nothing: it keeps none
  std::uint64_t state_hash = 0;   // of the stage class, at the end of its run; 0 before
  std::int64_t budget_breaches = 0;
  std::vector<OutputShot> outputs;
  std::vector<InputShot> inputs;
  std::vector<ErrorShot> errors;
  std::map<std::string, std::int64_t, std::less<>> counters;

  /// A counter's value; 0 where there is none of that name.
  std::int64_t counter(std::string_view counter_name) const;
  bool has_counter(std::string_view counter_name) const;
};

struct SessionShot {
  std::vector<StageShot> stages;  // in topology order

  const StageShot* stage(std::string_view stage_name) const;
  /// Sum of a counter over all stages of `kind`.
  std::int64_t total(StageKind kind, std::string_view counter_name) const;
  /// What the producer of `ring` says of it; null where its page is not there.
  const OutputShot* output(std::string_view ring) const;
  const InputShot* input(std::string_view ring) const;
};

class StagePageView;
/// Copies one page.
StageShot read_stage(const SessionPlan& plan, const StageSpec& stage, const StagePageView& view);
/// Reads every stage page of the session; a stage without a page is "absent". Never disturbs a
/// stage.
SessionShot take_snapshot(const SessionPlan& plan);

}  // namespace pinstripe
