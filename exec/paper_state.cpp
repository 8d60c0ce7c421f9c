// The paper venue's checkpoint: values in a fixed order, the same for `save` and the state hash.
#include "exec/paper_venue.h"

namespace pinstripe {
namespace {

void save_cause(StateWriter& w, const CauseRef& c) noexcept {
  w.u64(c.seq);
  w.u64(c.ring);
  w.u64(c.lane);
  w.unit(c.origin_ns);
  w.i64(c.venue_offset_us);
}

CauseRef load_cause(StateReader& r) {
  CauseRef c;
  c.seq = static_cast<std::uint32_t>(r.u64());
  c.ring = static_cast<std::uint16_t>(r.u64());
  c.lane = static_cast<std::uint16_t>(r.u64());
  c.origin_ns = r.unit<TimeNs>();
  c.venue_offset_us = static_cast<std::int32_t>(r.i64());
  return c;
}

void save_order(StateWriter& w, const PaperOrder& o) noexcept {
  o.machine.save(w);
  w.u64(o.id.decision);
  w.u64(o.id.epoch);
  w.u64(o.id.leg);
  w.u64(o.venue_order_id);
  w.u64(o.number);
  w.u64(o.answers);
  w.unit(o.price);
  w.unit(o.place.ahead);
  w.unit(o.place.traded_since_book);
  w.unit(o.origin_ns);
  save_cause(w, o.command);
  w.u64(o.instrument);
  w.u64(static_cast<std::uint64_t>(o.side));
  w.u64(static_cast<std::uint64_t>(o.type));
  w.u64(static_cast<std::uint64_t>(o.tif));
  w.u64(static_cast<std::uint64_t>(o.purpose));
  w.u64(o.flags);
  w.boolean(o.place_known);
}

bool load_order(StateReader& r, PaperOrder& o) {
  if (!o.machine.load(r)) return false;
  o.id.decision = r.u64();
  o.id.epoch = static_cast<std::uint32_t>(r.u64());
  o.id.leg = static_cast<std::uint32_t>(r.u64());
  o.venue_order_id = r.u64();
  o.number = r.u64();
  o.answers = r.u64();
  o.price = r.unit<PriceTicks>();
  o.place.ahead = r.unit<QtyLots>();
  o.place.traded_since_book = r.unit<QtyLots>();
  o.origin_ns = r.unit<TimeNs>();
  o.command = load_cause(r);
  o.instrument = static_cast<std::uint16_t>(r.u64());
  o.side = static_cast<Side>(r.u64());
  o.type = static_cast<OrderType>(r.u64());
  o.tif = static_cast<TimeInForce>(r.u64());
  o.purpose = static_cast<Purpose>(r.u64());
  o.flags = static_cast<std::uint8_t>(r.u64());
  o.place_known = r.boolean();
  return !r.failed();
}

}  // namespace

void PaperVenue::save(StateWriter& w) const noexcept {
  w.u64(books_.size());
  for (const Book& b : books_) {
    b.market.save(w);
    w.u64(b.orders.size());
    for (const PaperOrder& o : b.orders) save_order(w, o);
    b.funding.save(w);
    w.unit(b.position);
    w.i64(b.base_fees_e8);
    w.unit(b.due.at);
    w.i64(b.due.rate_e8);
    w.boolean(b.due.known);
  }
  in_flight_.save(w);
  outbox_.save(w);
  seen_.save(w);
  after_1s_.save(w);
  after_5s_.save(w);
  if (margin_.on()) margin_.save(w);
  counters_.save(w);
  save_cause(w, input_);
  w.u64(venue_order_ids_);
  w.u64(exec_ids_);
}

bool PaperVenue::load(StateReader& r) {
  if (r.u64() != books_.size()) return false;
  resting_count_ = 0;
  for (Book& b : books_) {
    if (!b.market.load(r)) return false;
    const std::uint64_t orders = r.u64();
    if (orders > resting_max_) return false;
    b.orders.clear();
    for (std::uint64_t i = 0; i < orders; ++i) {
      b.orders.emplace_back();
      if (!load_order(r, b.orders.back())) return false;
    }
    resting_count_ += b.orders.size();
    b.funding.load(r);
    b.position = r.unit<QtyLots>();
    b.base_fees_e8 = r.i64();
    b.due.at = r.unit<TimeNs>();
    b.due.rate_e8 = r.i64();
    b.due.known = r.boolean();
  }
  if (!in_flight_.load(r) || !outbox_.load(r) || !seen_.load(r)) return false;
  if (!after_1s_.load(r) || !after_5s_.load(r)) return false;
  if (margin_.on() && !margin_.load(r)) return false;
  counters_.load(r);
  input_ = load_cause(r);
  venue_order_ids_ = r.u64();
  exec_ids_ = r.u64();
  return !r.failed();
}

}  // namespace pinstripe
