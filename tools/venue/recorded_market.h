// A recorded market, read by the feed's own readers: the ladder as it changes, and the trades. What
// the readers make of gaps and late snapshots holds here too (feed/README.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "feed/feed_engine.h"
#include "feed/source.h"
#include "shm/market/instrument.h"
#include "tools/venue/ladder_maker.h"

namespace pinstripe::venue {

/// One instrument of one file, looked through once.
struct RecordedMarket {
  std::string file;
  Instrument instrument;
  CaptureStream stream;
  std::int64_t first_ns = 0;     // the venue's time of the first message
  std::int64_t length_ms = 0;
  std::int64_t mid_ticks = 0;    // when the book was first complete
};

/// `instrument`: "BINANCE_USDM:BTCUSDT" where the file holds several; "": its only one. Refuses a
/// file without a book that becomes complete, and contracts that are not counted in base.
Result<std::shared_ptr<const RecordedMarket>> open_recording(const std::string& file,
                                                             const std::string& instrument);

struct RecordedTrade {
  bool is_buy = false;  // the taker's side
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
};

/// Plays a recording once.
class RecordingPlayer {
 public:
  explicit RecordingPlayer(const RecordedMarket& recording);
  /// The next message, applied; false at the end. Time since the first message, and what it did,
  /// are below until the next call.
  bool step();
  /// Time of the message that `step` takes next, since the first, ms; false at the end.
  bool peek_ms(std::int64_t& since_ms);

  bool is_complete() const { return is_complete_; }  // the ladder may be trusted
  bool is_new() const { return is_new_; }            // it was not, or was built anew: see `ladder`
  const std::vector<WantedLevel>& changes() const { return changes_; }
  const std::vector<RecordedTrade>& trades() const { return trades_; }
  const std::map<std::int64_t, std::int64_t>& ladder(bool is_buy) const {
    return is_buy ? bids_ : asks_;
  }

 private:
  void take(const OutEvent& e);
  void take_state(const OutEvent& e);

  const RecordedMarket& recording_;
  std::unique_ptr<FrameSource> source_;
  std::unique_ptr<FeedEngine> engine_;
  std::map<std::int64_t, std::int64_t> bids_, asks_;  // lots by price
  std::vector<WantedLevel> changes_;
  std::vector<RecordedTrade> trades_;
  bool is_complete_ = false;
  bool is_new_ = false;
};

}  // namespace pinstripe::venue
