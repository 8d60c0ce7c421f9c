#include "tools/session/prepare.h"

#include <set>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include <nlohmann/json.hpp>

#include "feed/inspect.h"
#include "feed/instrument_file.h"
#include "feed/instrument_finder.h"
#include "feed/instrument_table.h"
#include "feed/live/market_rules.h"
#include "shm/run/machine_time.h"
#include "tools/session/delay_window.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/time_text.h"

namespace pinstripe {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {
constexpr std::int64_t kYearNs = std::int64_t{365} * 86'400 * kNsPerSecond;
}

std::string cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/pinstripe";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.cache/pinstripe";
}

namespace {

using Offsets = std::vector<std::pair<std::string, std::int64_t>>;

/// Offsets from a file that `up` kept in the cache folder, or from a session's resolved config.
Result<Offsets> offsets_from_json(const std::string& text, const std::string& file) {
  try {
    const Json j = Json::parse(text);
    Offsets offsets;
    if (j.contains("clock_offsets")) {
      for (const Json& o : j.at("clock_offsets")) {
        offsets.emplace_back(o.at("instrument"), o.at("offset_ns"));
      }
      return offsets;
    }
    for (const Json& s : j.at("streams")) {
      const auto index = s.at("instrument").get<std::size_t>();
      offsets.emplace_back(j.at("instruments").at(index).at("id"), s.at("clock_offset_ns"));
    }
    return offsets;
  } catch (const std::exception& e) {
    return fail_usage("--clock-offset '" + file + "' holds no clock offsets: " + e.what() +
                      "; give the file that 'up' names, a session's config.json, or the "
                      "uncut data file");
  }
}

/// `--clock-offset FILE`: kept offsets, or the uncut data file itself.
Result<Offsets> read_clock_offsets(const std::string& file, std::int64_t base_feed_latency_ns) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail_usage("--clock-offset: cannot open '" + file + "'");
  if (in.peek() == '{') {
    std::stringstream text;
    text << in.rdbuf();
    return offsets_from_json(text.str(), file);
  }
  InspectOptions options;
  options.base_feed_latency_ns = base_feed_latency_ns;
  auto info = inspect_captures({file}, options);
  if (!info) return fail_within("--clock-offset", info);
  Offsets offsets;
  for (const CaptureStream& s : info->streams) {
    offsets.emplace_back(info->instruments[s.instrument].id, s.clock_offset_ns);
  }
  return offsets;
}

/// Keeps the offsets for cut files of the same data; a cache that cannot be written is no error.
std::string keep_clock_offsets(const SessionPlan& plan) {
  std::error_code ignored;
  const std::string folder = cache_folder() + "/clock";
  fs::create_directories(folder, ignored);
  char name[32];
  std::snprintf(name, sizeof(name), "%016llx.json",
                static_cast<unsigned long long>(plan.data_digest));
  Json offsets = Json::array();
  for (const StreamPlan& s : plan.streams) {
    offsets.push_back({{"instrument", plan.instruments[s.instrument].id},
                       {"offset_ns", s.clock_offset_ns},
                       {"first_file", s.files.front().path}});
  }
  const std::string path = folder + "/" + name;
  std::ofstream out(path);
  out << Json{{"clock_offsets", offsets}}.dump(1) << "\n";
  return out.good() ? path : "";
}

Result<void> apply_fees(const SessionConfig& config, Instrument& i) {
  const auto market = static_cast<std::size_t>(i.market);
  const SessionConfig::Fees& fees = config.fees[market];
  i.maker_fee_e8 = fees.maker_e8.value_or(i.maker_fee_e8);
  i.taker_fee_e8 = fees.taker_e8.value_or(i.taker_fee_e8);
  if (i.maker_fee_e8 + i.taker_fee_e8 >= 0) return {};
  return fail_usage("fees." + std::string(kMarketNames[market]) + ": the maker's rebate of " +
                    i.id + " exceeds the taker's fee; who traded with himself would earn");
}

/// Index of an instrument of the data in the plan; a single unnamed lane takes whatever comes.
Result<std::uint16_t> place_instrument(const SessionConfig& config, SessionPlan& plan,
                                       const Instrument& found) {
  for (std::size_t i = 0; i < plan.instruments.size(); ++i) {
    if (plan.instruments[i].id == found.id) return static_cast<std::uint16_t>(i);
  }
  if (!config.instruments.empty()) {
    std::string allowed;
    for (const std::string& id : config.instruments) allowed += (allowed.empty() ? "" : ", ") + id;
    return fail_usage("the data hold " + found.id + ", but the config names only " + allowed +
                      "; add it to 'instruments' (or a lane) or leave its file out");
  }
  const auto index = static_cast<std::uint16_t>(plan.instruments.size());
  plan.instruments.push_back(found);
  plan.lanes.front().instruments.push_back(index);
  return index;
}

