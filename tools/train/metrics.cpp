#include "tools/train/metrics.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

double loss_of(const Forecast& f) {
  return -log_fixed(f.up ? f.probability : 1 - f.probability);
}

/// Rows sorted by probability, with the runs of equal ones, so that a weighted AUC is one pass.
struct Ranking {
  std::vector<std::size_t> order;
  std::vector<std::uint8_t> ends_run;  // the last of equal probabilities

  explicit Ranking(std::span<const Forecast> rows) : order(rows.size()), ends_run(rows.size()) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return rows[a].probability < rows[b].probability;
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
      ends_run[i] = i + 1 == order.size() ||
                    rows[order[i]].probability < rows[order[i + 1]].probability;
    }
  }
};

/// `weight(row)` is how often the row counts.
template <class Weight>
double weighted_auc(std::span<const Forecast> rows, const Ranking& ranking, Weight weight) {
  double downs = 0, ups = 0, run_downs = 0, run_ups = 0, pairs = 0;
  for (std::size_t i = 0; i < ranking.order.size(); ++i) {
    const std::size_t row = ranking.order[i];
    (rows[row].up ? run_ups : run_downs) += weight(row);
    if (ranking.ends_run[i] == 0) continue;
    pairs += run_ups * (downs + 0.5 * run_downs);
    downs += run_downs;
    ups += run_ups;
    run_downs = run_ups = 0;
  }
  return downs > 0 && ups > 0 ? pairs / (downs * ups) : 0.5;
}

Interval middle_95(std::vector<double> draws) {
  if (draws.empty()) return {};
  std::sort(draws.begin(), draws.end());
  const std::size_t cut = draws.size() / 40;
  return {draws[cut], draws[draws.size() - 1 - cut]};
}

/// Sums over one block, so that a draw adds blocks and not rows.
struct BlockSums {
  double count = 0, model = 0, prior = 0, imbalance = 0;
};

}  // namespace

double log_loss(std::span<const Forecast> rows) {
  double sum = 0;
  for (const Forecast& f : rows) sum += loss_of(f);
  return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

double brier_score(std::span<const Forecast> rows) {
  double sum = 0;
  for (const Forecast& f : rows) {
    const double miss = f.probability - (f.up ? 1.0 : 0.0);
    sum += miss * miss;
  }
  return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

double auc(std::span<const Forecast> rows) {
  return weighted_auc(rows, Ranking(rows), [](std::size_t) { return 1.0; });
}

std::array<ReliabilityBin, 10> reliability(std::span<const Forecast> rows) {
  std::array<ReliabilityBin, 10> bins{};
  for (const Forecast& f : rows) {
    const auto at = std::min<std::size_t>(9, static_cast<std::size_t>(f.probability * 10));
    ++bins[at].count;
    bins[at].mean_probability += f.probability;
    bins[at].share_up += f.up ? 1 : 0;
  }
  for (ReliabilityBin& bin : bins) {
    if (bin.count == 0) continue;
    bin.mean_probability /= static_cast<double>(bin.count);
    bin.share_up /= static_cast<double>(bin.count);
  }
  return bins;
}

Bootstrap block_bootstrap(std::span<const Forecast> model, std::span<const Forecast> prior,
                          std::span<const Forecast> imbalance, std::span<const std::int64_t> block,
                          std::uint64_t seed, int draws) {
  PINSTRIPE_CHECK(model.size() == prior.size() && model.size() == imbalance.size() &&
                      model.size() == block.size(), "bootstrap spans have one length");
  std::map<std::int64_t, std::size_t> number;
  for (const std::int64_t b : block) number.emplace(b, number.size());
  std::vector<BlockSums> sums(number.size());
  std::vector<std::size_t> block_of(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    block_of[i] = number.at(block[i]);
    BlockSums& s = sums[block_of[i]];
    s.count += 1;
    s.model += loss_of(model[i]);
    s.prior += loss_of(prior[i]);
    s.imbalance += loss_of(imbalance[i]);
  }
  Bootstrap result;
  result.blocks = static_cast<std::int64_t>(sums.size());
  if (sums.size() < 2) return result;

  const Ranking ranking(model);
  std::vector<double> aucs, losses, priors, imbalances;
  std::vector<double> times(sums.size());
  for (int draw = 0; draw < draws; ++draw) {
    std::fill(times.begin(), times.end(), 0.0);
    BlockSums all;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::uint64_t r = random_draw(seed, 1, static_cast<std::uint64_t>(draw), i);
      const auto pick = static_cast<std::size_t>(r % sums.size());
      times[pick] += 1;
      all.count += sums[pick].count;
      all.model += sums[pick].model;
      all.prior += sums[pick].prior;
      all.imbalance += sums[pick].imbalance;
    }
    aucs.push_back(weighted_auc(model, ranking, [&](std::size_t row) {
      return times[block_of[row]];
    }));
    losses.push_back(all.model / all.count);
    priors.push_back((all.model - all.prior) / all.count);
    imbalances.push_back((all.model - all.imbalance) / all.count);
  }
  result.auc = middle_95(std::move(aucs));
  result.log_loss = middle_95(std::move(losses));
  result.against_prior = middle_95(std::move(priors));
  result.against_imbalance = middle_95(std::move(imbalances));
  return result;
}

}  // namespace pinstripe
