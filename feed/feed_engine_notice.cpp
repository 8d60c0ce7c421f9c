// What a live source says of an instrument by itself: its status, and that its definition changed.
#include "feed/feed_engine.h"

namespace pinstripe {

void FeedEngine::on_notice(const FeedFrame& frame) noexcept {
  if (frame.instrument >= items_.size()) {
    return refuse(frame, FeedErrorKind::kUnknownSymbol, nullptr);
  }
  Halt halt = Halt::kNone;
  if (frame.bytes == kNoticeHalted) {
    halt = Halt::kHalted;
  } else if (frame.bytes == kNoticeChanged) {
    halt = Halt::kChanged;
  } else if (frame.bytes != kNoticeTrading) {
    return refuse(frame, FeedErrorKind::kBadFrame, nullptr);
  }
  ++count(FeedCount::kNotices);
  begin(frame, frame.instrument, 0);
  items_[frame.instrument].keeper.on_halt(halt, queue_);
  end(frame.instrument);
}

}  // namespace pinstripe
