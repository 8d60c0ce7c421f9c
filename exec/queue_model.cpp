#include "exec/queue_model.h"

#include <algorithm>

#include "shm/base/math.h"

namespace pinstripe {

QtyLots QueuePlace::trade(QtyLots qty, QtyLots own_before) noexcept {
  const QtyLots reach = qty - own_before;  // >= 0: own earlier orders fill from this trade
  traded_since_book += reach;
  const QtyLots beyond(std::max<std::int64_t>(0, (reach - ahead).value));
  ahead = QtyLots(std::max<std::int64_t>(0, (ahead - reach).value));
  return beyond;
}

double QueueModel::share_ahead(QtyLots ahead, QtyLots behind) const noexcept {
  const auto weight = [this](QtyLots q) noexcept {
    const auto x = static_cast<double>(q.value);
    if (kind == QueueModelKind::kProbLog) return log_fixed(1.0 + x);
    double product = 1.0;
    for (std::int64_t i = 0; i < power; ++i) product *= x;
    return product;
  };
  const double front = weight(ahead);
  const double sum = front + weight(behind);
  return sum > 0 ? front / sum : 0.0;
}

void QueueModel::level_changed(QueuePlace& place, QtyLots before, QtyLots after) const noexcept {
  const std::int64_t unexplained = (before - after - place.traded_since_book).value;
  if (kind != QueueModelKind::kRiskAverse && unexplained > 0) {
    // The level as it stands after the trades that we saw, split at our place.
    const QtyLots level = before - place.traded_since_book;
    const QtyLots behind(std::max<std::int64_t>(0, (level - place.ahead).value));
    const double share = share_ahead(place.ahead, behind);
    auto gone = static_cast<std::int64_t>(share * static_cast<double>(unexplained));
    gone = std::max(gone, unexplained - behind.value);  // behind cannot lose more than it holds
    place.ahead = QtyLots(std::max<std::int64_t>(0, place.ahead.value - gone));
  }
  place.traded_since_book = QtyLots(0);
  place.ahead = std::min(place.ahead, after);
}

}  // namespace pinstripe
