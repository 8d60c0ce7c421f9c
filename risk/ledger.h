// Positions and money, from execution reports only, in integers.
//
// One account per settle asset. cash = opening + realised profit - fees + funding; a spot position
// counts in cash at what it cost, so equity = cash + unrealised profit in every market. Quantities
// are booked in position units: a lot, and for spot 1e-8 base, so that a fee taken in base is
// exact.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "risk/risk_config.h"
#include "risk/windows.h"
#include "shm/market/position.h"
#include "shm/msg/exec_report.h"

namespace pinstripe {

/// Money of one instrument.
struct InstrumentMoney {
  PositionAccount position;
  std::int64_t units_per_lot = 1;
  std::int64_t valued_at_e8 = 0;     // price of the last valuation, 1e-8 quote; 0: none yet
  std::int64_t realised_e8 = 0;
  std::int64_t unrealised_e8 = 0;
  std::int64_t fees_e8 = 0;
  std::int64_t funding_e8 = 0;
  std::int64_t trade_net_e8 = 0;     // realised - fees + funding since the position was last flat
  std::int64_t trades_closed = 0;
  std::int64_t wins = 0;
  std::int64_t won_e8 = 0;           // sums over closed trades
  std::int64_t lost_e8 = 0;
  std::uint32_t account = 0;

  std::int64_t gross_e8() const noexcept { return realised_e8 + unrealised_e8; }
  std::int64_t net_e8() const noexcept { return gross_e8() - fees_e8 + funding_e8; }
  /// Whole lots held, signed, rounded towards zero (spot dust below a lot cannot be traded).
  std::int64_t lots() const noexcept { return position.units() / units_per_lot; }
};

/// How far an account is shut: 0 open, 1 no opens, 2 everything is closed.
enum class HaltLevel : std::uint8_t { kNone = 0, kNoOpens = 1, kFlatten = 2 };

struct SettleAccount {
  std::string settle;
  bool coin = false;                 // settled in a coin: funded at the first valid mid
  bool funded = false;
  std::int64_t opening_e8 = 0;
  std::int64_t cash_e8 = 0;
  std::int64_t unrealised_e8 = 0;
  std::int64_t peak_e8 = 0;
  HaltLevel level = HaltLevel::kNone;  // latched by drawdown until resumed
  EquityDay day;

  std::int64_t equity_e8() const noexcept { return cash_e8 + unrealised_e8; }
};

/// What a booked fill did to the position.
struct Booked {
  bool opened = false;               // was flat before
  bool flat = false;                 // no whole lot is left
  bool lost = false;                 // the closed trade's net was below zero
};

class Ledger {
 public:
  explicit Ledger(const RiskConfig& config);

  /// Books a fill of `lots` > 0 at `price`; a fee in base is taken out of the position at the
  /// fill's price. The account's equity is up to date afterwards.
  Booked fill(std::uint32_t instrument, Side side, PriceTicks price, std::int64_t lots,
              std::int64_t fee_e8, bool fee_in_base) noexcept;
  /// Funding changes cash, never position.
  void funding(std::uint32_t instrument, std::int64_t cash_e8) noexcept;
  /// Values the position at `price_e8` (> 0).
  void value(std::uint32_t instrument, std::int64_t price_e8) noexcept;
  /// Opens a coin account at the first valid mid. No effect when it is open.
  void fund(std::uint32_t instrument, double mid_e8) noexcept;
  /// After money moved: peak, daily window, drawdown levels. True when the level rose.
  bool update_levels(std::uint32_t account, std::int64_t now_ns) noexcept;
  /// Deposits (> 0) and withdrawals move cash and peak, not the drawdown.
  void transfer(std::uint32_t account, std::int64_t amount_e8) noexcept;
  /// Loss over the daily window at or above its limit.
  bool daily_loss_hit(std::uint32_t account) const noexcept;
  /// Takes back every latched level; `new_peak` starts the drawdown afresh at the present equity.
  void resume(bool new_peak) noexcept;

  const InstrumentMoney& money(std::uint32_t instrument) const noexcept {
    return money_[instrument];
  }
  const SettleAccount& account_of(std::uint32_t instrument) const noexcept {
    return accounts_[money_[instrument].account];
  }
  const std::vector<SettleAccount>& accounts() const noexcept { return accounts_; }

  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

 private:
  void close_trade(InstrumentMoney& m, Booked& out) noexcept;

  const RiskConfig& config_;
  std::vector<InstrumentMoney> money_;
  std::vector<SettleAccount> accounts_;
};

}  // namespace pinstripe
