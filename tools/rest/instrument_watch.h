// Whether a session's instruments are still what the session took them for: asked beside it, told
// to its feeds by a page (feed/live/notices_page.h).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "feed/live/notices_page.h"
#include "shm/market/instrument.h"
#include "tools/rest/venue_instruments.h"
#include "tools/session/watch_marks.h"

namespace pinstripe {

/// What to say of an instrument, from what its venue says now. What has changed once stays so: the
/// session's prices and quantities are counted by the old record.
NoticeWord notice_word(const Instrument& record, const InstrumentStatus& now, NoticeWord before);

class InstrumentWatch {
 public:
  using Tell = std::function<void(const std::string&)>;

  /// `instruments` (those of the session) and `board` must outlive it. `tell` takes a line for
  /// people whenever something is another than before.
  InstrumentWatch(std::span<const Instrument> instruments, NoticesBoard& board, Tell tell);
  /// Asks every venue once. One that cannot be asked changes nothing.
  void look(VenueRest& rest);
  /// What `venue` answered at `now_ns` (UTC), or why it did not. What cannot be read changes
  /// nothing.
  void take(const std::string& venue, const Result<std::vector<InstrumentStatus>>& statuses,
            std::int64_t now_ns);
  /// Goes on counting where the process before this one ended.
  void go_on(const std::vector<VenueWatch>& before);
  /// By venue, in the order of their names.
  std::vector<VenueWatch> seen() const;

 private:
  bool look_at_one(std::size_t place, const InstrumentStatus& status);
  bool look_at(const std::string& venue, const std::vector<InstrumentStatus>& statuses);

  std::span<const Instrument> instruments_;
  NoticesBoard& board_;
  Tell tell_;
  std::map<std::string, std::vector<std::string>> symbols_;      // by venue
  std::map<std::string, std::vector<std::size_t>> places_;       // of those, in `instruments_`
  std::map<std::string, VenueWatch> seen_;                       // by venue
  std::set<std::string> unreached_;                              // venues, said already
  std::set<std::size_t> unread_;                                 // places, said already
};

}  // namespace pinstripe
