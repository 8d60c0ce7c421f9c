// An onlooker who knows nothing but what stands on the rings, and what must hold of it whatever was
// killed, late or missing: numbers, answers, fills, money, limits, books, ages.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exec/paper_venue.h"
#include "risk/risk_config.h"
#include "risk/risk_core.h"
#include "shm/market/instrument.h"
#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/msg/order_command.h"

namespace pinstripe::sim {

class MoneyCheck {
 public:
  struct Terms {
    RiskConfig risk;
    std::int64_t risk_delay_ns = 0;  // of its commands, constant
  };
  /// One linear instrument.
  explicit MoneyCheck(const Terms& terms) : terms_(terms) {}

  void market(const MarketEvent& e);    // on risk's ring
  void command(std::uint64_t number, const OrderCommand& c);
  void report(const ExecReport& r);
  /// Empty, or the first thing that did not hold.
  const std::string& wrong() const { return wrong_; }
  /// The same for what must hold in the end.
  struct Halt {
    TimeNs at = TimeNs::max();  // nothing may be opened after it; max: none
    bool must_be_flat = false;  // it was long enough before the end
  };
  std::string at_end(const RiskCore& risk, const PaperVenue& venue, const Halt& halt) const;

  std::uint64_t opens() const { return opens_; }
  std::uint64_t fills() const { return fills_; }
  /// Commands and fills while the book was not valid.
  std::uint64_t exits_on_invalid_book() const { return exits_on_invalid_book_; }

 private:
  struct BookAt {
    TimeNs at;
    BookState state;
  };
  void tell(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }
  void opening(TimeNs now, const OrderCommand& c);
  bool book_may_be_valid(TimeNs now) const;
  __int128 value_e8(std::int64_t lots, std::int64_t price_e8) const;
  __int128 value_at_ticks(std::int64_t lots, std::int64_t ticks) const;

  Terms terms_;
  std::string wrong_;
  std::vector<BookAt> books_;
  std::set<std::uint64_t> answered_, fill_ids_, orders_;
  std::uint64_t commands_ = 0;
  std::uint64_t opens_ = 0, fills_ = 0, exits_on_invalid_book_ = 0;
  std::int64_t position_ = 0;      // lots
  __int128 traded_e8_ = 0;         // money received less money paid, before fees
  __int128 fees_e8_ = 0, funding_e8_ = 0;
  std::int64_t last_bid_ = 0, last_ask_ = 0;
  TimeNs last_open_{TimeNs::min()};
};

}  // namespace pinstripe::sim
