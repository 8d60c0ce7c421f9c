// Notices a session whose stages wait for each other for ever: a ring too small for what the delays
// make it hold (tools/decisions/look-ahead.md). Better an error that names the ring than silence.
#pragma once

#include <cstdint>
#include <string>

#include "tools/session/snapshot.h"

namespace pinstripe {

/// The full rings of a session that stands still, and which one to enlarge; one line for people.
std::string standstill_text(const SessionPlan& plan, const SessionShot& shot);

/// Messages published and taken so far, over all rings.
std::uint64_t messages_moved(const SessionShot& shot);

/// Looks at a session of several processes again and again. It stands still where nothing is taken
/// or published for `patience_ms` although every stage has gone round its loop meanwhile, and a
/// feed is held up by a full ring. So a slow machine, a stopped process or a quiet market is none.
class StandstillWatch {
 public:
  explicit StandstillWatch(const SessionPlan& plan, std::int64_t patience_ms = 5'000)
      : plan_(plan), patience_ms_(patience_ms) {}

  /// One look at time `now_ms`; true where the session stands still.
  bool look(const SessionShot& shot, std::int64_t now_ms);

 private:
  bool feed_is_held_up(const SessionShot& shot) const;
  bool all_went_round(const SessionShot& shot) const;

  const SessionPlan& plan_;
  std::int64_t patience_ms_;
  std::uint64_t moved_ = 0;          // messages published and taken so far, over all rings
  std::int64_t moved_at_ms_ = -1;    // the look that saw that first
};

}  // namespace pinstripe