StreamPlan stream_plan(const CaptureStream& stream, const CaptureInfo& info) {
  StreamPlan s;
  s.clock_offset_ns = stream.clock_offset_ns;
  for (std::size_t i = 0; i < stream.files.size(); ++i) {
    const std::string& path = stream.files[i];
    FilePlan f;
    f.path = path;
    f.format = kCaptureFormatNames[static_cast<std::size_t>(stream.format)];
    std::error_code ignored;
    f.size_bytes = fs::file_size(path, ignored);
    for (const CaptureFileInfo& found : info.files) {
      if (found.path != path || found.instrument.id != info.instruments[stream.instrument].id) {
        continue;
      }
      f.first_ns = found.first_receive_ns;
      f.last_ns = found.last_receive_ns;
      f.lines = static_cast<std::uint64_t>(found.frames);
    }
    if (!stream.selects.empty()) {
      f.symbol = stream.selects[i].symbol;
      f.connections = stream.selects[i].connections;
      f.rest = static_cast<std::uint32_t>(stream.selects[i].rest);
    }
    s.files.push_back(std::move(f));
  }
  return s;
}

/// The same file twice would be traded twice.
Result<void> refuse_repeated_files(const std::vector<std::string>& files) {
  std::set<std::string> seen;
  for (const std::string& file : files) {
    std::error_code ignored;
    if (!seen.insert(fs::weakly_canonical(file, ignored).string()).second) {
      return fail_usage("'" + file + "' is given twice; leave one out");
    }
  }
  return {};
}

/// The config's instruments, by the definitions that lie beside the data or ship; notes whose they
/// are, and what is left out.
Result<void> name_instruments(const SessionConfig& config, const CaptureInfo& info,
                              SessionPlan& plan) {
  if (!info.left_out.empty() && config.instruments.empty()) {
    std::string list;
    for (const std::string& id : info.left_out) list += (list.empty() ? "" : ", ") + id;
    plan.notes.push_back("the data also hold " + list + ", which are not traded: they are defined "
                         "neither in " + kInstrumentFileName + " beside the data nor in "
                         "feed/instruments/");
  }
  for (const std::string& file : info.definition_files) {
    plan.notes.push_back("instruments as '" + file + "' defines them");
  }
  for (const std::string& id : config.instruments) {
    // An instrument without data has its definition all the same.
    const auto held = std::ranges::find(info.instruments, id, &Instrument::id);
    auto instrument = held != info.instruments.end()
                          ? Result<Instrument>(*held)
                          : find_defined(id, info.defined, info.definition_files);
    if (!instrument) return fail_within("instruments", instrument);
    plan.instruments.push_back(std::move(*instrument));
  }
  return {};
}

Result<void> prepare_files(const SessionConfig& config, SessionPlan& plan) {
  if (auto once = refuse_repeated_files(config.data); !once) return once;
  InspectOptions options;
  options.base_feed_latency_ns = plan.base_feed_latency_ns;
  if (!config.clock_offset_file.empty()) {
    auto offsets = read_clock_offsets(config.clock_offset_file, plan.base_feed_latency_ns);
    if (!offsets) return std::unexpected(offsets.error());
    options.clock_offsets = std::move(*offsets);
  }
  if (config.instruments.size() == 1) {
    const std::string& id = config.instruments.front();
    options.market = id.substr(0, id.find(':'));
    options.symbol = id.substr(std::min(id.size(), id.find(':') + 1));
  }
  options.instruments = config.instruments;
  auto info = inspect_captures(config.data, options);
  if (!info) return std::unexpected(info.error());
  if (auto named = name_instruments(config, *info, plan); !named) return named;
  for (const CaptureStream& stream : info->streams) {
    StreamPlan s = stream_plan(stream, *info);
    auto index = place_instrument(config, plan, info->instruments[stream.instrument]);
    if (!index) return std::unexpected(index.error());
    s.instrument = *index;
    s.lane = plan.lane_of(*index);
    plan.streams.push_back(std::move(s));
  }
  for (const CaptureFileInfo& f : info->files) {
    if (f.backward_times == 0) continue;
    plan.warnings.push_back(f.path + ":" + std::to_string(f.backward_line) +
                            ": the receive time runs backwards (" +
                            std::to_string(f.backward_times) + " lines in all); such lines count " +
                            "as received with the newest line before them");
  }
  plan.data_digest = info->data_digest;
  plan.traded_from_ns = info->first_origin_ns;
  plan.traded_to_ns = info->last_origin_ns;
  const std::string kept = keep_clock_offsets(plan);
  if (!kept.empty()) plan.notes.push_back("clock offsets kept in " + kept);
  return {};
}

