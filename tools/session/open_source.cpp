#include "tools/session/open_source.h"

#include <algorithm>

#include "feed/feed_config_json.h"
#include "feed/played_source.h"
#include "shm/base/hash.h"
#include "shm/run/config_node.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {

Result<SyntheticConfig> synthetic_config_of(const SessionPlan& plan, std::uint16_t instrument) {
  auto node = ConfigNode::parse(plan.synthetic_json, "market");
  if (!node) return std::unexpected(node.error());
  SyntheticConfig c = read_synthetic_config(*node);
  if (auto finished = node->finish(); !finished) return std::unexpected(finished.error());
  // The first instrument has the configured seed itself; others draw theirs from it.
  if (instrument > 0) c.seed = random_draw(c.seed, instrument, 0, 0);
  c.instrument = instrument;
  if (plan.for_ns > 0) {
    c.duration_ns = plan.for_ns + std::max<std::int64_t>(plan.from_ns - c.start_ns.value, 0);
  }
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

/// The frames of `inner` from event time `from` on and before `to`.
class WindowSource : public FrameSource {
 public:
  WindowSource(std::unique_ptr<FrameSource> inner, TimeNs from, TimeNs to)
      : inner_(std::move(inner)), to_(to) {
    for (const FeedFrame* f = inner_->peek(); f != nullptr && f->origin_ns < from;
         f = inner_->peek()) {
      inner_->pop();
    }
  }
  const FeedFrame* peek() override {
    const FeedFrame* f = inner_->peek();
    return f != nullptr && f->origin_ns < to_ ? f : nullptr;
  }
  void pop() override { inner_->pop(); }
  std::optional<Error> error() const override { return inner_->error(); }
  std::int64_t backward_times() const noexcept override { return inner_->backward_times(); }
  std::span<const std::string> files() const noexcept override { return inner_->files(); }
  bool seekable() const noexcept override { return inner_->seekable(); }
  FeedPosition position() const noexcept override { return inner_->position(); }
  void save(StateWriter& w) const noexcept override { inner_->save(w); }
  Result<void> load(StateReader& r) override { return inner_->load(r); }

 private:
  std::unique_ptr<FrameSource> inner_;
  TimeNs to_;
};

/// What of `source` the plan trades, before event time `to` (0: the plan says no end).
std::unique_ptr<FrameSource> cut_source(const SessionPlan& plan,
                                        std::unique_ptr<FrameSource> source, std::int64_t to) {
  if (to == 0) to = INT64_MAX;
  if (plan.from_ns > 0 || to != INT64_MAX) {
    source = std::make_unique<WindowSource>(std::move(source), TimeNs(plan.from_ns), TimeNs(to));
  }
  return limit_source(std::move(source), plan.events_max, 0);
}

Result<std::unique_ptr<FrameSource>> open_synthetic(const SessionPlan& plan, std::uint16_t lane) {
  std::vector<std::unique_ptr<FrameSource>> markets;
  for (const std::uint16_t instrument : plan.lanes[lane].instruments) {
    auto config = synthetic_config_of(plan, instrument);
    if (!config) return std::unexpected(config.error());
    markets.push_back(std::make_unique<SyntheticSource>(*config));
  }
  std::unique_ptr<FrameSource> all =
      markets.size() == 1 ? std::move(markets.front()) : merge_sources(std::move(markets));
  // --for is the markets' own duration.
  return cut_source(plan, std::move(all), plan.to_ns);
}

CaptureFormat format_of(const std::string& name) {
  const auto at = std::ranges::find(kCaptureFormatNames, name);
  return at == kCaptureFormatNames.end()
             ? CaptureFormat::kBinanceRaw
             : static_cast<CaptureFormat>(at - kCaptureFormatNames.begin());
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_source(const SessionPlan& plan, std::uint16_t lane) {
  if (plan.source == SourceKind::kSynthetic) return open_synthetic(plan, lane);
  std::vector<CaptureStream> streams;
  for (const StreamPlan& s : plan.streams) {
    if (s.lane != lane) continue;
    CaptureStream stream;
    stream.instrument = s.instrument;
    stream.format = format_of(s.files.front().format);
    stream.clock_offset_ns = s.clock_offset_ns;
    for (const FilePlan& f : s.files) {
      stream.files.push_back(f.path);
      if (f.symbol.empty()) continue;
      stream.selects.push_back({f.symbol, f.connections, static_cast<RestOfLines>(f.rest)});
    }
    streams.push_back(std::move(stream));
  }
  auto source = open_captures(streams);
  if (!source) return source;
  // Every lane ends at the same moment: --for counts from the session's first event.
  std::int64_t to = plan.to_ns;
  if (plan.for_ns > 0) {
    const std::int64_t end = plan.traded_from_ns + plan.for_ns;
    to = to == 0 ? end : std::min(to, end);
  }
  return cut_source(plan, std::move(*source), to);
}

Result<std::unique_ptr<LiveFrameSource>> open_played_source(const SessionPlan& plan,
                                                          std::uint16_t lane,
                                                          const SessionClock& clock) {
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(config.error());
  auto inner = open_source(plan, lane);
  if (!inner) return std::unexpected(inner.error());
  return std::make_unique<PlayedSource>(std::move(*inner), plan.speed,
                                        [clock] { return clock.session_time(); },
                                        config->frame_bytes_max);
}

}  // namespace pinstripe
