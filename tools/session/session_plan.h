// SessionPlan: everything a session needs, decided before it starts.
//
// `pinstripe up` makes it from the session config (session_config.h) and the data (prepare.h),
// writes it as config.json into the session directory, and each stage program loads exactly that.
// Nothing is decided a second time: instruments are full records, files have their clock offset,
// folds are chosen.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"
#include "shm/msg/topology.h"
#include "shm/run/delay_model.h"
#include "tools/session/restart_policy.h"

namespace pinstripe {

inline constexpr std::size_t kStageKinds = 5;
constexpr std::size_t index_of(StageKind kind) noexcept { return static_cast<std::size_t>(kind); }

enum class SourceKind : std::uint8_t { kSynthetic = 0, kFiles = 1, kVenues = 2 };
inline constexpr std::array<std::string_view, 3> kSourceKindNames{"synthetic", "files", "venues"};

/// Has everything it needs once it runs: may be kept from sockets, files and processes. Feed reads
/// its data while it runs; exec will talk to venues.
constexpr bool can_be_filtered(StageKind kind) noexcept {
  return kind == StageKind::kFeatures || kind == StageKind::kModels || kind == StageKind::kRisk;
}

/// Whether inputs are merged by simulated time or taken as they arrive.
inline constexpr std::array<std::string_view, 2> kSessionModeNames{"recorded", "live"};

/// Modelled latency of one stage in recorded sessions (trading.md 3).
struct LatencyPlan {
  std::int64_t base_ns = 0;
  double tail_probability = 0;  // 0..1
  std::int64_t tail_ns = 0;     // most that is added
};

/// How long a market message took from the venue to us: what exec's market clock lies before
/// arrival (exec/paper_venue.h). `base_feed_latency_ns` of the plan is the constant one.
enum class FeedLatencyModel : std::uint8_t { kConstant = 0, kStamps = 1, kTable = 2 };
inline constexpr std::array<std::string_view, 3> kFeedLatencyNames{"constant", "stamps", "table"};

struct FeedLatencyPlan {
  FeedLatencyModel model = FeedLatencyModel::kConstant;
  std::int64_t max_ns = 0;             // stamps: no more is believed
  std::vector<std::int64_t> table_ns;  // table: drawn from
};

/// One file of recorded data.
struct FilePlan {
  std::string path;           // absolute
  std::string format;         // "binance_raw", "bybit_raw", "okx_raw", "tardis_book" ...
  std::uint64_t size_bytes = 0;
  std::int64_t first_ns = 0;  // local receive time as recorded, before re-basing
  std::int64_t last_ns = 0;
  std::uint64_t lines = 0;
  // Recordings: the stream's part of the file (feed/source.h). Without a symbol: all of it.
  std::string symbol;
  std::vector<std::string> connections;
  std::uint32_t rest = 0;     // RestOfLines
};

/// The files of one instrument, in time order, as one stream with one clock offset.
struct StreamPlan {
  std::uint16_t instrument = 0;
  std::uint16_t lane = 0;
  std::int64_t clock_offset_ns = 0;  // re-based time = recorded local time - offset
  std::vector<FilePlan> files;
};

/// Where the venues' live markets are, and how they are listened to.
struct VenuesPlan {
  std::string address;               // "host:port" in place of every venue's own; "": their own
  std::string ca_file;               // absolute; "": the system's authorities
  bool redundant = false;            // two connections for each, all the time
  std::string candles = "1m";        // length of those subscribed to (CandleLength); "": none
  std::uint32_t snapshot_levels = 1'000;
  std::int64_t cut_over_ns = std::int64_t{23} * 3'600 * kNsPerSecond;  // age of a planned renewal
  std::int64_t open_ns = 15 * kNsPerSecond;  // to open all connections at the start
  std::int64_t watch_ns = 60 * kNsPerSecond; // between looks at definitions and status; 0: none
};

struct LanePlan {
  std::string name;                          // "" where there is only one
  std::vector<std::uint16_t> instruments;    // indices in SessionPlan::instruments
};

enum class JournalOnError : std::uint8_t { kWait = 0, kHalt = 1 };
inline constexpr std::array<std::string_view, 2> kJournalOnErrorNames{"wait", "halt"};

/// Whether and where the stages' inputs are journaled.
struct JournalPlan {
  bool on = false;
  std::string root;                    // absolute; below it a folder a session, in it one a run
  std::string directory;               // of this run; "" until the session is made, or where off
  std::uint32_t segments = 8;          // in shared memory, of each stage
  std::uint64_t segment_bytes = std::uint64_t{4} << 20;
  JournalOnError on_error = JournalOnError::kWait;  // what a full disk or an I/O error does
  std::uint64_t keep_bytes = std::uint64_t{8} << 30;  // of ended journals; the oldest go first
  std::uint32_t keep_days = 7;
  // Records between two checkpoints of a stage, and how many a stage may be past its newest one
  // before it waits. Of feed both count frames.
  std::uint64_t checkpoint_every = 250'000;
  std::uint64_t checkpoint_lag_max = 1'000'000;
};

/// A file beside the config that decides: a copy of it lies in the session directory.
struct SessionFile {
  std::string role;                    // "model", "rates" or "tiers"
  std::string name;                    // relative to the session directory
  std::string source;                  // where it was copied from, for people
  std::uint64_t digest = 0;            // of its bytes
};

struct SessionPlan {
  std::string name;
  std::array<std::uint64_t, 2> session_id{};  // random, drawn when the session is made; 0: not yet
  std::string directory;                     // session directory; set by load_resolved
  SourceKind source = SourceKind::kSynthetic;
  VenuesPlan venues;                         // of SourceKind::kVenues
  bool live = false;                         // inputs as they arrive, by the session's clock
  double speed = 0;                          // 0: as fast as it goes; n: n times real time
  std::int64_t for_ns = 0;                   // simulated time to run; 0: all of it
  std::int64_t from_ns = 0;                  // only frames of this event time or later; 0: all
  std::int64_t to_ns = 0;                    // only frames before this event time; 0: all
  std::uint64_t events_max = 0;              // venue messages to run; 0: all of them
  bool in_sample_allowed = false;            // --in-sample was given
  bool in_sample = false;                    // a model was trained on the traded time

