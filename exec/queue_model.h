// Where a resting order stands in its level's queue (trading.md 6). All in lots.
//
// The venue shows a level's quantity, not our place in it, so each model is a guess:
//   risk_averse  only trades at the price move us forward; a level that shrinks below the quantity
//                ahead of us clips it. Unrealistic side: nobody ahead ever cancels, so real orders
//                fill somewhat sooner.
//   prob_power,  of a decrease that trades since the level's last book event do not explain, the
//   prob_log     share f(ahead) / (f(ahead) + f(behind)) is taken as cancelled ahead of us, f(x) =
//                x^power or log(1 + x) (the probability models of hftbacktest). Unrealistic side:
//                cancels know nothing of each other or of the price to come; the filled ones are
//                then too lucky.
// Roundings keep quantity ahead of us, never behind.
#pragma once

#include "exec/exec_config.h"
#include "shm/base/units.h"

namespace pinstripe {

/// Place in the queue of one resting order.
struct QueuePlace {
  QtyLots ahead;              // public quantity ahead of us
  QtyLots traded_since_book;  // traded at our price since the level's last book event

  /// A trade of `qty` at our price reached the level; `own_before` of it filled own earlier orders.
  /// Returns what of it reaches beyond the queue, to us.
  QtyLots trade(QtyLots qty, QtyLots own_before) noexcept;
};

struct QueueModel {
  QueueModelKind kind = QueueModelKind::kRiskAverse;
  std::int64_t power = 3;

  /// The level of the order went from `before` to `after` displayed lots.
  void level_changed(QueuePlace& place, QtyLots before, QtyLots after) const noexcept;
  /// Share of an unexplained decrease that lies ahead, [0, 1].
  double share_ahead(QtyLots ahead, QtyLots behind) const noexcept;
};

}  // namespace pinstripe
