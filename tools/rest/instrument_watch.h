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

 private:
  void look_at(const std::string& venue, const std::vector<InstrumentStatus>& statuses);

  std::span<const Instrument> instruments_;
  NoticesBoard& board_;
  Tell tell_;
  std::map<std::string, std::vector<std::string>> symbols_;      // by venue
  std::map<std::string, std::vector<std::size_t>> places_;       // of those, in `instruments_`
  std::set<std::string> unreached_;                              // venues, said already
};

}  // namespace pinstripe
