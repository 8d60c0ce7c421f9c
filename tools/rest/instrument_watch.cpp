#include "tools/rest/instrument_watch.h"

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
  if (before == NoticeWord::kChanged) return before;
  if (!now.record) return NoticeWord::kHalted;
  return is_same_grid(record, *now.record) ? NoticeWord::kTrading : NoticeWord::kChanged;
}

InstrumentWatch::InstrumentWatch(std::span<const Instrument> instruments, NoticesBoard& board,
                                 Tell tell)
    : instruments_(instruments), board_(board), tell_(std::move(tell)) {
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    symbols_[instruments[i].venue].push_back(instruments[i].symbol);
    places_[instruments[i].venue].push_back(i);
  }
}

void InstrumentWatch::look(VenueRest& rest) {
  for (const auto& [venue, symbols] : symbols_) {
    const auto statuses = fetch_statuses(rest, venue, symbols);
    if (statuses) {
      if (unreached_.erase(venue) != 0) tell_(venue + " says again what it trades");
      look_at(venue, *statuses);
    } else if (unreached_.insert(venue).second) {
      tell_(venue + " does not say what it trades; what was known of it stays: " +
            statuses.error().message);
    }
  }
}

void InstrumentWatch::look_at(const std::string& venue,
                              const std::vector<InstrumentStatus>& statuses) {
  const std::vector<std::size_t>& places = places_.at(venue);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Instrument& record = instruments_[places[i]];
    const NoticeWord before = board_.word(places[i]);
    const NoticeWord word = notice_word(record, statuses[i], before);
    if (word == before) continue;
    board_.say(places[i], word);
    const bool is_first = before == NoticeWord::kNone && word == NoticeWord::kTrading;
    if (!is_first) tell_(record.id + " " + text_of(record, statuses[i], word));
  }
}

}  // namespace pinstripe
