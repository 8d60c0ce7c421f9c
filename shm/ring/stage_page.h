// The stage page: what one stage tells the world, in shared memory. The stage alone writes, with
// relaxed stores; tools map it read-only and read while it runs, without slowing it.
//
//   identity     magic, version (stored last), name, kind, pid, start, core, wait strategy
//   life         state, heartbeat, park word (the one word that neighbours write)
//   work         turns, longest turn, timers, breaches, faults, context switches, allocations
//   rings        per input: taken; per output: published, digest, last event time
//   counters     up to 1024 named 64-bit values of the stage class
//   histograms   queueing, service, tick to order, and queueing per input ring (ns)
//   errors       up to 32 distinct errors with count, first and last time
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/base/units.h"
#include "shm/msg/topology.h"
#include "shm/ring/histogram.h"
#include "shm/ring/park.h"
#include "shm/ring/segment.h"

namespace pinstripe {

inline constexpr std::uint64_t kStagePageMagic = 0x0045474150494E50ULL;  // "PNIPAGE\0"
inline constexpr std::uint64_t kStagePageVersion = 3;
inline constexpr std::size_t kPageCountersMax = 16'384;  // hundreds of instruments
inline constexpr std::size_t kPageNameBytes = 64;
inline constexpr std::size_t kPageRingsMax = 32;        // inputs or outputs of one stage
inline constexpr std::size_t kPageInputHistograms = 8;
inline constexpr std::size_t kPageErrorsMax = 32;
inline constexpr std::size_t kPageErrorBytes = 200;

enum class StageState : std::uint32_t {
  kStarting,
  kRunning,
  kDraining,
  kDone,
  kFailed,
  kRejoining,  // acts on the journal of the process before it
  kSuspended,  // its supervisor is gone: it left off between two inputs and can be resumed
};
inline constexpr const char* kStageStateNames[] = {"starting", "running",   "draining", "done",
                                                   "failed",   "rejoining", "suspended"};

/// What a stage is asked to do, for its next processes as well.
enum StopWish : std::uint32_t {
  kGoOn = 0,
  kEndInOrder = 1,  // feed ends its stream, which ends the others
  kSuspend = 2,     // leave off between two inputs; the session can be resumed
  kCancelAll = 3,   // risk of a live session: cancel every order, then go on
};

/// One 64-bit value: one writer, any reader.
template <class T>
class PageValue {
 public:
  T get() const noexcept { return value_.load(std::memory_order_relaxed); }
  void set(T v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(T v) noexcept { set(get() + v); }

 private:
  static_assert(std::atomic<T>::is_always_lock_free);
  std::atomic<T> value_{};
};

/// The page itself. Lies in a segment; made by create, written by the stage's process.
struct StagePage {
  // identity
  std::uint64_t magic = 0;
  std::atomic<std::uint64_t> version{0};
  char name[kPageNameBytes] = {};
  std::uint32_t kind = 0;                      // StageKind
  PageValue<std::int32_t> pid;                 // 0: no process yet
  PageValue<std::uint64_t> start_ticks;        // field 22 of /proc/<pid>/stat
  PageValue<std::int64_t> started_ns;          // CLOCK_REALTIME
  PageValue<std::int32_t> cpu;                 // -1: not pinned
  PageValue<std::uint32_t> wait_configured;    // WaitStrategy
  PageValue<std::uint32_t> wait_actual;        // WaitStrategy
  PageValue<std::uint32_t> starts;             // times a process has attached
  // life
  std::atomic<std::uint32_t> state{0};         // StageState
  std::atomic<std::uint32_t> stop{0};          // StopWish, set by who minds the session
  PageValue<std::int64_t> heartbeat_ns;        // CLOCK_MONOTONIC
  PageValue<std::uint64_t> heartbeat_ticks;    // the raw counter (TSC)
  PageValue<std::int64_t> event_ns;            // current event time
  ParkWord park;
  // work
  PageValue<std::uint64_t> turns;              // messages and timers acted on
  PageValue<std::uint64_t> timers;
  PageValue<std::uint64_t> batches;
  PageValue<std::uint64_t> idle_waits;
  PageValue<std::uint64_t> parks;
  PageValue<std::int64_t> longest_turn_ns;
  PageValue<std::int64_t> longest_turn_at_ns;  // CLOCK_MONOTONIC of its end
  // Since the stage began to run. While it runs: minus what the process had counted by then, so
  // that an observer adds what /proc says.
  PageValue<std::int64_t> voluntary_switches;
  PageValue<std::int64_t> involuntary_switches;
  PageValue<std::int64_t> minor_faults;
  PageValue<std::int64_t> major_faults;
  PageValue<std::int64_t> allocations_after_seal;
  PageValue<std::int64_t> hot_path_faults;     // page faults between the seal and the end
  PageValue<std::uint64_t> journal_records;    // written by this stage; 0 without a journal
  PageValue<std::uint64_t> journal_waits;      // times the stage waited for room in its journal
  PageValue<std::uint64_t> recoveries;         // times that a process took over from a dead one
  PageValue<std::uint64_t> recovery_records;   // the last time: journal records acted on again
  PageValue<std::int64_t> recovery_load_ns;    // the last time: reading the checkpoint
  PageValue<std::int64_t> recovery_replay_ns;  // the last time: acting on those records
  PageValue<std::int64_t> recovered_ns;        // CLOCK_MONOTONIC when it went on
  PageValue<std::int64_t> backward_stamps;
  PageValue<std::uint64_t> state_hash;         // of the stage class, at the end of its run
  PageValue<std::int64_t> budget_breaches_queueing;
  PageValue<std::int64_t> budget_breaches_service;
  PageValue<std::int64_t> budget_breaches_path;
  // rings
  struct Input {
    PageValue<std::uint64_t> taken;
  };
  struct Output {
    PageValue<std::uint64_t> published;        // messages of this stage, queued ones included
    PageValue<std::uint64_t> digest;
    PageValue<std::int64_t> last_event_ns;
    PageValue<std::uint64_t> dropped;          // resync rings
  };
  PageValue<std::uint32_t> input_count;
  PageValue<std::uint32_t> output_count;
  std::array<Input, kPageRingsMax> inputs;
  std::array<Output, kPageRingsMax> outputs;
  // counters
  std::atomic<std::uint32_t> counter_count{0};
  std::array<std::array<char, kPageNameBytes>, kPageCountersMax> counter_names{};
  std::array<PageValue<std::int64_t>, kPageCountersMax> counter_values;
  // histograms, ns
  Histogram queueing;
  Histogram service;
  Histogram tick_to_order;
  std::array<Histogram, kPageInputHistograms> input_queueing;
  // errors
  struct ErrorEntry {
    std::atomic<std::uint32_t> code{0};
    char text[kPageErrorBytes] = {};
    PageValue<std::uint64_t> count;
    PageValue<std::int64_t> first_ns;          // CLOCK_REALTIME
    PageValue<std::int64_t> last_ns;
  };
  std::atomic<std::uint32_t> error_count{0};
  PageValue<std::uint64_t> errors_beyond;      // distinct errors that found no entry
  std::array<ErrorEntry, kPageErrorsMax> errors;

