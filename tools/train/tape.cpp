#include "tools/train/tape.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "features/features_stage.h"
#include "features/registry.h"
#include "feed/feed_stage.h"
#include "feed/inspect.h"
#include "models/decision_clock.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

/// Bid and ask of a vector whose touch has both sides.
bool has_touch(const FeatureVector& v) {
  return v.context.bid_ticks.value > 0 && v.context.ask_ticks > v.context.bid_ticks;
}

/// Takes vectors and keeps rows: the models stage's part of the pipeline, with the same clock and
/// the same rule of when a vector is fit for a decision.
class Recorder {
 public:
  Recorder(Tape& tape, const TapeOptions& options)
      : tape_(tape), clock_(options.decision_interval_ns),
        wanted_(options.min_valid_share * static_cast<double>(kFeatureCount)) {}

  void take(const FeatureVector& v, double oracle_bps) {
    const TimeNs t = v.h.origin_ns;
    const bool valid = v.context.state == BookState::kValid && has_touch(v);
    const std::int64_t mid2 = v.context.bid_ticks.value + v.context.ask_ticks.value;
    if (tape_.from.value == 0) tape_.from = t;
    tape_.to = t;
    tape_.mids.add(t, mid2, valid);
    if (!clock_.due(t)) return;
    ++tape_.decisions;
    const int present = std::popcount(v.valid_mask);
    if (!valid || static_cast<double>(present) < wanted_) return;
    tape_.rows.push_back(row_of(v, t, mid2, oracle_bps));
    digest(tape_.rows.back(), mid2);
  }
  std::uint64_t digest_value() const { return hasher_.value(); }

 private:
  static TrainRow row_of(const FeatureVector& v, TimeNs t, std::int64_t mid2, double oracle_bps) {
    TrainRow row;
    row.t = t;
    row.oracle_bps = oracle_bps;
    const auto spread = static_cast<double>((v.context.ask_ticks - v.context.bid_ticks).value);
    row.half_spread_bps = static_cast<float>(1e4 * spread / static_cast<double>(mid2));
    for (std::size_t i = 0; i < kFeatureMax; ++i) {
      row.x[i] = v.valid(i) ? v.values[i] : std::numeric_limits<float>::quiet_NaN();
    }
    return row;
  }
  void digest(const TrainRow& row, std::int64_t mid2) {
    hasher_.add(static_cast<std::uint64_t>(row.t.value));
    hasher_.add(static_cast<std::uint64_t>(mid2));
    hasher_.bytes(row.x.data(), sizeof row.x);
  }

  Tape& tape_;
  DecisionClock clock_;
  double wanted_;
  Hasher hasher_;
};

/// Sink of the features stage: hands each vector to the recorder.
struct VectorSink {
  Recorder* recorder = nullptr;
  double oracle_bps = 0;
  FeatureVector slot{};
  MsgHeader header{};

  FeatureVector& claim(unsigned) noexcept {
    slot = FeatureVector{};
    slot.h = header;
    slot.h.type = MsgType::kFeatureVector;
    return slot;
  }
  void commit(unsigned) noexcept { recorder->take(slot, oracle_bps); }
};

/// Sink of the feed stage: what goes to the features ring goes straight into the features stage.
struct EventSink {
  FeaturesStage* features = nullptr;
  VectorSink* vectors = nullptr;
  MarketEvent slot{};
  TimeNs now;

  MarketEvent& claim(unsigned) noexcept {
    slot = MarketEvent{};
    slot.h.event_ns = now;
    slot.h.origin_ns = now;
    return slot;
  }
  void commit(unsigned port) noexcept {
    if (port != 0) return;
    vectors->header = slot.h;
    features->on_event(now, Input::message(&slot.h), *vectors);
  }
};

void turn(FeedStage& feed, TimeNs now, const FeedInput& in, EventSink& sink) {
  sink.now = now;
  feed.on_event(now, in, sink);
  while (feed.more()) feed.on_event(now, FeedInput::continued(), sink);
}

