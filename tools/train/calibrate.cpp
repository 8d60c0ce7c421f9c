#include "tools/train/calibrate.h"

#include <algorithm>
#include <vector>

#include "shm/base/math.h"

namespace pinstripe {
namespace {

double sigmoid(double v) { return 1 / (1 + exp_fixed(-v)); }

struct Block {
  double margin_sum = 0, ups = 0, count = 0;
  double share() const { return ups / count; }
  void join(const Block& b) {
    margin_sum += b.margin_sum;
    ups += b.ups;
    count += b.count;
  }
};

std::vector<Block> pooled(const std::vector<Scored>& sorted, std::size_t rows_min) {
  std::vector<Block> blocks;
  Block open;
  for (const Scored& s : sorted) {
    open.join({s.margin, s.up ? 1.0 : 0.0, 1});
    if (open.count < static_cast<double>(rows_min)) continue;
    blocks.push_back(open);
    open = Block{};
  }
  if (open.count > 0 && !blocks.empty()) blocks.back().join(open);
  if (open.count > 0 && blocks.empty()) blocks.push_back(open);
  std::vector<Block> rising;
  for (const Block& b : blocks) {
    rising.push_back(b);
    while (rising.size() > 1 && rising[rising.size() - 2].share() >= rising.back().share()) {
      rising[rising.size() - 2].join(rising.back());
      rising.pop_back();
    }
  }
  return rising;
}

}  // namespace

Calibration fit_platt(std::span<const Scored> rows, double overlap) {
  Calibration c;
  c.kind = CalibrationKind::kPlatt;
  double ups = 0;
  for (const Scored& s : rows) ups += s.up ? 1 : 0;
  const double downs = static_cast<double>(rows.size()) - ups;
  const double target_up = (ups + 1) / (ups + 2);
  const double target_down = 1 / (downs + 2);
  c.a = 1;
  constexpr int kStepsMax = 100;
  for (int step = 0; step < kStepsMax; ++step) {
    const double stiffness = overlap / (kSlopeDeviation * kSlopeDeviation);
    double slope = stiffness * (c.a - 1);
    double curve = stiffness;
    for (const Scored& s : rows) {
      const double p = sigmoid(c.a * s.margin);
      slope += (p - (s.up ? target_up : target_down)) * s.margin;
      curve += p * (1 - p) * s.margin * s.margin;
    }
    double next = c.a - std::clamp(slope / curve, -1.0, 1.0);
    if (next < 0) next = 0;
    const double moved = next > c.a ? next - c.a : c.a - next;
    c.a = next;
    if (moved < 1e-10) break;
  }
  return c;
}

Calibration fit_isotonic(std::span<const Scored> rows, std::size_t rows_min) {
  std::vector<Scored> sorted;
  sorted.reserve(rows.size() * 2);
  for (const Scored& s : rows) {
    sorted.push_back(s);
    sorted.push_back({-s.margin, !s.up});
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Scored& a, const Scored& b) { return a.margin < b.margin; });
  Calibration c;
  c.kind = CalibrationKind::kIsotonic;
  for (const Block& b : pooled(sorted, rows_min)) {
    const double margin = b.margin_sum / b.count;
    if (!c.margins.empty() && margin <= c.margins.back()) continue;
    c.margins.push_back(margin);
    c.probabilities.push_back((b.ups + 1) / (b.count + 2));
  }
  for (std::size_t i = 1; i < c.probabilities.size(); ++i) {
    c.probabilities[i] = std::max(c.probabilities[i], c.probabilities[i - 1]);
  }
  if (c.margins.empty()) {
    c.margins = {0.0};
    c.probabilities = {0.5};
  }
  return c;
}

}  // namespace pinstripe
