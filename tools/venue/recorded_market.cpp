#include "tools/venue/recorded_market.h"

#include <algorithm>

#include "feed/inspect.h"

namespace pinstripe::venue {
namespace {

/// Silence is the recording's own: nothing here is stale.
FeedConfig feed_of(const RecordedMarket& recording) {
  FeedConfig c;
  c.instruments = {recording.instrument};
  c.stale_depth_ns = c.stale_ticker_ns = c.stale_trade_ns = c.stale_mark_ns = 0;
  return c;
}

std::unexpected<Error> refused(const std::string& file, const std::string& why) {
  return fail_usage("'" + file + "' cannot be played as a market: " + why);
}

/// The middle of the first complete book.
Result<std::int64_t> first_mid(const RecordedMarket& recording) {
  RecordingPlayer player(recording);
  while (player.step()) {
    const auto& bids = player.ladder(true);
    const auto& asks = player.ladder(false);
    if (!player.is_complete() || bids.empty() || asks.empty()) continue;
    return (bids.rbegin()->first + asks.begin()->first) / 2;
  }
  return refused(recording.file, "its book never becomes complete; name a recording with a "
                                 "snapshot, or one long enough to be proven by its tickers");
}

}  // namespace

Result<std::shared_ptr<const RecordedMarket>> open_recording(const std::string& file,
                                                             const std::string& instrument) {
  InspectOptions options;
  if (!instrument.empty()) options.instruments = {instrument};
  auto info = inspect_captures({file}, options);
  if (!info) return std::unexpected(info.error());
  if (info->streams.size() != 1) {
    std::string names;
    for (const Instrument& i : info->instruments) names += (names.empty() ? "" : ", ") + i.id;
    return refused(file, "it holds " + names + "; name one of them with recording_instrument");
  }
  auto recording = std::make_shared<RecordedMarket>();
  recording->file = file;
  recording->stream = info->streams.front();
  recording->instrument = info->instruments.at(recording->stream.instrument);
  recording->stream.instrument = 0;
  if (recording->instrument.market == Market::kInverse) {
    return refused(file, recording->instrument.id + " is counted in contracts of quote; name a "
                             "spot or linear market");
  }
  recording->first_ns = info->first_origin_ns;
  recording->length_ms = (info->last_origin_ns - info->first_origin_ns) / kNsPerMs + 1;
  auto mid = first_mid(*recording);
  if (!mid) return std::unexpected(mid.error());
  recording->mid_ticks = *mid;
  return std::shared_ptr<const RecordedMarket>(std::move(recording));
}

RecordingPlayer::RecordingPlayer(const RecordedMarket& recording)
    : recording_(recording), engine_(std::make_unique<FeedEngine>(feed_of(recording))) {
  if (auto source = open_captures({recording.stream})) source_ = std::move(*source);
}

bool RecordingPlayer::peek_ms(std::int64_t& since_ms) {
  const FeedFrame* frame = source_ ? source_->peek() : nullptr;
  if (frame == nullptr) return false;
  since_ms = (frame->origin_ns.value - recording_.first_ns) / kNsPerMs;
  return true;
}

bool RecordingPlayer::step() {
  const FeedFrame* frame = source_ ? source_->peek() : nullptr;
  if (frame == nullptr) return false;
  changes_.clear();
  trades_.clear();
  is_new_ = false;
  const TimeNs now = frame->origin_ns;
  engine_->take(now, FeedInput::frame(*frame));
  OutQueue& queue = engine_->queue();
  while (!queue.empty() || queue.is_pending) {
    if (queue.empty()) engine_->take(now, FeedInput::continued());
    for (; !queue.empty(); queue.pop()) take(queue.front());
  }
  source_->pop();
  return true;
}

void RecordingPlayer::take(const OutEvent& e) {
  const bool sells = (e.flags & kFlagSell) != 0;
  if (e.type == MsgType::kBookState) return take_state(e);
  if (e.type == MsgType::kTrade && (e.flags & kFlagNonMarket) == 0) {
    trades_.push_back({!sells, e.a, e.b});
  }
  if (e.type != MsgType::kLevel) return;
  auto& side = sells ? asks_ : bids_;
  if (e.b == 0) {
    side.erase(e.a);
  } else {
    side[e.a] = e.b;
  }
  changes_.push_back({!sells, e.a, e.b});
}

void RecordingPlayer::take_state(const OutEvent& e) {
  if ((e.flags & kFlagSnapshot) != 0) {
    bids_.clear();
    asks_.clear();
    is_new_ = true;
  }
  const bool complete = e.a == static_cast<std::int64_t>(BookState::kValid);
  is_new_ |= complete && !is_complete_;
  is_complete_ = complete;
}

}  // namespace pinstripe::venue
