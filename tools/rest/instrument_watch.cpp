#include "tools/rest/instrument_watch.h"

#include "shm/run/machine_time.h"

namespace pinstripe {
namespace {

/// What prices and quantities are counted in.
bool is_same_grid(const Instrument& a, const Instrument& b) {
  return a.tick_e8 == b.tick_e8 && a.lot_e8 == b.lot_e8 && a.multiplier_e8 == b.multiplier_e8 &&
         a.order_step_lots == b.order_step_lots;
}

std::string text_of(const Instrument& record, const InstrumentStatus& now, NoticeWord word) {
  if (word == NoticeWord::kTrading) return "trades again";
  if (word == NoticeWord::kHalted) return now.refusal;
  const Instrument& is = *now.record;
  return "is no longer what the session began with: tick " + std::to_string(record.tick_e8) +
         " is " + std::to_string(is.tick_e8) + ", lot " + std::to_string(record.lot_e8) + " is " +
         std::to_string(is.lot_e8) + ", contract value " + std::to_string(record.multiplier_e8) +
         " is " + std::to_string(is.multiplier_e8) + " (all in 1e-8), order step " +
         std::to_string(record.order_step_lots) + " is " + std::to_string(is.order_step_lots) +
         " lots; nothing opens on it until a new session";
}

}  // namespace

NoticeWord notice_word(const Instrument& record, const InstrumentStatus& now, NoticeWord before) {
  if (before == NoticeWord::kChanged || !now.problem.empty()) return before;
  if (!now.record) return NoticeWord::kHalted;
  return is_same_grid(record, *now.record) ? NoticeWord::kTrading : NoticeWord::kChanged;
}

InstrumentWatch::InstrumentWatch(std::span<const Instrument> instruments, NoticesBoard& board,
                                 Tell tell)
    : instruments_(instruments), board_(board), tell_(std::move(tell)) {
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    symbols_[instruments[i].venue].push_back(instruments[i].symbol);
    places_[instruments[i].venue].push_back(i);
    seen_[instruments[i].venue].venue = instruments[i].venue;
  }
}

void InstrumentWatch::look(VenueRest& rest) {
  for (const auto& [venue, symbols] : symbols_) {
    const auto statuses = fetch_statuses(rest, venue, symbols);
    take(venue, statuses, realtime_ns());
  }
}

void InstrumentWatch::take(const std::string& venue,
                           const Result<std::vector<InstrumentStatus>>& statuses,
                           std::int64_t now_ns) {
  VenueWatch& seen = seen_.at(venue);
  ++seen.asked;
  seen.problem.clear();
  if (!statuses) {
    seen.problem = statuses.error().message;
    ++seen.bad;
    if (unreached_.insert(venue).second) {
      tell_(venue + " does not say what it trades; what was known of it stays: " + seen.problem);
    }
    return;
  }
  if (unreached_.erase(venue) != 0) tell_(venue + " says again what it trades");
  if (look_at(venue, *statuses)) {
    seen.good_ns = now_ns;
  } else {
    ++seen.bad;
  }
}

/// False where not every instrument of the session could be read.
bool InstrumentWatch::look_at(const std::string& venue,
                              const std::vector<InstrumentStatus>& statuses) {
  const std::vector<std::size_t>& places = places_.at(venue);
  std::string& problem = seen_.at(venue).problem;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (look_at_one(places[i], statuses[i])) continue;
    if (problem.empty()) problem = statuses[i].problem;
  }
  return problem.empty();
}

bool InstrumentWatch::look_at_one(std::size_t place, const InstrumentStatus& status) {
  const Instrument& record = instruments_[place];
  if (!status.problem.empty()) {
    if (unread_.insert(place).second) {
      tell_(record.id + " cannot be read in the answer of " + record.venue +
            "; what was known of it stays: " + status.problem);
    }
    return false;
  }
  if (unread_.erase(place) != 0) tell_(record.id + " can be read again");
  const NoticeWord before = board_.word(place);
  const NoticeWord word = notice_word(record, status, before);
  if (word == before) return true;
  board_.say(place, word);
  const bool is_first = before == NoticeWord::kNone && word == NoticeWord::kTrading;
  if (!is_first) tell_(record.id + " " + text_of(record, status, word));
  return true;
}

void InstrumentWatch::go_on(const std::vector<VenueWatch>& before) {
  for (const VenueWatch& v : before) {
    if (const auto found = seen_.find(v.venue); found != seen_.end()) found->second = v;
  }
}

std::vector<VenueWatch> InstrumentWatch::seen() const {
  std::vector<VenueWatch> all;
  for (const auto& [venue, seen] : seen_) all.push_back(seen);
  return all;
}

}  // namespace pinstripe
