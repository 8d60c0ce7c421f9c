#include "feed/live/market_hub.h"

#include <algorithm>
#include <utility>

#include "feed/live/limiter_words.h"
#include "shm/base/hash.h"
#include "shm/run/steady_time.h"
#include "shm/run/sealed_heap.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kLookEveryNs = 20 * kNsPerMs;
constexpr std::int64_t kCareEveryNs = 100 * kNsPerMs;
/// A new book's first changes are waited for before its snapshot is asked for.
constexpr std::int64_t kFirstAskNs = 200 * kNsPerMs;
/// A chained book's snapshot comes by itself with a new subscription; where it is lost there is
/// still time to ask again within kResyncGoalNs.
constexpr std::int64_t kFirstRenewNs = kNsPerSecond;
constexpr std::int64_t kAskAgainSoonNs = kNsPerSecond;  // chained books and urgent ones
constexpr std::int64_t kAskAgainNs = 3 * kNsPerSecond;
constexpr std::int64_t kAskAgainMostNs = 60 * kNsPerSecond;
constexpr std::int64_t kRenewAgainMostNs = 6 * kNsPerSecond;
/// A quiet instrument says nothing for a while, and that is all: asked about seldom.
constexpr std::int64_t kSilentPatienceNs = 30 * kNsPerSecond;
constexpr std::int64_t kSilentMostNs = 1'800 * kNsPerSecond;
/// How long a successor must have delivered before the one before it ends.
constexpr std::int64_t kOverlapNs = kNsPerSecond;
constexpr unsigned kCompletionsMost = 8;

}  // namespace

MarketHub::MarketHub(std::span<const Instrument> instruments, const HubOptions& options)
    : instruments_(instruments), options_(options), venues_(venue_numbers(instruments)) {}

MarketHub::~MarketHub() = default;

std::unique_ptr<MarketLink> MarketHub::make_link(std::size_t place) {
  LinkOptions options = options_.link;
  options.message_bytes_max = options_.message_bytes_max;
  const auto seed = static_cast<std::uint64_t>(net::Loop::now_ns());
  const Place& p = places_[place];
  LinkOwner& self = *this;
  const std::uint64_t serial = links_made_++;
  return std::make_unique<MarketLink>(*loop_, *context_, p.plan, p.endpoint, self, options, place,
                                      serial, random_draw(seed, serial, place, 0));
}

void MarketHub::pop() noexcept {
  is_shown_ = false;
  if (paused_ != nullptr) {
    const std::int64_t refused = refused_ ? refused_() : 0;
    if (std::exchange(refused_before_, refused) == refused) paused_->note_use();
  }
  if (shown_desk_ != nullptr) shown_desk_->take();
  shown_desk_ = nullptr;
}

const FeedFrame* MarketHub::next() noexcept {
  if (is_shown_) return &frame_;
  const HeapPass pass;  // what opens and ends connections allocates
  if (paused_ != nullptr) {
    std::exchange(paused_, nullptr)->resume();
    if (is_shown_) return &frame_;
  }
  if (const std::int64_t now = net::Loop::now_ns(); now - looked_ns_ >= kLookEveryNs) {
    looked_ns_ = now;
    on_time(now);
    if (show_notice() || show_snapshot()) return &frame_;
  }
  for (unsigned i = 0; i < kCompletionsMost && loop_->poll_one(); ++i) {
    if (is_shown_) return &frame_;
  }
  return show_notice() || show_snapshot() ? &frame_ : nullptr;
}

void MarketHub::on_link_message(MarketLink& link, const net::WsMessage& message) noexcept {
  // Before begin() nothing was asked for, and nobody takes what is shown.
  if (!may_subscribe_) return;
  if (is_spare_snapshot(link, message.payload)) return link.note_use();
  const std::size_t place = link.place();
  frame_.origin_ns = TimeNs(message.receive_ns);
  frame_.format = link.plan().rules->format;
  frame_.bytes = message.payload;
  frame_.instrument = kNoInstrument;
  frame_.venue = link.plan().venue;
  frame_.file = static_cast<std::uint32_t>(place);
  frame_.line = ++lines_[place];
  is_shown_ = true;
  paused_ = &link;
  link.pause();
}

