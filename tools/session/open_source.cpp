#include "tools/session/open_source.h"

#include <algorithm>

#include "feed/feed_config_json.h"
#include "shm/base/hash.h"
#include "shm/run/config_node.h"

namespace pinstripe {

Result<SyntheticConfig> synthetic_config_of(const SessionPlan& plan, std::uint16_t instrument) {
  auto node = ConfigNode::parse(plan.synthetic_json, "market");
  if (!node) return std::unexpected(node.error());
  SyntheticConfig c = read_synthetic_config(*node);
  if (auto finished = node->finish(); !finished) return std::unexpected(finished.error());
  // The first instrument has the configured seed itself; others draw theirs from it.
  if (instrument > 0) c.seed = random_draw(c.seed, instrument, 0, 0);
  c.instrument = instrument;
  if (plan.for_ns > 0) c.duration_ns = plan.for_ns;
  c.feed_delay_ns = plan.base_feed_latency_ns;
  return c;
}

Instrument synthetic_instrument_named(const std::string& id) {
  Instrument i = synthetic_instrument();
  if (id.empty() || id == i.id) return i;
  const std::string symbol = id.substr(id.find(':') + 1);
  i.id = id;
  i.symbol = symbol;
  i.base = symbol.size() > 3 &&
      symbol.ends_with("USD") ? symbol.substr(0, symbol.size() - 3) : symbol;
  return i;
}

namespace {

Result<std::unique_ptr<FrameSource>> open_synthetic(const SessionPlan& plan, std::uint16_t lane) {
  std::vector<std::unique_ptr<FrameSource>> markets;
  for (const std::uint16_t instrument : plan.lanes[lane].instruments) {
    auto config = synthetic_config_of(plan, instrument);
    if (!config) return std::unexpected(config.error());
    markets.push_back(std::make_unique<SyntheticSource>(*config));
  }
  std::unique_ptr<FrameSource> all =
      markets.size() == 1 ? std::move(markets.front()) : merge_sources(std::move(markets));
  return limit_source(std::move(all), plan.events_max, 0);
}

CaptureFormat format_of(const std::string& name) {
  if (name == "tardis_book") return CaptureFormat::kTardisBook;
  if (name == "tardis_trades") return CaptureFormat::kTardisTrades;
  return CaptureFormat::kBinanceRaw;
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_source(const SessionPlan& plan, std::uint16_t lane) {
  if (plan.source == SourceKind::kSynthetic) return open_synthetic(plan, lane);
  std::vector<CaptureStream> streams;
  std::int64_t first_ns = INT64_MAX;
  for (const StreamPlan& s : plan.streams) {
    if (s.lane != lane) continue;
    CaptureStream stream;
    stream.instrument = s.instrument;
    stream.format = format_of(s.files.front().format);
    stream.clock_offset_ns = s.clock_offset_ns;
    for (const FilePlan& f : s.files) stream.files.push_back(f.path);
    first_ns = std::min(first_ns, s.files.front().first_ns - s.clock_offset_ns);
    streams.push_back(std::move(stream));
  }
  auto source = open_captures(streams);
  if (!source) return source;
  // Every lane ends at the same moment: --for counts from the session's first event.
  const std::int64_t span =
      plan.for_ns == 0 ? 0 : std::max<std::int64_t>(plan.traded_from_ns + plan.for_ns - first_ns,
          1);
  return limit_source(std::move(*source), plan.events_max, span);
}

}  // namespace pinstripe
