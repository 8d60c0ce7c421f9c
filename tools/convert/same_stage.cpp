#include "tools/convert/same_stage.h"

#include <array>
#include <memory>

#include "feed/feed_stage.h"

namespace pinstripe {
namespace {

/// Hashes what a stage publishes; counts it.
class HashSink {
 public:
  MarketEvent& claim(unsigned port) noexcept {
    event_ = MarketEvent{};
    hash_.add(port);
    return event_;
  }
  void commit(unsigned) noexcept { hash_.bytes(&event_, sizeof(event_)); }
  std::uint64_t value() const noexcept { return hash_.value(); }

 private:
  MarketEvent event_;
  Hasher hash_;
};

/// A stage over a source, driven as the runner does: timers that are due first, then the frame.
class FedStage {
 public:
  FedStage(const FeedConfig& config, std::unique_ptr<FrameSource> source)
      : stage_(config), source_(std::move(source)) {}

  const FeedFrame* peek() { return source_->peek(); }
  std::optional<Error> error() const { return source_->error(); }
  std::int64_t backward_times() const { return source_->backward_times(); }
  std::uint64_t published() const noexcept { return sink_.value(); }
  std::uint64_t state_hash() const noexcept { return stage_.state_hash(); }
  void step() {
    const FeedFrame& frame = *source_->peek();
    while (stage_.next_due() < frame.origin_ns) {
      now_ = std::max(now_, stage_.next_due());
      turn(FeedInput::timer());
    }
    now_ = std::max(now_, frame.origin_ns);
    turn(FeedInput::frame(frame));
    source_->pop();
  }

 private:
  void turn(const FeedInput& in) {
    stage_.on_event(now_, in, sink_);
    while (stage_.more()) stage_.on_event(now_, FeedInput::continued(), sink_);
  }

  FeedStage stage_;
  std::unique_ptr<FrameSource> source_;
  HashSink sink_;
  TimeNs now_{TimeNs::min()};
};

Result<std::unique_ptr<FedStage>> open_fed(const CaptureInfo& info, const std::string& path) {
  FeedConfig config;
  config.instruments = info.instruments;
  CaptureStream stream = info.streams.front();
  stream.files = {path};
  auto source = open_captures({stream});
  if (!source) return std::unexpected(source.error());
  return std::make_unique<FedStage>(config, std::move(*source));
}

std::unexpected<Error> differ(const std::string& text, std::uint64_t line, const char* what) {
  return fail("'" + text + "' line " + std::to_string(line) + ": " + what +
              " differs between the text and the binary capture made of it; this is a fault of the "
              "program, keep to the text");
}

}  // namespace

Result<void> check_same_stage(const CaptureInfo& info, const std::string& binary) {
  const std::string& path = info.files.front().path;
  const auto text = open_fed(info, path);
  if (!text) return std::unexpected(text.error());
  const auto made = open_fed(info, binary);
  if (!made) return std::unexpected(made.error());
  FedStage& a = **text;
  FedStage& b = **made;
  std::uint64_t line = 0;
  while (const FeedFrame* f = a.peek()) {
    const FeedFrame* g = b.peek();
    line = f->line;
    const bool same = g != nullptr && f->origin_ns == g->origin_ns && f->line == g->line;
    if (!same) return differ(path, line, "the frame");
    a.step();
    b.step();
    if (a.published() != b.published()) return differ(path, line, "what the feed publishes");
  }
  if (b.peek() != nullptr) return differ(path, line, "the end");
  if (a.error() || b.error()) return std::unexpected(a.error() ? *a.error() : *b.error());
  if (a.backward_times() != b.backward_times()) return differ(path, line, "the clock");
  if (a.state_hash() != b.state_hash()) return differ(path, line, "the feed's state at the end");
  return {};
}

}  // namespace pinstripe