bool MarketHub::show_snapshot() noexcept {
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    const BookDesk::Snapshot* const s = desks_[i]->ready();
    if (s == nullptr) continue;
    frame_.origin_ns = TimeNs(s->realtime_ns);
    frame_.format = desks_[i]->rules().format;
    frame_.bytes = s->body;
    frame_.instrument = s->instrument;
    frame_.venue = venues_[s->instrument];
    frame_.file = static_cast<std::uint32_t>(places_.size() + i);
    frame_.line = ++lines_[places_.size() + i];
    shown_desk_ = desks_[i].get();
    return is_shown_ = true;
  }
  return false;
}

/// A snapshot of a book that is whole, by the one of two connections that came later.
bool MarketHub::is_spare_snapshot(const MarketLink& link, std::string_view message) const noexcept {
  const Place& place = places_[link.place()];
  const MarketLink* const beside = &link == place.link.get() ? place.other.get() : place.link.get();
  if (beside == nullptr || beside->state() != LinkState::kLive || !needs_) return false;
  if (!is_book_snapshot(*place.plan.rules, message)) return false;
  const std::string_view head = message.substr(0, 160);
  for (const MarketTopic& t : place.plan.topics) {
    if (t.channel != MarketChannel::kBook || head.find(t.mark) == std::string_view::npos) continue;
    return needs_(t.instrument) == BookNeed::kNone;
  }
  return false;
}

/// One of what the scope counts, for what is done to get books and keep them.
bool MarketHub::is_granted(const LimitScope& scope, LimitTurn& turn) noexcept {
  const std::int64_t now = steady_realtime_ns();
  if (now < turn.not_before_ns) return false;
  const Grant grant = limiter_->request(scope, 1, Priority::kResync, now, turn.ticket);
  turn = {grant.ticket, grant.until_ns, grant};
  if (grant.verdict == Ruling::kGranted) return true;
  if (grant.verdict != Ruling::kWait) {
    turn.not_before_ns = std::max(grant.until_ns, now + kAskAgainNs);
  }
  return false;
}

bool MarketHub::may_connect(MarketLink& link) noexcept {
  return is_granted({link.plan().rules->limits_venue, LimitKind::kConnects}, link.connect_turn());
}

bool MarketHub::may_send(MarketLink& link) noexcept {
  const MarketRules& rules = *link.plan().rules;
  if (!rules.counts_messages) return true;
  return is_granted({rules.limits_venue, LimitKind::kMessages, link.limits_key()},
                    link.send_turn());
}

void MarketHub::on_link_leaving(MarketLink& link) noexcept {
  places_[link.place()].must_go = true;
}

void MarketHub::on_time(std::int64_t now_ns) noexcept {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    place.link->on_time(now_ns);
    if (place.other != nullptr) place.other->on_time(now_ns);
    if (place.leaving != nullptr) place.leaving->on_time(now_ns);
    cut_over(i, now_ns);
  }
  for (const auto& desk : desks_) {
    if (may_subscribe_) desk->on_time(now_ns);
  }
  if (now_ns - cared_ns_ < kCareEveryNs || !needs_) return;
  cared_ns_ = now_ns;
  care(now_ns);
}

void MarketHub::cut_over(std::size_t index, std::int64_t now_ns) noexcept {
  Place& place = places_[index];
  if (place.leaving != nullptr && place.leaving->is_idle()) place.leaving.reset();
  const std::int64_t since = place.link->live_since_ns();
  if (since == 0) place.must_go = false;  // it is being built anew as it is
  const bool is_due = place.must_go || (since != 0 && now_ns - since >= options_.cut_over_ns);
  if (!is_due || place.leaving != nullptr) return;
  if (place.other == nullptr) place.other = make_link(index);
  const MarketLink& next = *place.other;
  if (next.live_since_ns() == 0 || now_ns - next.live_since_ns() < kOverlapNs) return;
  if (next.messages_here() == 0) return;
  place.must_go = false;
  place.link->retire(now_ns);
  place.leaving = std::exchange(place.link, std::move(place.other));
  if (options_.redundant) place.other = make_link(index);
}

