#include "tools/train/evaluate.h"

#include <algorithm>
#include <numeric>

namespace pinstripe {
namespace {

constexpr double kEnter = 0.55;  // the shipped entry threshold (trading.md 5)

std::array<Decile, 10> deciles_of(std::span<const TestRow> rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rows[a].probability < rows[b].probability;
  });
  std::array<Decile, 10> deciles{};
  for (std::size_t k = 0; k < 10; ++k) {
    Decile& d = deciles[k];
    double p = 0, r = 0;
    for (std::size_t i = rows.size() * k / 10; i < rows.size() * (k + 1) / 10; ++i) {
      ++d.count;
      p += rows[order[i]].probability;
      r += rows[order[i]].r_bps;
    }
    if (d.count == 0) continue;
    d.mean_probability = p / static_cast<double>(d.count);
    d.mean_r_bps = r / static_cast<double>(d.count);
  }
  return deciles;
}

/// Means over all rows: sizes, costs, and what the confident ones would have caught.
void sum_rows(std::span<const TestRow> rows, Evaluation& e) {
  double confident = 0, gain = 0, sizes = 0, maker = 0, taker = 0;
  for (const TestRow& row : rows) {
    sizes += row.r_bps < 0 ? -row.r_bps : row.r_bps;
    maker += row.maker_cost_bps;
    taker += row.taker_cost_bps;
    if (row.probability > 1 - kEnter && row.probability < kEnter) continue;
    confident += 1;
    gain += row.probability > 0.5 ? row.r_bps : -row.r_bps;
  }
  const auto n = static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  e.mean_abs_r_bps = sizes / n;
  e.maker_cost_bps = maker / n;
  e.taker_cost_bps = taker / n;
  e.confident_share = confident / n;
  e.confident_gain_bps = confident > 0 ? gain / confident : 0;
}

}  // namespace

Evaluation evaluate(std::span<const TestRow> rows, std::int64_t observed_ns,
                    std::int64_t horizon_ns) {
  Evaluation e;
  std::vector<Forecast> model, prior, imbalance;
  std::vector<std::int64_t> blocks;
  double right = 0;
  for (const TestRow& row : rows) {
    if (row.r_bps == 0) continue;  // no direction; counted in unchanged_share and the deciles
    const bool up = row.r_bps > 0;
    model.push_back({row.probability, up});
    prior.push_back({row.prior, up});
    imbalance.push_back({row.imbalance, up});
    blocks.push_back(row.block);
    right += (row.probability > 0.5) == up ? 1 : 0;
  }
  e.rows = static_cast<std::int64_t>(rows.size());
  e.moved = static_cast<std::int64_t>(model.size());
  e.n_effective = static_cast<double>(observed_ns) / static_cast<double>(horizon_ns);
  sum_rows(rows, e);
  e.deciles = deciles_of(rows);
  if (rows.empty() || model.empty()) return e;
  e.unchanged_share = 1 - static_cast<double>(e.moved) / static_cast<double>(e.rows);
  e.accuracy = right / static_cast<double>(e.moved);
  e.log_loss = log_loss(model);
  e.auc = auc(model);
  e.brier = brier_score(model);
  e.prior_log_loss = log_loss(prior);
  e.prior_brier = brier_score(prior);
  e.imbalance_log_loss = log_loss(imbalance);
  e.imbalance_auc = auc(imbalance);
  e.imbalance_brier = brier_score(imbalance);
  e.interval = block_bootstrap(model, prior, imbalance, blocks, 1);
  e.bins = reliability(model);
  e.beats_baseline = e.log_loss < e.prior_log_loss && e.log_loss < e.imbalance_log_loss &&
                     e.auc > 0.5 && e.auc >= e.imbalance_auc;
  return e;
}

}  // namespace pinstripe