std::int64_t counter_of(const FeedStage& feed, const std::string& name) {
  const auto names = feed.counter_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return feed.counters()[i];
  }
  return 0;
}

/// `oracle` gives the best forecast at the frame that peek() shows.
template <class Oracle>
Result<Tape> drive(FrameSource& source, const Instrument& instrument, const TapeOptions& options,
                   Oracle oracle) {
  Tape tape;
  tape.instrument = instrument;
  tape.name = instrument.id;
  FeedConfig feed_config = options.feed;
  feed_config.instruments = {instrument};
  feed_config.on_bad_line = OnBadLine::kStop;
  FeaturesConfig features_config = options.features;
  features_config.instruments = {instrument};
  FeedStage feed(feed_config);
  FeaturesStage features(features_config);
  Recorder recorder(tape, options);
  VectorSink vectors;
  vectors.recorder = &recorder;
  EventSink events;
  events.features = &features;
  events.vectors = &vectors;
  while (const FeedFrame* frame = source.peek()) {
    while (feed.next_due() < frame->origin_ns) {
      turn(feed, feed.next_due(), FeedInput::timer(), events);
    }
    vectors.oracle_bps = oracle();
    turn(feed, frame->origin_ns, FeedInput::frame(*frame), events);
    if (feed.stopped()) {
      const auto files = source.files();
      const std::string file = frame->file < files.size() ? files[frame->file] : instrument.id;
      return fail(file + ":" + std::to_string(frame->line) +
                  ": this line cannot be used; repair or cut the file, a model is never fitted on "
                  "what could not be read");
    }
    source.pop();
  }
  if (auto error = source.error()) return std::unexpected(*error);
  tape.events = counter_of(feed, "events");
  tape.digest = recorder.digest_value();
  return tape;
}

/// "2024-07-18" of an instant (Gregorian, after Hinnant's civil_from_days).
std::string date_of(TimeNs t) {
  const std::int64_t z = t.value / (86'400 * kNsPerSecond) + 719'468;
  const std::int64_t era = z / 146'097;
  const std::int64_t doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t day = doy - (153 * mp + 2) / 5 + 1;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  const auto two = [](std::int64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
  return std::to_string(year) + "-" + two(month) + "-" + two(day);
}

}  // namespace

Result<Tape> build_tape(FrameSource& source, const Instrument& instrument,
                        const TapeOptions& options) {
  return drive(source, instrument, options, [] { return 0.0; });
}

Result<std::vector<Tape>> build_recorded_tapes(const std::vector<std::string>& files,
                                               std::int64_t base_feed_latency_ns,
                                               const TapeOptions& options) {
  InspectOptions inspect;
  inspect.base_feed_latency_ns = base_feed_latency_ns;
  auto info = inspect_captures(files, inspect);
  if (!info) return fail_within("cannot train on the data", info);
  std::vector<Tape> tapes;
  for (const CaptureStream& stream : info->streams) {
    const Instrument& instrument = info->instruments[stream.instrument];
    CaptureStream alone = stream;
    alone.instrument = 0;
    auto source = open_captures({alone});
    if (!source) return fail_within("cannot train on the data", source);
    auto tape = build_tape(**source, instrument, options);
    if (!tape) return fail_within("cannot train on the data", tape);
    tape->name = instrument.id + " " + date_of(tape->from);
    tapes.push_back(std::move(*tape));
  }
  return tapes;
}

Result<Tape> build_synthetic_tape(const SyntheticConfig& config, const TapeOptions& options,
                                  std::int64_t oracle_horizon_ns) {
  SyntheticSource source(config);
  auto tape = drive(source, synthetic_instrument(), options, [&] {
    return oracle_edge_bps(config, source.truth().pressure, oracle_horizon_ns);
  });
  if (tape) {
    tape->name = "SYNTHETIC:PINUSD seed " + std::to_string(config.seed);
    tape->has_oracle = true;
  }
  return tape;
}

}  // namespace pinstripe