void MarketHub::care(std::int64_t now_ns) noexcept {
  for (Care& c : cares_) {
    const BookNeed need = needs_(c.instrument);
    note_loss(c, need, now_ns);
    // What was silent and has a gap now is in another plight: nothing waits for the silence's turn.
    if (std::exchange(c.need, need) != need) c.next_ns = c.delay_ns = 0;
    MarketLink* const link = places_[c.place].live_link();
    if (need == BookNeed::kNone || link == nullptr) {
      c.next_ns = c.delay_ns = 0;
      continue;
    }
    if (c.next_ns == 0) c.next_ns = now_ns + first_patience_ns(*link, need, now_ns);
    if (now_ns >= c.next_ns) ask_for(c, *link, need, now_ns);
  }
}

/// How long a book's need is watched before anything is done about it.
std::int64_t MarketHub::first_patience_ns(const MarketLink& link, BookNeed need,
                                          std::int64_t now_ns) noexcept {
  if (need == BookNeed::kSilent) return kSilentPatienceNs;
  if (!link.plan().rules->is_chained) return kFirstAskNs;
  const bool is_new = now_ns - link.live_since_ns() < kFirstRenewNs;
  return is_new ? kFirstRenewNs : 0;
}

/// Times a book from its loss to the moment at which it is whole again.
void MarketHub::note_loss(Care& care, BookNeed need, std::int64_t now_ns) noexcept {
  if (need == BookNeed::kFresh) {
    if (!care.has_been_whole) return;  // its first book is no resync
    // Without a connection nothing can be brought back: the time counts from when it is live.
    const bool is_live = places_[care.place].live_link() != nullptr;
    if (care.since_ns == 0 || !is_live) care.since_ns = now_ns;
    care.is_urgent = care.is_urgent || (stakes_ && stakes_(care.instrument));
    return;
  }
  if (need != BookNeed::kNone) return;
  care.has_been_whole = true;
  if (care.since_ns == 0) return;
  const bool is_stream = places_[care.place].plan.rules->is_chained;
  const ResyncKind kind = is_stream          ? ResyncKind::kStream
                          : care.is_urgent ? ResyncKind::kUrgent
                                             : ResyncKind::kRest;
  ResyncTimes& times = resyncs_[static_cast<std::size_t>(kind)];
  const std::int64_t took = now_ns - care.since_ns;
  ++times.count;
  times.total_ns += took;
  times.longest_ns = std::max(times.longest_ns, took);
  if (took > kResyncGoalNs) ++times.late;
  care.since_ns = 0;
  care.is_urgent = false;
}

void MarketHub::ask_for(Care& care, MarketLink& link, BookNeed need,
                        std::int64_t now_ns) noexcept {
  const MarketRules& rules = *link.plan().rules;
  const bool is_silent = need == BookNeed::kSilent;
  const std::int64_t most = is_silent          ? kSilentMostNs
                            : rules.is_chained ? kRenewAgainMostNs
                                               : kAskAgainMostNs;
  const bool is_urgent = care.is_urgent || (stakes_ && stakes_(care.instrument));
  const std::int64_t least = is_silent                        ? kSilentPatienceNs
                             : rules.is_chained || is_urgent ? kAskAgainSoonNs
                                                              : kAskAgainNs;
  care.delay_ns = std::clamp(2 * care.delay_ns, least, most);
  care.next_ns = now_ns + care.delay_ns;
  // A stream that says nothing is subscribed anew, whatever the venue; so is a chained book.
  if (rules.is_chained || is_silent) return link.renew(care.topic);
  BookDesk* const desk = desk_of(rules);
  if (desk == nullptr) return;
  desk->ask(care.instrument, instruments_[care.instrument].symbol, is_urgent);
}

BookDesk* MarketHub::desk_of(const MarketRules& rules) noexcept {
  const auto at =
      std::ranges::find_if(desks_, [&](const auto& d) { return &d->rules() == &rules; });
  return at == desks_.end() ? nullptr : at->get();
}

std::vector<LinkReport> MarketHub::links() const {
  std::vector<LinkReport> reports;
  const auto add = [&](const Place& place, const MarketLink* link) {
    if (link == nullptr) return;
    reports.push_back({place.plan.name, link->state(), link != place.link.get(), link->is_alarm(),
                       place.plan.topics.size(), link->counts(),
                       std::string(link->is_held() ? limiter_words(link->held()).data()
                                                   : link->last_text().c_str())});
  };
  for (const Place& place : places_) {
    add(place, place.link.get());
    add(place, place.other.get());
  }
  return reports;
}

}  // namespace pinstripe