Result<void> prepare_synthetic(const SessionConfig& config, SessionPlan& plan) {
  std::vector<std::string> ids = config.instruments;
  if (ids.empty()) {
    ids.push_back(synthetic_instrument_named("").id);
    plan.lanes.front().instruments.push_back(0);
  }
  for (const std::string& id : ids) {
    if (!id.starts_with("SYNTHETIC:")) {
      return fail_usage("instruments: found '" + id + "', but without recorded data (--data) only "
                        "the synthetic market trades, as in SYNTHETIC:PINUSD");
    }
    plan.instruments.push_back(synthetic_instrument_named(id));
  }
  auto market = synthetic_config_of(plan, 0);
  if (!market) return fail_within("market", market);
  plan.traded_from_ns = market->start_ns.value;
  plan.traded_to_ns = market->start_ns.value +
                      (market->duration_ns > 0 ? market->duration_ns : 3600 * kNsPerSecond);
  Hasher h(market->seed);
  h.text(plan.synthetic_json);
  plan.data_digest = h.value();
  return {};
}

/// Live markets: what is traded must be named, and every venue be one that can be listened to.
Result<void> prepare_venues(const SessionConfig& config, SessionPlan& plan,
                            const InstrumentLookup& look_up) {
  if (config.instruments.empty()) {
    return fail_usage("instruments: found none, but a session on live markets trades what is named "
                      "there, as in \"BINANCE_USDM:BTCUSDT\"");
  }
  for (const std::string& id : config.instruments) {
    if (market_rules(id.substr(0, id.find(':'))) != nullptr) continue;
    return fail_usage("instruments: found '" + id + "', but live markets are listened to on " +
                      live_venue_names() + " only");
  }
  auto found = look_up(config.instruments, plan.venues);
  if (!found) return fail_within("instruments", found);
  plan.instruments = std::move(*found);
  std::vector<std::uint16_t> all(plan.instruments.size());
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  if (auto planned = plan_connections(plan.instruments, all, plan.venues.candles);
      !planned) {
    return fail_within("instruments", planned);
  }
  plan.traded_from_ns = realtime_ns();
  plan.traded_to_ns = plan.traded_from_ns + (plan.for_ns > 0 ? plan.for_ns : kYearNs);
  return {};
}

std::string beside(const std::string& directory, const std::string& file) {
  return (fs::path(directory) / file).lexically_normal().string();
}

/// Relative paths in a stage's part start at the config file's folder.
void absolute_paths(const SessionConfig& config, SessionPlan& plan) {
  Json models = Json::parse(plan.stage_json[index_of(StageKind::kModels)]);
  if (models.contains("members")) {
    for (Json& member : models["members"]) {
      if (member.contains("file")) member["file"] = beside(config.directory, member["file"]);
      if (!member.contains("folds")) continue;
      for (Json& fold : member["folds"]) fold = beside(config.directory, fold);
    }
  }
  plan.stage_json[index_of(StageKind::kModels)] = models.dump();
  Json exec = Json::parse(plan.stage_json[index_of(StageKind::kExec)]);
  if (exec.contains("funding")) {
    Json& funding = exec["funding"];
    if (funding.is_string()) funding = beside(config.directory, funding);
    if (funding.is_object()) {
      for (auto& [id, file] : funding.items()) file = beside(config.directory, file);
    }
  }
  if (exec.contains("margin") && exec["margin"].contains("tiers")) {
    Json& tiers = exec["margin"]["tiers"];
    tiers = beside(config.directory, tiers);
  }
  plan.stage_json[index_of(StageKind::kExec)] = exec.dump();
}

/// Fixes the chosen folds.
void choose_models(SessionPlan& plan, const ModelsConfig& config) {
  Json models = Json::parse(plan.stage_json[index_of(StageKind::kModels)]);
  for (std::size_t i = 0; i < config.members.size(); ++i) {
    const MemberConfig& member = config.members[i];
    plan.in_sample = plan.in_sample || member.in_sample;
    if (!member.model.beats_baseline) {
      plan.warnings.push_back("model '" + member.model.name +
                              "' does not beat the baselines (beats_baseline: false)");
    }
    if (!models.contains("members")) continue;
    Json& written = models["members"][i];
    written.erase("file");
    written["folds"] = Json::array({member.model.source});
  }
  plan.stage_json[index_of(StageKind::kModels)] = models.dump();
  if (plan.in_sample) {
    plan.warnings.push_back("in-sample: a model was trained on the traded time; results flatter");
  }
}

