// `record`: live markets to raw captures.
#include <csignal>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "feed/instrument_file.h"
#include "shm/run/machine_time.h"
#include "shm/run/process.h"
#include "tools/commands/live_instruments.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"
#include "tools/record/market_recorder.h"
#include "tools/rest/hub_options.h"
#include "tools/session/stage_configs.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kBytesPerMb = 1'000'000;

/// What to record, where it is reached, and how its books are kept.
struct RecordTarget {
  std::vector<std::string> ids;
  VenuesPlan venues;
  FeedConfig feed;
};

/// The config's instruments and its parts `live` and `feed`, so that what a session sees is
/// recorded; what the command line names comes before them.
Result<RecordTarget> target_of(const RecordOptions& options) {
  RecordTarget target;
  if (!options.config.empty()) {
    auto config = load_session_config(options.config, {});
    if (!config) return std::unexpected(config.error());
    if (config->plan.source != SourceKind::kVenues) {
      return fail_usage("'" + options.config + "' is no session on live markets: `record` needs "
                        "\"mode\": \"live\" and a part \"live\" in it, or --instruments in its "
                        "place");
    }
    target.ids = config->instruments;
    target.venues = config->plan.venues;
    auto feed = feed_config_of(config->plan);
    if (!feed) return fail_within("'" + options.config + "'", feed);
    target.feed = std::move(*feed);
  }
  if (!options.instruments.empty()) target.ids = options.instruments;
  if (!options.address.empty()) target.venues.address = options.address;
  if (!options.ca_file.empty()) target.venues.ca_file = options.ca_file;
  if (target.ids.empty()) {
    return fail_usage("nothing to record: name a session config, or instruments as in "
                      "--instruments BINANCE_USDM:BTCUSDT,OKX_SWAP:BTC-USDT-SWAP");
  }
  return target;
}

RecordPlan plan_of(const RecordOptions& options) {
  RecordPlan plan;
  plan.folder = options.out;
  plan.packing = options.compress == "zstd"   ? CapturePacking::kZstd
                 : options.compress == "none" ? CapturePacking::kNone
                                              : CapturePacking::kGzip;
  plan.rotate_bytes = options.rotate_mb * kBytesPerMb;
  plan.rotate_ns = static_cast<std::int64_t>(options.rotate_s) * kNsPerSecond;
  return plan;
}

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f MB",
                static_cast<double>(bytes) / static_cast<double>(kBytesPerMb));
  return text;
}

std::string text_of(const RecordCounts& c) {
  return shown_count(static_cast<std::int64_t>(c.frames)) + " frames, " + megabytes(c.bytes) +
         ", gaps " + shown_count(c.gaps) + ", bad lines " + shown_count(c.bad_lines) +
         ", connections live " + std::to_string(c.links_live) + " of " + std::to_string(c.links) +
         ", books valid " + std::to_string(c.books_valid) + " of " + std::to_string(c.books);
}

Json json_of(const MarketRecorder& recorder, const std::string& folder, std::int64_t ran_ns) {
  const RecordCounts c = recorder.counts();
  Json out{{"folder", folder},
           {"seconds", static_cast<double>(ran_ns) / static_cast<double>(kNsPerSecond)},
           {"frames", c.frames},
           {"bytes", c.bytes},
           {"text_bytes", recorder.files().text_bytes()},
           {"gaps", c.gaps},
           {"bad_lines", c.bad_lines},
           {"books", c.books},
           {"books_valid", c.books_valid},
           {"files", recorder.files().files()},
           {"definitions", folder + "/" + kInstrumentFileName}};
  out["sources"] = Json::array();
  for (const auto& [name, frames] : recorder.shown()) {
    out["sources"].push_back({{"name", name}, {"frames", frames}});
  }
  out["connections"] = Json::array();
  for (const LinkReport& l : recorder.links()) {
    out["connections"].push_back({{"name", l.name},
                                  {"state", kLinkStateNames[static_cast<std::size_t>(l.state)]},
                                  {"messages", l.counts.messages},
                                  {"opens", l.counts.opens}});
  }
  return out;
}

void say_end(const MarketRecorder& recorder, const std::string& folder) {
  std::printf("%s in %zu files below %s\n", text_of(recorder.counts()).c_str(),
              recorder.files().files().size(), folder.c_str());
  for (const std::string& file : recorder.files().files()) std::printf("  %s\n", file.c_str());
  std::printf("  %s/%s: the definitions of %zu instruments, which every verb takes from there\n",
              folder.c_str(), kInstrumentFileName, recorder.counts().books);
}

Result<void> record(const RecordOptions& options) {
  std::int64_t for_ns = 0;
  if (!options.duration.empty()) {
    auto duration = parse_duration(options.duration);
    if (!duration) return std::unexpected(duration.error());
    for_ns = *duration;
  }
  auto target = target_of(options);
  if (!target) return std::unexpected(target.error());
  auto instruments = look_up_live(target->ids, target->venues);
  if (!instruments) return std::unexpected(instruments.error());
  target->feed.instruments = std::move(*instruments);
  auto hub = hub_options_of(target->venues, target->feed.frame_bytes_max);
  if (!hub) return std::unexpected(hub.error());
  install_stop_signals();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is told as a full disk is
  auto recorder = MarketRecorder::open(std::move(target->feed), *hub, plan_of(options),
                                       target->venues.open_ns);
  if (!recorder) return std::unexpected(recorder.error());
  const std::int64_t began_ns = monotonic_ns();
  const auto ends = [&] {
    return stop_requested() || (for_ns > 0 && monotonic_ns() - began_ns >= for_ns);
  };
  auto ran = (*recorder)->run(ends, [](const RecordCounts& c) { say(text_of(c)); });
  if (!ran) {
    return fail(ran.error().message + " (" + text_of((*recorder)->counts()) + ")");
  }
  if (!options.json) {
    say_end(**recorder, options.out);
    return {};
  }
  std::printf("%s\n", json_of(**recorder, options.out, monotonic_ns() - began_ns).dump().c_str());
  return {};
}

}  // namespace

Exit run_record(const RecordOptions& options) {
  const auto recorded = record(options);
  return recorded ? Exit::kDone : report_error(recorded.error(), options.json);
}

}  // namespace pinstripe
