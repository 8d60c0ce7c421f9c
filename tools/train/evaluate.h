// What a model is worth on rows that nothing was fitted on (trading.md 4, "cannot flatter").
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/train/metrics.h"

namespace pinstripe {

/// One test row with everything it is judged by.
struct TestRow {
  double probability = 0.5;    // calibrated, of "up"
  double prior = 0.5;          // baseline: class prior of the fitted rows
  double imbalance = 0.5;      // baseline: one-feature logistic on the touch imbalance
  double r_bps = 0;            // what the mid did
  double maker_cost_bps = 0;   // round trip of the row's instrument
  double taker_cost_bps = 0;
  std::int64_t block = 0;      // for the bootstrap
};

struct Decile {
  std::int64_t count = 0;
  double mean_probability = 0.5;
  double mean_r_bps = 0;
};

struct Evaluation {
  std::int64_t rows = 0;              // all decisions after the embargo, unchanged ones included
  std::int64_t moved = 0;             // of them, those whose mid moved: a direction exists
  double unchanged_share = 0;
  double n_effective = 0;             // observed test time / horizon
  double log_loss = 0, auc = 0.5, brier = 0;              // over `moved`, threshold band included
  double prior_log_loss = 0, prior_brier = 0;             // its AUC is 0.5 by definition
  double imbalance_log_loss = 0, imbalance_auc = 0.5, imbalance_brier = 0;
  double accuracy = 0;                // over `moved`; stands beside unchanged_share
  Bootstrap interval;
  std::array<ReliabilityBin, 10> bins{};
  std::array<Decile, 10> deciles{};   // all rows, by predicted edge, lowest first
  double mean_abs_r_bps = 0;          // all rows
  double confident_share = 0;         // of all rows with p >= 0.55 or <= 0.45
  double confident_gain_bps = 0;      // mean r in the predicted direction over those, before costs
  double maker_cost_bps = 0, taker_cost_bps = 0;          // mean over rows
  bool beats_baseline = false;        // lower log-loss than both, no lower AUC than imbalance
};

/// `observed_ns`: event time covered by the rows.
Evaluation evaluate(std::span<const TestRow> rows, std::int64_t observed_ns,
                    std::int64_t horizon_ns);

/// The evaluation block of a model file (keys with units), and the same for people.
std::string evaluation_json(const Evaluation& e);
std::string evaluation_text(const std::string& title, const Evaluation& e);

}  // namespace pinstripe
