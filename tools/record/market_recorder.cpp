#include "tools/record/market_recorder.h"

#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "feed/instrument_file.h"
#include "shm/run/steady_time.h"

namespace pinstripe {
namespace {

constexpr unsigned kIdleUs = 200;  // the kernel stamps what comes meanwhile

/// Takes what the stage publishes.
struct NoReader {
  MarketEvent event;
  MarketEvent& claim(unsigned) noexcept { return event; }
  void commit(unsigned) noexcept {}
};

}  // namespace

MarketRecorder::MarketRecorder(FeedConfig config)
    : config_(std::move(config)), stage_(config_), counter_names_(stage_.counter_names()) {}

Result<std::unique_ptr<MarketRecorder>> MarketRecorder::open(FeedConfig config,
                                                             const HubOptions& options,
                                                             const RecordPlan& plan,
                                                             std::int64_t open_ns) {
  // A session may stop at a frame that does not decode; a recording of it is kept all the more.
  config.on_bad_line = OnBadLine::kSkip;
  config.warms_up = false;
  std::unique_ptr<MarketRecorder> recorder(new MarketRecorder(std::move(config)));
  const std::vector<Instrument>& instruments = recorder->config_.instruments;
  const std::string definitions = plan.folder + "/" + kInstrumentFileName;
  if (auto fits = check_instrument_file(definitions, instruments); !fits) {
    return std::unexpected(fits.error());
  }
  std::vector<std::uint16_t> all(instruments.size());
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  auto hub = MarketHub::open(instruments, all, options);
  if (!hub) return std::unexpected(hub.error());
  recorder->hub_ = std::move(*hub);
  if (auto opened = recorder->hub_->await_open(open_ns); !opened) {
    return std::unexpected(opened.error());
  }
  RecordPlan whole = plan;
  whole.candles = options.candles;
  auto files = FrameFiles::open(instruments, whole, realtime_ns());
  if (!files) return std::unexpected(files.error());
  recorder->files_ = std::move(*files);
  if (auto kept = add_to_instrument_file(definitions, instruments); !kept) {
    return std::unexpected(kept.error());
  }
  recorder->shown_.assign(recorder->hub_->names().size(), 0);
  FeedStage& stage = recorder->stage_;
  recorder->hub_->set_needs([&stage](std::uint16_t i) { return need_of(stage.book_state(i)); });
  recorder->hub_->set_refused([&stage] { return stage.refused(); });
  recorder->hub_->begin();
  return recorder;
}

/// One frame, or what time asks for where there is none. Whether there was a frame.
Result<bool> MarketRecorder::step(std::int64_t now_ns) {
  NoReader nobody;
  const TimeNs now(now_ns);
  const FeedFrame* const frame = hub_->next();
  Result<void> added;
  if (frame != nullptr) {
    ++shown_[frame->file];
    added = files_->add(*frame, hub_->names()[frame->file]);
    // The file has the kernel's stamp; to the stage it comes now, whatever steps that clock made.
    FeedFrame seen = *frame;
    seen.origin_ns = now;
    stage_.on_event(now, FeedInput::frame(seen), nobody);
  } else if (stage_.next_due() <= now) {
    stage_.on_event(now, FeedInput::timer(), nobody);
  }
  while (stage_.more()) stage_.on_event(now, FeedInput::continued(), nobody);
  if (frame != nullptr) hub_->pop();
  if (!added) return std::unexpected(added.error());
  return frame != nullptr;
}

Result<void> MarketRecorder::listen(
    const std::function<bool()>& ends,
    const std::function<void(const RecordCounts&)>& each_second) {
  std::int64_t told_ns = steady_realtime_ns();
  while (!ends()) {
    const std::int64_t now_ns = steady_realtime_ns();
    auto came = step(now_ns);
    if (!came) return std::unexpected(came.error());
    if (auto flushed = files_->flush_due(now_ns); !flushed) return flushed;
    if (now_ns - told_ns >= kNsPerSecond) {
      told_ns = now_ns;
      each_second(counts());
    }
    if (!*came) ::usleep(kIdleUs);
  }
  return {};
}

Result<void> MarketRecorder::run(const std::function<bool()>& ends,
                                 const std::function<void(const RecordCounts&)>& each_second) {
  auto listened = listen(ends, each_second);
  // Where one file found no room, another may have some.
  auto flushed = files_->flush_all();
  return listened ? flushed : listened;
}

std::int64_t MarketRecorder::counter(std::string_view name) const {
  const auto at = std::ranges::find(counter_names_, name);
  return at == counter_names_.end()
             ? 0
             : stage_.counters()[static_cast<std::size_t>(at - counter_names_.begin())];
}

RecordCounts MarketRecorder::counts() const {
  RecordCounts c;
  c.frames = files_->frames();
  c.bytes = files_->bytes();
  c.gaps = counter("gaps");
  c.bad_lines = counter("bad_lines");
  for (const LinkReport& l : hub_->links()) {
    ++c.links;
    c.links_live += l.state == LinkState::kLive ? 1u : 0u;
  }
  c.books = config_.instruments.size();
  for (std::size_t i = 0; i < c.books; ++i) {
    const BookState state = stage_.book_state(static_cast<std::uint16_t>(i));
    c.books_valid += state == BookState::kValid ? 1u : 0u;
  }
  return c;
}

std::vector<std::pair<std::string, std::uint64_t>> MarketRecorder::shown() const {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (std::size_t i = 0; i < shown_.size(); ++i) all.emplace_back(hub_->names()[i], shown_[i]);
  return all;
}

}  // namespace pinstripe
