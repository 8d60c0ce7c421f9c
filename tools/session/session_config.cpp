#include "tools/session/session_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <thread>

#include "feed/live/candle_lengths.h"
#include "shm/msg/market_event.h"
#include "shm/run/config_node.h"
#include "tools/session/config_settings.h"
#include "tools/session/session_files.h"
#include "tools/session/stage_configs.h"
#include "tools/session/time_text.h"
#include "tools/session/topology_build.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;

/// Shipped latency model by stage: non-zero, with a seeded tail, so that some signals go stale.
constexpr std::array<LatencyPlan, kStageKinds> kShippedLatency{{
    {20'000, 0.0, 0},             // feed: constant, see tools/decisions/look-ahead.md
    {10'000, 0.002, 15'000'000},  // features: old vectors, for which members are left out
    {20'000, 0.003, 15'000'000},  // models: old signals, which risk refuses as stale
    {5'000, 0.0, 0},              // risk
    {0, 0.0, 0},                  // exec: none, see read_latency
}};
constexpr std::array<std::int64_t,
    kStageKinds> kShippedBudget{10'000, 10'000, 20'000, 5'000, 10'000};

/// Of one session; all that is counted by instrument must fit a stage page.
constexpr std::size_t kInstrumentsMax = 512;

bool is_name(const std::string& text) {
  if (text.empty() || text.size() > 40) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

void read_identity(ConfigNode& root, SessionPlan& plan, const std::string& file_stem) {
  plan.name = root.text("name", file_stem);
  if (!is_name(plan.name)) {
    root.complain("name", "found \"" + plan.name +
                              "\", allowed are 1 to 40 letters, digits, '-' and '_'");
  }
  plan.live = root.choice("mode", 0, kSessionModeNames) == 1;
  plan.seed = static_cast<std::uint64_t>(root.integer("seed", 1, 0, INT64_MAX));
  plan.epoch = static_cast<std::uint32_t>(root.integer("epoch", 1, 1, 0x3FFFFFFF));
}

void read_speed(ConfigNode& root, SessionPlan& plan) {
  if (root.is_text("speed")) {
    static constexpr std::array<std::string_view, 1> kWords{"max"};
    root.choice("speed", 0, kWords);
    plan.speed = 0;
  } else {
    plan.speed = root.number("speed", plan.live ? 1 : 0, 0.001, 1e6);
  }
}

void read_times(ConfigNode& root, SessionPlan& plan) {
  plan.for_ns = root.integer("for_ns", 0, 0, 1000 * kHourNs);
  plan.events_max = static_cast<std::uint64_t>(root.integer("events_max", 0, 0, INT64_MAX));
  plan.base_feed_latency_ns =
      root.integer("base_feed_latency_ns", kNsPerMs, 0, 10 * kNsPerSecond);
  plan.drain_ns = root.integer("drain_ns", 10 * kNsPerSecond, 0, kHourNs);
  plan.path_budget_ns =
      root.integer("path_budget_ns", 5 * kNsPerMs, kNsPerUs, 3600 * kNsPerSecond);
}

/// A model of the way of market data that varies (tools/backtest/models.md).
void read_feed_latency(ConfigNode& root, SessionPlan& plan) {
  FeedLatencyPlan& f = plan.feed_latency;
  ConfigNode node = root.child("feed_latency");
  f.model = static_cast<FeedLatencyModel>(node.choice("model", 0, kFeedLatencyNames));
  f.max_ns = node.integer("max_ns", 0, 0, 10 * kNsPerSecond);
  f.table_ns = node.integers("table_ns", 0, 10 * kNsPerSecond);
  const bool stamps = f.model == FeedLatencyModel::kStamps;
  const bool table = f.model == FeedLatencyModel::kTable;
  if (stamps && f.max_ns < plan.base_feed_latency_ns) {
    node.complain("max_ns", "found " + std::to_string(f.max_ns) + ", allowed is at least " +
                                std::to_string(plan.base_feed_latency_ns) +
                                " (base_feed_latency_ns); no message counts as later than it");
  }
  if (!stamps && f.max_ns != 0) node.complain("max_ns", "belongs to the model \"stamps\"");
  if (table == f.table_ns.empty()) {
    node.complain("table_ns", table ? "found none, allowed is at least one value"
                                    : "belongs to the model \"table\"");
    f.model = FeedLatencyModel::kConstant;
  }
}

void read_source(ConfigNode& root, SessionConfig& config) {
  for (const std::string& file : root.texts("data")) {
    config.data.push_back((fs::path(config.directory) / file).lexically_normal().string());
  }
  config.instruments = root.texts("instruments");
}

/// True where the config speaks of live markets.
bool read_venues(ConfigNode& root, const std::string& directory, VenuesPlan& v) {
  if (!root.has("live")) return false;
  ConfigNode node = root.child("live");
  v.address = node.text("address", "");
  v.ca_file = node.text("ca_file", "");
  if (!v.ca_file.empty()) v.ca_file = (fs::path(directory) / v.ca_file).lexically_normal().string();
  v.redundant = node.boolean("redundant", false);
  v.candles = node.text("candles", v.candles);
  if (!v.candles.empty() && candle_length(v.candles) == nullptr) {
    node.complain("candles", "found \"" + v.candles + "\", allowed are \"\" for none, " +
                                 candle_length_names());
  }
  v.snapshot_levels = static_cast<std::uint32_t>(node.integer("snapshot_levels", 1'000, 5, 1'000));
  v.cut_over_ns = node.integer("cut_over_s", 23 * 3'600, 10, 24 * 3'600) * kNsPerSecond;
  v.open_ns = node.integer("open_s", 15, 1, 600) * kNsPerSecond;
  v.watch_ns = node.integer("watch_s", 60, 0, 24 * 3'600) * kNsPerSecond;
  return true;
}

void read_fees(ConfigNode& root, SessionConfig& config) {
  ConfigNode fees = root.child("fees");
  for (std::size_t m = 0; m < config.fees.size(); ++m) {
    ConfigNode node = fees.child(kMarketNames[m]);
    if (node.has("maker_bps")) {
      config.fees[m].maker_e8 = std::llround(node.number("maker_bps", 2, -100, 100) * 1e4);
    }
    if (node.has("taker_bps")) {
      config.fees[m].taker_e8 = std::llround(node.number("taker_bps", 5, 0, 100) * 1e4);
    }
  }
}

/// Lanes by name and by the instrument ids named in the file; indices are set in `prepare`.
std::vector<std::vector<std::string>> read_lanes(ConfigNode& root, SessionConfig& config) {
  std::vector<std::vector<std::string>> members;
  for (ConfigNode& node : root.list("lanes")) {
    const std::string name = node.text("name", "");
    if (!is_name(name)) {
      node.complain("name",
          "found \"" + name + "\", allowed are 1 to 40 letters, digits, '-', '_'");
    }
    for (const LanePlan& other : config.plan.lanes) {
      if (other.name == name) node.complain("name", "found \"" + name + "\" a second time");
    }
    config.plan.lanes.push_back({name, {}});
    members.push_back(node.texts("instruments"));
    if (members.back().empty()) node.complain("instruments", "found none, allowed is at least one");
  }
  if (config.plan.lanes.empty()) {
    config.plan.lanes.push_back({"", {}});
    members.push_back(config.instruments);
  }
  return members;
}

/// Gives each instrument an index, in lane order.
void number_instruments(ConfigNode& root, SessionConfig& config,
                        const std::vector<std::vector<std::string>>& members) {
  std::vector<std::string> all;
  for (std::size_t lane = 0; lane < members.size(); ++lane) {
    for (const std::string& id : members[lane]) {
      if (std::find(all.begin(), all.end(), id) != all.end()) {
        root.complain("instruments", "'" + id + "' stands twice");
        continue;
      }
      config.plan.lanes[lane].instruments.push_back(static_cast<std::uint16_t>(all.size()));
      all.push_back(id);
    }
  }
  if (all.size() > kInstrumentsMax) {
    root.complain("instruments", "found more than " + std::to_string(kInstrumentsMax) +
                                     ", which is the most");
  }
  config.instruments = all;
}

/// exec has none: its reports travel for exec.response_latency_ns. feed's is constant: a tail on
/// one of its rings could deadlock small rings (tools/decisions/look-ahead.md).
void read_latency(ConfigNode& stage, StageKind kind, LatencyPlan& l) {
  const LatencyPlan& shipped = kShippedLatency[index_of(kind)];
  if (kind == StageKind::kExec) return;
  ConfigNode latency = stage.child("latency");
  l.base_ns = latency.integer("base_ns", shipped.base_ns, 0, kNsPerSecond);
  if (kind == StageKind::kFeed) return;
  l.tail_probability = latency.number("tail_probability", shipped.tail_probability, 0, 1);
  l.tail_ns = latency.integer("tail_ns", shipped.tail_ns, 0, 10 * kNsPerSecond);
}

void read_stage_specs(ConfigNode& root, SessionPlan& plan) {
  ConfigNode stages = root.child("stages");
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  static constexpr std::array<std::string_view, 4> kWaits{"auto", "spin", "yield", "park"};
  for (std::size_t k = 0; k < kStageKinds; ++k) {
    ConfigNode node = stages.child(kStageKindNames[k]);
    const auto wait = static_cast<WaitStrategy>(node.choice("wait", 0, kWaits));
    const auto batch = static_cast<std::uint32_t>(node.integer("batch_max", 64, 1, 4096));
    const auto core = static_cast<int>(node.integer("core", -1, -1, cores - 1));
    plan.budget_ns[k] = node.integer("budget_ns", kShippedBudget[k], 100, kNsPerSecond);
    read_latency(node, static_cast<StageKind>(k), plan.latency[k]);
    for (StageSpec& s : plan.topology.stages) {
      if (index_of(s.kind) != k) continue;
      s.wait = wait;
      s.batch_max = batch;
      s.core = core;
      if (s.name != kStageKindNames[k]) {  // one lane's own core
        ConfigNode own = stages.child(s.name);
        s.core = static_cast<int>(own.integer("core", core, -1, cores - 1));
        s.wait = static_cast<WaitStrategy>(own.choice("wait", static_cast<std::size_t>(wait),
            kWaits));
      }
    }
  }
}

/// Past a checkpoint that is due a stage goes on while the helper gets there and finds a place
/// where nothing goes on; feed tells its place every 4,096 frames.
constexpr std::int64_t kCheckpointSlack = 16'384;

void read_checkpoint(ConfigNode& root, JournalPlan& j) {
  ConfigNode node = root.child("checkpoint");
  const std::int64_t every =
      node.integer("every", static_cast<std::int64_t>(j.checkpoint_every), 1, INT64_MAX / 4);
  const std::int64_t lag_default =
      std::max(static_cast<std::int64_t>(j.checkpoint_lag_max), 2 * every);
  const std::int64_t lag = node.integer("lag_max", lag_default, 0, INT64_MAX / 2);
  if (lag != 0 && lag < every + kCheckpointSlack) {
    node.complain("lag_max", "found " + std::to_string(lag) + ", allowed are 0 (no limit) and " +
                                 std::to_string(every + kCheckpointSlack) + " (every + " +
                                 std::to_string(kCheckpointSlack) + ") or more");
  }
  j.checkpoint_every = static_cast<std::uint64_t>(every);
  j.checkpoint_lag_max = static_cast<std::uint64_t>(lag);
}

void read_journal(ConfigNode& root, SessionConfig& config) {
  ConfigNode node = root.child("journal");
  JournalPlan& j = config.plan.journal;
  static constexpr std::array<std::string_view, 2> kModes{"off", "on"};
  j.on = node.choice("mode", config.plan.live ? 1 : 0, kModes) == 1;
  const std::string dir = node.text("dir", "");
  j.root = dir.empty() ? journal_root()
                       : (fs::path(config.directory) / dir).lexically_normal().string();
  j.segments = static_cast<std::uint32_t>(node.integer("segments", j.segments, 2, 4096));
  constexpr std::int64_t kSegmentUnit = 4096;
  j.segment_bytes = static_cast<std::uint64_t>(
      node.integer("segment_bytes", static_cast<std::int64_t>(j.segment_bytes), 16 * kSegmentUnit,
                   std::int64_t{1} << 30));
  if (j.segment_bytes % kSegmentUnit != 0) {
    node.complain("segment_bytes", "found " + std::to_string(j.segment_bytes) +
                                       ", allowed are multiples of 4096");
  }
  j.on_error = static_cast<JournalOnError>(node.choice("on_error", 0, kJournalOnErrorNames));
  j.keep_bytes = static_cast<std::uint64_t>(
      node.integer("keep_bytes", static_cast<std::int64_t>(j.keep_bytes), 0, INT64_MAX));
  j.keep_days = static_cast<std::uint32_t>(node.integer("keep_days", j.keep_days, 0, 36'500));
  read_checkpoint(root, j);
}

void read_supervision(ConfigNode& root, SupervisionPlan& limits) {
  ConfigNode node = root.child("supervision");
  limits.restarts_max =
      static_cast<int>(node.integer("restarts_max", limits.restarts_max, 0, 1'000'000));
  limits.backoff_first_ms = node.integer("backoff_first_ms", limits.backoff_first_ms, 0, 60'000);
  limits.backoff_most_ms = node.integer("backoff_most_ms", limits.backoff_most_ms, 0, 60'000);
  limits.heartbeat_limit_ms =
      node.integer("heartbeat_limit_ms", limits.heartbeat_limit_ms, 100, 3'600'000);
  limits.stopped_limit_ms = node.integer("stopped_limit_ms", limits.stopped_limit_ms, 1, 3'600'000);
  limits.lift_kill_limit = node.boolean("lift_kill_limit", limits.lift_kill_limit);
}

void read_seccomp(ConfigNode& root, SessionPlan& plan) {
  static constexpr std::array<std::string_view, 2> kModes{"off", "on"};
  plan.seccomp = root.choice("seccomp", 1, kModes) == 1;
}

void read_rings(ConfigNode& root, SessionPlan& plan) {
  ConfigNode rings = root.child("rings");
  static constexpr std::array<std::string_view, 2> kFull{"wait", "resync"};
  for (RingSpec& r : plan.topology.rings) {
    ConfigNode node = rings.child(r.name);
    r.capacity = static_cast<std::uint64_t>(
        node.integer("capacity", static_cast<std::int64_t>(r.capacity), 1, INT64_MAX));
    const bool dropped = plan.live && r.type == MarketEvent::kRingType;
    r.full = static_cast<FullPolicy>(node.choice("full", dropped ? 1 : 0, kFull));
  }
  for (const std::string& problem : topology_problems(plan.topology, !plan.live)) {
    root.complain("", problem);
  }
}

void apply_overrides(const Overrides& overrides, SessionConfig& config) {
  SessionPlan& plan = config.plan;
  if (!overrides.name.empty()) plan.name = overrides.name;
  if (overrides.speed) plan.speed = *overrides.speed;
  if (overrides.for_ns) plan.for_ns = *overrides.for_ns;
  if (overrides.from_ns) plan.from_ns = *overrides.from_ns;
  if (overrides.to_ns) plan.to_ns = *overrides.to_ns;
  if (overrides.events_max) plan.events_max = *overrides.events_max;
  plan.in_sample_allowed = overrides.in_sample;
  config.clock_offset_file = overrides.clock_offset_file;
  if (!overrides.data.empty()) {
    config.data.clear();
    for (const std::string& file : overrides.data) {
      config.data.push_back(fs::absolute(file).lexically_normal().string());
    }
  }
}

/// The file with what --set says put in.
Result<ConfigNode> load_with(const std::string& file, const std::vector<std::string>& settings) {
  auto root = ConfigNode::load(file);
  if (!root || settings.empty()) return root;
  auto changed = with_settings(root->raw(), settings);
  if (!changed) return std::unexpected(changed.error());
  return ConfigNode::parse(*changed, file + " with --set");
}

}  // namespace

Result<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc{} || end != text.data() + text.size() ||
      !(speed >= 0.001 && speed <= 1e6)) {
    return fail_usage("--speed: found '" + text +
                      "', allowed 'max' or a number from 0.001 to 1000000 (1 is real time)");
  }
  return speed;
}

Result<std::int64_t> parse_duration(const std::string& text) {
  static const std::map<std::string,
      double> kUnits{{"", 1e9},   {"s", 1e9}, {"ms", 1e6}, {"us", 1e3},
                                                    {"m", 60e9}, {"h", 3600e9}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto unit = kUnits.find(std::string(end, text.data() + text.size()));
  if (error != std::errc{} || unit == kUnits.end() || !(value > 0 && value * unit->second < 4e18)) {
    return fail_usage("--for: found '" + text +
                      "', allowed a number above 0 with us, ms, s, m or h behind it, as in '60s'");
  }
  return static_cast<std::int64_t>(value * unit->second);
}

Result<void> read_window(const std::string& from, const std::string& to, Overrides& overrides) {
  if (!from.empty()) {
    auto time = parse_time(from, "--from");
    if (!time) return std::unexpected(time.error());
    overrides.from_ns = *time;
  }
  if (!to.empty()) {
    auto time = parse_time(to, "--to");
    if (!time) return std::unexpected(time.error());
    overrides.to_ns = *time;
  }
  return {};
}

Result<SessionConfig> load_session_config(const std::string& file, const Overrides& overrides) {
  auto root = load_with(file, overrides.settings);
  if (!root) return std::unexpected(root.error());
  SessionConfig config;
  config.directory = fs::absolute(file).parent_path().string();
  config.plan.config_file = fs::absolute(file).lexically_normal().string();
  read_identity(*root, config.plan, fs::path(file).stem().string());
  read_speed(*root, config.plan);
  read_times(*root, config.plan);
  read_feed_latency(*root, config.plan);
  read_source(*root, config);
  const bool is_of_venues = read_venues(*root, config.directory, config.plan.venues);
  read_fees(*root, config);
  read_journal(*root, config);
  read_supervision(*root, config.plan.supervision);
  read_seccomp(*root, config.plan);
  number_instruments(*root, config, read_lanes(*root, config));
  config.plan.topology = build_topology(config.plan.lanes);
  read_stage_specs(*root, config.plan);
  read_rings(*root, config.plan);
  check_stage_configs(*root, config.plan);
  for (std::size_t k = 0; k < kStageKinds; ++k) {
    config.plan.stage_json[k] = root->child(kStageKindNames[k]).raw();
  }
  if (auto finished = root->finish(); !finished) return std::unexpected(finished.error());
  apply_overrides(overrides, config);
  if (!is_name(config.plan.name)) {
    return fail_usage("--session: found '" + config.plan.name +
                      "', allowed are 1 to 40 letters, digits, '-' and '_'");
  }
  if (config.plan.live && config.plan.speed == 0) {
    return fail_usage("speed: found \"max\", but a live session goes by the clock: allowed is a "
                      "number, times real time");
  }
  config.plan.source = !config.data.empty()                  ? SourceKind::kFiles
                       : is_of_venues && config.plan.live ? SourceKind::kVenues
                                                             : SourceKind::kSynthetic;
  return config;
}

}  // namespace pinstripe
