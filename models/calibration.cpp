#include "models/model_file.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

double inside(double p) noexcept {
  if (p < kProbabilityMin) return kProbabilityMin;
  if (p > 1.0 - kProbabilityMin) return 1.0 - kProbabilityMin;
  return p;
}

double logistic(double x) noexcept { return 1.0 / (1.0 + exp_fixed(-x)); }

double isotonic(const Calibration& c, double margin) noexcept {
  const std::size_t n = c.margins.size();
  if (margin <= c.margins[0]) return c.probabilities[0];
  if (margin >= c.margins[n - 1]) return c.probabilities[n - 1];
  std::size_t low = 0, high = n - 1;  // margins[low] <= margin < margins[high]
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    if (c.margins[middle] <= margin) low = middle; else high = middle;
  }
  const double share = (margin - c.margins[low]) / (c.margins[high] - c.margins[low]);
  return c.probabilities[low] + share * (c.probabilities[high] - c.probabilities[low]);
}

}  // namespace

double calibrated(const Calibration& calibration, double margin) noexcept {
  const bool finite = margin - margin == 0.0;
  if (!finite) return 0.5;
  switch (calibration.kind) {
    case CalibrationKind::kPlatt: return inside(logistic(calibration.a * margin + calibration.b));
    case CalibrationKind::kIsotonic: return inside(isotonic(calibration, margin));
    case CalibrationKind::kNone: break;
  }
  return inside(logistic(margin));
}

}  // namespace pinstripe
