// What `pinstripe-watch` says of the instruments, as frames of the hub.
#include <algorithm>

#include "feed/live/market_hub.h"
#include "shm/run/machine_time.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kNoticeEveryNs = 100 * kNsPerMs;

std::string_view text_of(NoticeWord word) noexcept {
  switch (word) {
    case NoticeWord::kTrading: return kNoticeTrading;
    case NoticeWord::kHalted: return kNoticeHalted;
    case NoticeWord::kChanged: return kNoticeChanged;
    case NoticeWord::kNone: break;
  }
  return "";
}

}  // namespace

/// The page may come after the feed: it is looked for until it is there. One that does not fit is
/// a session of another version, whose stages would not have started: it is passed over.
void MarketHub::look_for_notices() {
  if (notices_ || options_.notices.empty()) return;
  auto reader = NoticesReader::open(options_.notices, instruments_.size());
  if (!reader) {
    options_.notices.clear();
  } else if (*reader) {
    notices_.emplace(std::move(**reader));
  }
}

/// One word that is not what was last said of its instrument.
bool MarketHub::show_notice() noexcept {
  if (looked_ns_ - noticed_ns_ < kNoticeEveryNs) return false;
  look_for_notices();
  if (!notices_) {
    noticed_ns_ = looked_ns_;
    return false;
  }
  for (Told& told : told_) {
    const NoticeWord word = notices_->word(told.instrument);
    if (word == told.word || word == NoticeWord::kNone) continue;
    told.word = word;
    const std::string_view text = text_of(word);
    std::ranges::copy(text, notice_bytes_.begin());
    frame_.origin_ns = TimeNs(realtime_ns());
    frame_.format = FrameFormat::kNotice;
    frame_.bytes = {notice_bytes_.data(), text.size()};
    frame_.instrument = told.instrument;
    frame_.venue = venues_[told.instrument];
    frame_.file = static_cast<std::uint32_t>(names_.size() - 1);
    frame_.line = ++lines_.back();
    return is_shown_ = true;
  }
  noticed_ns_ = looked_ns_;
  return false;
}

}  // namespace pinstripe