  void set_state(StageState s) noexcept {
    state.store(static_cast<std::uint32_t>(s), std::memory_order_release);
  }
  /// Names the counters, once, before the stage runs; refuses more than fit and names too long. A
  /// process that rejoins must bring the same names.
  Result<void> name_counters(std::span<const std::string> names);
  /// Copies the stage's counters; on the hot thread, between batches.
  void publish_counters(std::span<const std::int64_t> values) noexcept;
  /// Counts an error, or `times` of them, under its code and text (cut at 199 bytes). Off the hot
  /// path; no allocation.
  void log_error(std::uint32_t code, std::string_view text, std::int64_t realtime_ns,
                 std::uint64_t times = 1) noexcept;
};

/// Bytes of a stage page's segment.
constexpr std::size_t stage_page_bytes() noexcept { return sizeof(StagePage); }

/// The writer's handle: the page and the segment that holds it.
class StagePageOwner {
 public:
  /// Makes the file with an empty page.
  static Result<StagePageOwner> create(const std::string& path, std::string_view name,
                                       StageKind kind);
  /// Attaches the stage's own process (or a neighbour that needs the park word) to an existing
  /// page.
  static Result<StagePageOwner> attach(const std::string& path);
  StagePage& page() const noexcept { return *page_; }
  const Segment& segment() const noexcept { return segment_; }

 private:
  StagePageOwner(Segment segment, StagePage* page) noexcept
      : segment_(std::move(segment)), page_(page) {}
  Segment segment_;
  StagePage* page_;
};

struct StageError {
  std::uint32_t code = 0;
  std::string text;
  std::uint64_t count = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};

/// The readers' handle: mapped read-only, or over a page of this process.
class StagePageView {
 public:
  static Result<StagePageView> open(const std::string& path);
  /// Of a page in private memory, which must outlive the view.
  static StagePageView over(const StagePage& page) noexcept {
    return StagePageView(std::nullopt, &page);
  }
  const StagePage& page() const noexcept { return *page_; }

  std::string name() const;
  StageKind kind() const noexcept;
  StageState state() const noexcept;
  /// Counter names and values, in the stage's order.
  std::vector<std::pair<std::string, std::int64_t>> counters() const;
  std::optional<std::int64_t> counter(std::string_view name) const noexcept;
  std::vector<StageError> errors() const;
  /// The error that was counted last.
  std::optional<StageError> last_error() const;
  /// Nanoseconds since the last heartbeat, by CLOCK_MONOTONIC.
  std::int64_t heartbeat_age_ns() const noexcept;

 private:
  StagePageView(std::optional<Segment> segment, const StagePage* page) noexcept
      : segment_(std::move(segment)), page_(page) {}
  std::optional<Segment> segment_;
  const StagePage* page_;
};

}  // namespace pinstripe