/// Cuts the traded time to --from and --to.
Result<void> apply_window(SessionPlan& plan) {
  if (plan.from_ns == 0 && plan.to_ns == 0) return {};
  const std::int64_t from = std::max(plan.from_ns, plan.traded_from_ns);
  const std::int64_t to = plan.to_ns == 0 ? plan.traded_to_ns
                                          : std::min(plan.to_ns, plan.traded_to_ns);
  if (from >= to) {
    return fail_usage("--from " + (plan.from_ns == 0 ? "(the start)" : shown_time(plan.from_ns)) +
                      " --to " + (plan.to_ns == 0 ? "(the end)" : shown_time(plan.to_ns)) +
                      " leave nothing: the data reach from " + shown_time(plan.traded_from_ns) +
                      " to " + shown_time(plan.traded_to_ns));
  }
  plan.traded_from_ns = from;
  plan.traded_to_ns = to;
  plan.notes.push_back("only " + shown_time(from) + " to " + shown_time(to) +
                       "; books, features and models warm up from there");
  return {};
}

}  // namespace

Result<std::vector<Instrument>> look_up_shipped(std::span<const std::string> ids,
                                                const VenuesPlan&) {
  std::vector<Instrument> found;
  for (const std::string& id : ids) {
    auto instrument = find_instrument(id);
    if (!instrument) return std::unexpected(instrument.error());
    found.push_back(std::move(*instrument));
  }
  return found;
}

Result<SessionPlan> prepare_plan(const SessionConfig& config, const InstrumentLookup& look_up) {
  SessionPlan plan = config.plan;
  absolute_paths(config, plan);
  auto data = plan.source == SourceKind::kFiles    ? prepare_files(config, plan)
              : plan.source == SourceKind::kVenues ? prepare_venues(config, plan, look_up)
                                                   : prepare_synthetic(config, plan);
  if (!data) return std::unexpected(data.error());
  if (auto cut = apply_window(plan); !cut) return std::unexpected(cut.error());
  if (plan.for_ns > 0) {
    plan.traded_to_ns = std::min(plan.traded_to_ns, plan.traded_from_ns + plan.for_ns);
  }
  for (std::size_t lane = 0; lane < plan.lanes.size(); ++lane) {
    const bool fed = plan.source != SourceKind::kFiles ||
                     std::any_of(plan.streams.begin(), plan.streams.end(),
                                 [&](const StreamPlan& s) { return s.lane == lane; });
    if (!fed) return fail_usage("lane '" + plan.lanes[lane].name + "' has no data file");
  }
  for (Instrument& i : plan.instruments) {
    if (auto applied = apply_fees(config, i); !applied) return std::unexpected(applied.error());
  }
  // Every model is loaded once, so that what is wrong with one is said now.
  auto models = models_config_of(plan);
  if (!models) return fail_within("models", models);
  choose_models(plan, *models);
  if (auto window = check_delay_window(plan, models->decision_interval_ns); !window) {
    return std::unexpected(window.error());
  }
  if (auto exec = exec_config_of(plan); !exec) return std::unexpected(exec.error());
  return plan;
}

Result<void> verify_data(const SessionPlan& plan) {
  if (plan.source != SourceKind::kFiles) return {};
  std::vector<std::string> files;
  for (const StreamPlan& s : plan.streams) {
    for (const FilePlan& f : s.files) {
      if (std::ranges::find(files, f.path) == files.end()) files.push_back(f.path);
    }
  }
  InspectOptions options;
  options.base_feed_latency_ns = plan.base_feed_latency_ns;
  options.definitions = plan.instruments;
  // The digest is over what is traded; a recording may hold more that is known.
  for (const Instrument& i : plan.instruments) options.instruments.push_back(i.id);
  if (plan.instruments.size() == 1) {
    const std::string& id = plan.instruments.front().id;
    options.market = id.substr(0, id.find(':'));
    options.symbol = plan.instruments.front().symbol;
  }
  auto info = inspect_captures(files, options);
  if (!info) return fail_within("recorded data", info);
  if (info->data_digest == plan.data_digest) return {};
  return fail("the recorded data are not those of the session: one of the files '" +
              files.front() + "'" + (files.size() > 1 ? " ..." : "") +
              " was changed since; put the session's own files there again");
}

}  // namespace pinstripe
