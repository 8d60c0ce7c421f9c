// Settings of exec and of its paper venue. Plain values with the defaults of trading.md; the JSON
// form is read by exec_config_json.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/market/instrument.h"

namespace pinstripe {

/// How a resting order's place in the queue moves (trading.md 6); see exec/queue_model.h.
enum class QueueModelKind : std::uint8_t { kRiskAverse = 0, kProbPower = 1, kProbLog = 2 };

/// What happens to an order that must trade at once and may only reduce, while the book is invalid.
enum class InvalidBookReduce : std::uint8_t {
  kFillAtLimit = 0,  // filled completely at its own limit, the worst price it allows
  kReject = 1,       // rejected with reason book_invalid
};

/// One settled funding rate: `rate_e8` (ratio x 1e8) is due at `time_ns`.
struct FundingEntry {
  std::int64_t time_ns = 0;
  std::int64_t rate_e8 = 0;
};

/// A file of settled rates (exec/funding_file.h) for one instrument.
struct FundingFile {
  std::string instrument;  // canonical id; "" for every perpetual of the session
  std::string path;
};

/// Cross margin of the perpetuals (exec/margin.h).
struct MarginConfig {
  bool on = false;
  std::string tiers_file;                    // exec/tiers_file.h; "": those of the instrument table
  std::int64_t opening_e8 = 0;               // cash of each account; 0: what risk opens with
  std::int64_t liquidation_fee_e8 = 1'200'000;  // of the notional, ratio x 1e8, beside the taker's
};

struct ExecConfig {
  std::vector<Instrument> instruments;  // index = instrument id; filled by the session

  /// Order latency, command sent -> arrival at the venue. The table, where it is not empty, is
  /// drawn from evenly (counter-based: seed, order id, command number); else the constant.
  std::int64_t order_latency_ns = 2'000'000;
  std::vector<std::int64_t> order_latency_table_ns;
  /// Venue -> us, for reports; modelled by the runner on the reports ring. > 0 (protocol 4).
  std::int64_t response_latency_ns = 2'000'000;
  std::vector<std::int64_t> response_latency_table_ns;  // not empty: drawn from it instead
  std::uint64_t latency_seed = 1;

  QueueModelKind queue_model = QueueModelKind::kRiskAverse;
  std::int64_t queue_power = 3;  // prob_power: exponent, 1..8
  InvalidBookReduce invalid_book_reduce = InvalidBookReduce::kFillAtLimit;

  std::vector<FundingFile> funding_files;  // as the config names them; loaded into `funding`
  /// Settled rates by instrument id, rising in time; may be shorter than `instruments`.
  std::vector<std::vector<FundingEntry>> funding;
  /// Instants assumed where neither a file nor the venue names them, from the Unix epoch on.
  std::int64_t funding_interval_ns = 8 * 3600 * kNsPerSecond;

  MarginConfig margin;

  std::vector<std::uint16_t> market_ring_ids;  // by lane: `cause_ring` of market events
  std::uint16_t orders_ring_id = 0xFFFF;       // `cause_ring` of order commands

  std::int64_t book_levels_max = 8192;    // a side
  std::int64_t resting_orders_max = 256;  // an instrument
  std::int64_t in_flight_max = 4096;      // commands on their way to the venue
};

}  // namespace pinstripe
