// The account at the end of a session: what was decided, traded, refused, paid and how fast.
//
// Made from the stages' counters and digests alone, so five processes and one thread give the same
// one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tools/session/snapshot.h"
#include "tools/session/watch_marks.h"

namespace pinstripe {

struct InstrumentAccount {
  std::string id;
  std::string settle_asset;
  std::int64_t position_lots = 0;
  std::int64_t gross_pnl_e8 = 0;   // closed trades and open position, before fees and funding
  std::int64_t fees_e8 = 0;        // paid > 0
  std::optional<std::int64_t> funding_e8;  // received > 0; nothing: a rate was not known
  std::int64_t net_pnl_e8 = 0;     // gross - fees + funding
  std::int64_t turnover_e8 = 0;    // sum of |notional| of the fills
  std::int64_t orders = 0;
  std::int64_t fills = 0;
  std::optional<double> fill_ratio;        // orders with a fill over orders
  std::optional<double> markout_1s_bps, markout_5s_bps;              // mean of all fills
  std::optional<double> maker_markout_1s_bps, maker_markout_5s_bps;  // of passive fills
  std::optional<double> break_even_bps;    // fee per side at which net would be 0
  double maker_fee_bps = 0;
  double taker_fee_bps = 0;
  bool mark_is_mid = false;        // no mark price was sent: the mid stands in
};

struct Account {
  std::string session;
  std::int64_t simulated_ns = 0;
  std::int64_t events = 0, level_changes = 0, signals = 0, neutral = 0, orders = 0, fills = 0;
  std::vector<std::pair<std::string, std::int64_t>> denials;   // reason, count > 0
  std::vector<std::pair<std::string, std::int64_t>> neutrals;  // reason, count > 0
  std::int64_t lost = 0;               // published on a lossless ring and never taken
  bool resumable = false;              // it left off: `lost` waits for who resumes it
  std::int64_t gaps = 0, bad_lines = 0, dropped_by_policy = 0, members_left_out = 0;
  bool in_sample = false;
  bool live = false;                   // digests are of this run alone, as replay confirms them
  std::int64_t liquidations = 0;       // positions that the venue closed for want of margin
  bool perturbed = false;              // a control message was taken
  std::vector<InstrumentAccount> instruments;
  std::uint64_t orders_digest = 0, signals_digest = 0;
  std::uint64_t state_hash = 0;        // of all stages' states at the end, see session_state_hash
  std::string journal;                 // folder of the journal; "": none was written
  std::optional<WatchShot> watch;      // of live markets, how they were watched; not of a replay
  std::optional<LatencyShot> tick_to_order;  // nothing at speed max
  std::vector<StageShot> hops;         // in topology order
};

/// Event time that the session has run: of the data, as far as exec has come; live, since its clock
/// was calibrated, as far as its feeds have come (0 where that is gone).
std::int64_t simulated_ns(const SessionPlan& plan, const SessionShot& shot);
Account make_account(const SessionPlan& plan, const SessionShot& shot);
/// One JSON object (without line ends); keys: tools/README.md.
std::string account_json(const Account& account);
/// For people, within 100 columns.
std::string account_text(const SessionPlan& plan, const Account& account);

/// Its first part: what was decided, refused and earned.
std::string decisions_text(const SessionPlan& plan, const Account& account);

/// One hash of the stages' state hashes, which stand in topology order.
std::uint64_t session_state_hash(std::span<const std::uint64_t> by_stage) noexcept;

/// "0x" and 16 hex digits.
std::string shown_digest(std::uint64_t digest);

}  // namespace pinstripe
