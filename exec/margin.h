// Cross margin of the paper venue's perpetuals: one account per settle asset (trading.md 1).
//
//   equity       cash + sum of unrealised profits, each position at its mark
//   maintenance  sum over positions: notional at mark x rate of its tier - deduction of that tier
//   exhausted    a position is held and equity <= maintenance
//
// The mark is the venue's; where no mark came, the mid of a valid book. An account settled in a
// coin opens at the opening cash over the first valid mid. Roundings are against us: notional,
// maintenance and fees up, profits and equity down.
//
// Unrealistic: spot lies in another wallet and counts nowhere here; the last tier holds for any
// notional beyond its cap; there is no initial margin, so an order is refused by risk's leverage
// limits or not at all; nobody borrows, lends or pays in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exec/exec_config.h"
#include "shm/base/state_io.h"
#include "shm/market/position.h"

namespace pinstripe {

/// Maintenance of a position worth `notional_e8`, 1e-8 settle, rounded up; never below 0.
MoneyE8 maintenance_of(const std::vector<MarginTier>& tiers, MoneyE8 notional_e8) noexcept;

class Margin {
 public:
  Margin(const MarginConfig& config, const std::vector<Instrument>& instruments);

  /// False where none is configured; nothing below may be called then.
  bool on() const noexcept { return !accounts_.empty(); }
  /// True for perpetuals; spot has no part in it.
  bool covers(std::uint16_t instrument) const noexcept { return parts_[instrument].account >= 0; }

  void fill(std::uint16_t instrument, Side side, PriceTicks price, QtyLots qty,
            MoneyE8 fee) noexcept;
  void funding(std::uint16_t instrument, MoneyE8 cash) noexcept;
  /// What the instrument's position is worth now, 1e-8 quote; > 0.
  void value(std::uint16_t instrument, std::int64_t price_e8) noexcept;
  /// A valid mid, 1e-8 quote: opens the account of an inverse instrument, once.
  void see_mid(std::uint16_t instrument, std::int64_t mid_e8) noexcept;

  std::size_t accounts() const noexcept { return accounts_.size(); }
  std::size_t account_of(std::uint16_t instrument) const noexcept {
    return static_cast<std::size_t>(parts_[instrument].account);
  }
  bool exhausted(std::size_t account) const noexcept {
    const Account& a = accounts_[account];
    return a.held > 0 && a.cash_e8 + a.unrealised_e8 <= a.maintenance_e8;
  }
  MoneyE8 equity(std::size_t account) const noexcept {
    return MoneyE8(accounts_[account].cash_e8 + accounts_[account].unrealised_e8);
  }
  MoneyE8 maintenance(std::size_t account) const noexcept {
    return MoneyE8(accounts_[account].maintenance_e8);
  }
  /// The price at which the position was last valued, 1e-8 quote.
  std::int64_t valued_at_e8(std::uint16_t instrument) const noexcept {
    return parts_[instrument].valued_at_e8;
  }

  void save(StateWriter& w) const noexcept;
  /// False where the saved positions are impossible.
  bool load(StateReader& r);

 private:
  struct Account {
    std::string settle;
    bool funded = false;
    std::int64_t cash_e8 = 0;
    // sums over the account's positions
    std::int64_t unrealised_e8 = 0;
    std::int64_t maintenance_e8 = 0;
    std::int64_t held = 0;  // positions that are not flat
  };
  /// One instrument's part in its account.
  struct Part {
    PositionAccount position;
    std::int64_t valued_at_e8 = 0;  // 0: not yet
    std::int64_t unrealised_e8 = 0;
    std::int64_t maintenance_e8 = 0;
    int account = -1;               // -1: spot
  };
  void refresh(std::uint16_t instrument) noexcept;

  std::vector<Instrument> instruments_;
  std::int64_t opening_e8_;
  std::vector<Part> parts_;          // by instrument
  std::vector<Account> accounts_;
};

}  // namespace pinstripe