  std::vector<Instrument> instruments;       // index = instrument id in every message
  std::vector<LanePlan> lanes;
  std::vector<StreamPlan> streams;           // empty for the synthetic source
  std::vector<std::string> warnings;         // for people, said at start
  std::vector<std::string> notes;            // the same, where nothing is wrong

  Topology topology;
  std::array<LatencyPlan, kStageKinds> latency{};
  std::array<std::int64_t, kStageKinds> budget_ns{};  // service time allowed a stage
  std::int64_t path_budget_ns = 0;           // origin -> order; also the staleness limit
  std::int64_t base_feed_latency_ns = 0;     // venue -> us; exec's market time is origin - this
  FeedLatencyPlan feed_latency;              // or a model of it that varies
  std::int64_t response_latency_ns = 0;      // venue -> us for execution reports; > 0; the least
  std::vector<std::int64_t> response_table_ns;  // not empty: drawn from instead
  std::int64_t drain_ns = 0;                 // after the end of the stream
  std::uint64_t seed = 1;
  std::uint32_t epoch = 1;                   // of client order ids; fixed in recorded sessions
  std::uint64_t data_digest = 0;
  std::int64_t traded_from_ns = 0;           // re-based time range of the data
  std::int64_t traded_to_ns = 0;
  std::string config_file;                   // where it came from, for people
  JournalPlan journal;
  std::vector<SessionFile> files;            // of all roles; empty until the session is made
  SupervisionPlan supervision;
  bool seccomp = true;                       // of the stages that can be filtered
  std::string synthetic_json = "{}";         // settings of the synthetic market, as JSON text
  /// Each stage's own part of the config, as JSON text, model folds already chosen. By StageKind.
  std::array<std::string, kStageKinds> stage_json{"{}", "{}", "{}", "{}", "{}"};

  const StageSpec* stage(std::string_view stage_name) const noexcept;
  const RingSpec* ring(std::string_view ring_name) const noexcept;
  std::uint16_t lane_of(std::uint16_t instrument) const noexcept;
  /// `path` as it stands in a stage's part, relative ones below the session directory.
  std::string file_path(const std::string& path) const;
  /// Delay model of what `kind` publishes on ring `ring_id`.
  DelayModel delay_of(StageKind kind, std::uint16_t ring_id) const;
  /// The longest that a market message can have been on its way, by the feed latency model.
  std::int64_t longest_feed_latency_ns() const noexcept;
};

/// Where the feed `stage` shows its connections (feed/live/links_page.h).
inline std::string links_page_path(const SessionPlan& plan, const StageSpec& stage) {
  return plan.directory + "/" + stage.name + ".links";
}

/// Where `pinstripe-watch` writes what became of the instruments (feed/live/notices_page.h).
inline std::string notices_page_path(const SessionPlan& plan) {
  return plan.directory + "/notices";
}
/// Whether this session's instruments are watched while it runs.
inline bool is_watched(const SessionPlan& plan) noexcept {
  return plan.source == SourceKind::kVenues && plan.venues.watch_ns > 0;
}

/// "recorded" or "live".
inline std::string mode_name(const SessionPlan& plan) {
  return std::string(kSessionModeNames[plan.live ? 1 : 0]);
}

/// Name of the resolved config in the session directory.
inline constexpr const char* kResolvedName = "config.json";

/// The plan as JSON text, complete: parse_resolved gives the same plan back.
std::string resolved_json(const SessionPlan& plan);
Result<SessionPlan> parse_resolved(const std::string& text, const std::string& origin);
/// Loads `<directory>/config.json`.
Result<SessionPlan> load_resolved(const std::string& directory);
/// Hash of the resolved config: names the run's identity.
std::uint64_t config_digest(const SessionPlan& plan);
/// The session's id as 32 hex digits.
std::string session_id_text(const SessionPlan& plan);

}  // namespace pinstripe
