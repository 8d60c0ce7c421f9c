// A slow, plain paper venue, written apart from exec: each price has its queue spelled out as a
// list of public blocks and own orders. Valid books, one instrument, risk_averse, constant latency;
// no fees.
#pragma once

#include <cstdint>
#include <algorithm>
#include <list>
#include <map>
#include <vector>

namespace pinstripe::reference {

struct Event {
  enum Kind { kLevel, kTrade, kEnd, kNew, kCancel } kind = kLevel;
  std::int64_t t = 0;
  bool sell = false;       // side of a level or order; aggressor of a trade
  std::int64_t price = 0;
  std::int64_t qty = 0;
  int order = 0;           // kNew, kCancel
  bool post_only = false, ioc = false;
};
struct Done {
  int order = 0;
  char what = 0;           // 'f'ill, 'c'ancelled, 'r'ejected, 'x' cancel refused
  std::int64_t price = 0, qty = 0;
  bool maker = false;
  friend bool operator==(const Done&, const Done&) = default;
};

class Venue {
 public:
  std::vector<Done> done;

  void take(const Event& e) {
    switch (e.kind) {
      case Event::kLevel: return level(e);
      case Event::kTrade: return trade(e);
      case Event::kEnd: return end();
      case Event::kNew: return arrive(e);
      case Event::kCancel: return cancel(e.order);
    }
  }

 private:
  struct Block {
    int order = 0;  // 0: public
    std::int64_t qty = 0;
  };
  struct Level {
    std::int64_t shown = 0, taken = 0;
    std::list<Block> queue;  // filled only while own orders stand at this price
  };
  using Side = std::map<std::int64_t, Level>;

  static std::int64_t public_in(const Level& l) {
    std::int64_t sum = 0;
    for (const Block& b : l.queue) sum += b.order == 0 ? b.qty : 0;
    return sum;
  }
  static bool has_own(const Level& l) {
    for (const Block& b : l.queue) {
      if (b.order != 0) return true;
    }
    return false;
  }
  Side& side(bool sell) { return sell ? asks_ : bids_; }

  void level(const Event& e) {
    Level& l = side(e.sell)[e.price];
    if (l.shown == e.qty) return;
    l.shown = e.qty;
    l.taken = 0;
    if (!has_own(l)) return;
    std::int64_t surplus = public_in(l) - e.qty;
    if (surplus < 0) l.queue.push_back({0, -surplus});
    for (auto b = l.queue.rbegin(); b != l.queue.rend() && surplus > 0; ++b) {
      if (b->order != 0) continue;  // who is behind leaves first
      const std::int64_t gone = b->qty < surplus ? b->qty : surplus;
      b->qty -= gone;
      surplus -= gone;
    }
  }

  /// Fills every own order of `own` whose price is at or beyond what `reached` says, best arrival
  /// first.
  template <class Reached>
  void fill_through(bool sell, Reached reached) {
    std::vector<int> order_of_arrival;
    for (auto& [price, l] : side(sell)) {
      for (Block& b : l.queue) {
        if (b.order != 0 && reached(price)) order_of_arrival.push_back(b.order);
      }
    }
    std::sort(order_of_arrival.begin(), order_of_arrival.end(),
              [this](int a, int b) { return arrival_[a] < arrival_[b]; });
    for (const int id : order_of_arrival) {
      for (auto& [price, l] : side(sell)) {
        for (auto b = l.queue.begin(); b != l.queue.end(); ++b) {
          if (b->order != id) continue;
          done.push_back({id, 'f', price, b->qty, true});
          l.queue.erase(b);
          break;
        }
        if (!has_own(l)) l.queue.clear();
      }
    }
  }

  void trade(const Event& e) {
    fill_through(false, [&](std::int64_t p) { return e.price < p; });
    fill_through(true, [&](std::int64_t p) { return e.price > p; });
    Level& l = side(!e.sell)[e.price];
    if (!has_own(l)) return;
    std::int64_t left = e.qty;
    for (auto b = l.queue.begin(); b != l.queue.end() && left > 0;) {
      const std::int64_t part = b->qty < left ? b->qty : left;
      if (b->order != 0 && part > 0) done.push_back({b->order, 'f', e.price, part, true});
      b->qty -= part;
      left -= part;
      b = b->qty == 0 ? l.queue.erase(b) : std::next(b);
    }
    if (!has_own(l)) l.queue.clear();
  }

  std::int64_t best_there(bool sell) {
    std::int64_t best = 0;
    for (const auto& [price, l] : side(sell)) {
      if (l.shown - l.taken <= 0) continue;
      if (best == 0 || (sell ? price < best : price > best)) best = price;
    }
    return best;
  }

  void end() {
    const std::int64_t ask = best_there(true), bid = best_there(false);
    fill_through(false, [&](std::int64_t p) { return ask != 0 && ask <= p; });
    fill_through(true, [&](std::int64_t p) { return bid != 0 && bid >= p; });
  }

  void arrive(const Event& e) {
    const std::int64_t there = best_there(!e.sell);
    const bool crosses = there != 0 && (e.sell ? e.price <= there : e.price >= there);
    bool meets_own = false;
    for (const auto& [price, l] : side(!e.sell)) {
      if (has_own(l) && (e.sell ? e.price <= price : e.price >= price)) meets_own = true;
    }
    if ((e.post_only && crosses) || meets_own) return done.push_back({e.order, 'r', 0, 0, false});
    std::int64_t left = e.qty;
    std::vector<std::int64_t> prices;
    for (const auto& [price, l] : side(!e.sell)) {
      if (e.sell ? price >= e.price : price <= e.price) prices.push_back(price);
    }
    if (e.sell) std::reverse(prices.begin(), prices.end());
    for (const std::int64_t price : prices) {
      Level& l = side(!e.sell)[price];
      const std::int64_t there_is = l.shown - l.taken;
      const std::int64_t part = there_is < left ? there_is : left;
      if (part <= 0) continue;
      l.taken += part;
      left -= part;
      done.push_back({e.order, 'f', price, part, false});
    }
    if (left == 0) return;
    if (e.ioc) return done.push_back({e.order, 'c', 0, 0, false});
    Level& l = side(e.sell)[e.price];
    const std::int64_t missing = l.shown - public_in(l);
    if (missing > 0) l.queue.push_back({0, missing});
    l.queue.push_back({e.order, left});
    arrival_[e.order] = ++arrivals_;
  }

  void cancel(int id) {
    for (Side* s : {&bids_, &asks_}) {
      for (auto& [price, l] : *s) {
        for (auto b = l.queue.begin(); b != l.queue.end(); ++b) {
          if (b->order != id) continue;
          l.queue.erase(b);
          if (!has_own(l)) l.queue.clear();
          return done.push_back({id, 'c', 0, 0, false});
        }
      }
    }
    done.push_back({id, 'x', 0, 0, false});
  }

  Side bids_, asks_;
  std::map<int, int> arrival_;
  int arrivals_ = 0;
};

}  // namespace pinstripe::reference
