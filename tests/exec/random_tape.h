// Random tapes for the paper venue: a market that wanders, its trades, and orders of every kind.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "tests/exec/reference_venue.h"
#include "tests/exec/venue_driver.h"

namespace pinstripe {

/// A market that wanders, its trades, and orders of every kind at and around the touch. Market
/// events stand at even times, commands at odd ones; arrivals never tie with either.
class TapeMaker {
 public:
  explicit TapeMaker(std::uint64_t seed) : seed_(seed) {}

  std::vector<reference::Event> make(int steps) {
    for (int i = 0; i < steps; ++i) {
      t_ += 2 + 2 * static_cast<std::int64_t>(draw(300));
      const std::uint64_t what = draw(10);
      if (what < 5) {
        book_message();
      } else if (what < 7) {
        trade();
      } else {
        command();
      }
    }
    return std::move(tape_);
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return random_draw(seed_, 5, 0, n_++) % below; }
  void set(bool sell, std::int64_t price, std::int64_t qty) {
    auto& side = sell ? asks_ : bids_;
    if (qty == 0 && !side.contains(price)) return;
    if (qty == 0) {
      side.erase(price);
    } else {
      side[price] = qty;
    }
    tape_.push_back({reference::Event::kLevel, t_, sell, price, qty});
  }
  void book_message() {
    mid_ += static_cast<std::int64_t>(draw(5)) - 2;
    const std::int64_t ask = mid_ + 1 + static_cast<std::int64_t>(draw(2));
    while (!bids_.empty() && bids_.rbegin()->first > mid_) set(false, bids_.rbegin()->first, 0);
    while (!asks_.empty() && asks_.begin()->first < ask) set(true, asks_.begin()->first, 0);
    const auto changes = 1 + draw(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const auto away = static_cast<std::int64_t>(draw(4));
      const auto qty = static_cast<std::int64_t>(draw(12));
      const bool sell = draw(2) == 0;
      set(sell, sell ? ask + away : mid_ - away, qty);
    }
    if (bids_.empty()) set(false, mid_, 5);
    if (asks_.empty()) set(true, ask, 5);
    tape_.push_back({reference::Event::kEnd, t_});
  }
  void trade() {
    if (bids_.empty()) return;
    const bool sell = draw(2) == 0;
    const std::int64_t touch = sell ? bids_.rbegin()->first : asks_.begin()->first;
    const std::int64_t beyond = draw(6) == 0 ? 1 : 0;
    tape_.push_back({reference::Event::kTrade, t_, sell, sell ? touch - beyond : touch + beyond,
                     1 + static_cast<std::int64_t>(draw(15))});
    tape_.push_back({reference::Event::kEnd, t_});
  }
  void command() {
    if (bids_.empty()) return;
    if (orders_ > 0 && draw(3) == 0) {
      reference::Event e{reference::Event::kCancel, t_ + 1};
      e.order = orders_ - static_cast<int>(draw(std::min<std::uint64_t>(orders_, 4)));
      return tape_.push_back(e);
    }
    reference::Event e{reference::Event::kNew, t_ + 1, draw(2) == 0};
    const std::int64_t own = e.sell ? asks_.begin()->first : bids_.rbegin()->first;
    const std::int64_t away = static_cast<std::int64_t>(draw(5)) - 2;
    e.price = e.sell ? own + away : own - away;
    e.qty = 1 + static_cast<std::int64_t>(draw(9));
    e.order = ++orders_;
    e.post_only = draw(2) == 0;
    e.ioc = !e.post_only && draw(2) == 0;
    tape_.push_back(e);
  }

  std::uint64_t seed_;
  std::uint64_t n_ = 0;
  std::int64_t t_ = 1'000;
  std::int64_t mid_ = 1'000;
  int orders_ = 0;
  std::map<std::int64_t, std::int64_t> bids_, asks_;
  std::vector<reference::Event> tape_;
};

/// Gives one event of a tape to the stage; `ids` maps its order numbers to ids.
inline void play(VenueDriver& d, const reference::Event& e, std::map<int, OrderId>& ids) {
  const Side side = e.sell ? Side::kSell : Side::kBuy;
  switch (e.kind) {
    case reference::Event::kLevel: return d.level(e.t, side, e.price, e.qty, false);
    case reference::Event::kTrade:
      return d.market(e.t, MsgType::kTrade, e.price, e.qty, e.sell ? kFlagSell : 0);
    case reference::Event::kEnd: return d.market(e.t, MsgType::kTouch, 0, 0, kFlagEndOfUpdate);
    case reference::Event::kCancel: return d.cancel(e.t, ids[e.order]);
    case reference::Event::kNew: {
      OrderForm form;
      if (e.post_only) form.flags |= kOrderPostOnly;
      if (e.ioc) form.tif = TimeInForce::kIoc;
      ids[e.order] = d.send(e.t, side, e.price, e.qty, form);
    }
  }
}

}  // namespace pinstripe
