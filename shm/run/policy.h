// What differs between a runner of a session, of a backtest and of the fault simulator: a template
// parameter of runners, never a branch in a stage.
#pragma once

#include <cstdint>

#include "shm/run/clock.h"

namespace pinstripe {

/// Points of a turn, or of a rejoin, after which memory that others see has changed, or is about
/// to: where the fault simulator kills a stage.
enum class Step : std::uint8_t {
  kTake,           // about to look for an input
  kRecordWritten,  // the journal record lies there, not committed
  kJournaled,      // committed; nothing acted on
  kClaimed,        // an output slot is marked as being written
  kWritten,        // its payload is there
  kPublished,
  kActed,          // the stage's turn is over
  kConsumed,       // the input is passed, not released
  kReleased,
  kWatermark,      // the watermark of one output, or of all, is raised
  kEndStored,      // end of the data is there, the watermark does not say so yet
  kWoken,          // sleeping readers woken
  kSegmentMade,    // the journal's next segment has its header; nothing leads there
  kSegmentEnded,   // it can be walked into; the producer line does not name it yet
  kRolled,         // the journal went on to its next segment
  kQueueTaken,     // a queued report lies in its slot, not published
};

/// A session: measures latencies into the stage page, stamps what it publishes.
struct LivePolicy {
  static constexpr bool kMeasured = true;
  static void at(Step) noexcept {}
  static TimeNs session_time(const SessionClock& clock) noexcept { return clock.session_time(); }
};

/// Backtest and replay: no measurement, stamps are 0. The same decisions, bit for bit.
struct BacktestPolicy {
  static constexpr bool kMeasured = false;
  static void at(Step) noexcept {}
  /// Nobody asks: in replay each record says when it was taken.
  static TimeNs session_time(const SessionClock&) noexcept { return TimeNs::min(); }
};

}  // namespace pinstripe
