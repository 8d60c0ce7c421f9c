#include "tools/train/fit_dense.h"

#include <algorithm>
#include <cmath>

#include "models/dense.h"
#include "shm/base/hash.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

double sigmoid(double v) { return 1 / (1 + exp_fixed(-v)); }

/// All rows standardised by the code that trading uses.
std::vector<float> standardised(const Dataset& data, const ModelFile& model) {
  std::vector<float> z(data.x.size());
  for (std::size_t i = 0; i < data.rows(); ++i) {
    standardise(model.mean, model.scale, data.row(i),
                std::span<float>(z.data() + i * data.inputs, data.inputs));
  }
  return z;
}

/// Solves A x = b in place for a symmetric positive definite A of size n (Cholesky).
void solve(std::vector<double>& a, std::vector<double>& b, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) {
      const double f = a[j * n + k];
      for (std::size_t i = j; i < n; ++i) a[i * n + j] -= f * a[i * n + k];
    }
    const double root = std::sqrt(std::max(a[j * n + j], 1e-12));
    for (std::size_t i = j; i < n; ++i) a[i * n + j] /= root;
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

/// Gradient and Hessian (lower triangle) of the log-loss over all rows; the last weight is the
/// bias.
void newton_sums(const std::vector<float>& z, const Dataset& data, const std::vector<double>& w,
                 std::vector<double>& gradient, std::vector<double>& hessian) {
  const std::size_t n = w.size();
  std::vector<double> row(n, 1.0);
  for (std::size_t r = 0; r < data.rows(); ++r) {
    for (std::size_t i = 0; i + 1 < n; ++i) row[i] = z[r * data.inputs + i];
    double margin = 0;
    for (std::size_t i = 0; i < n; ++i) margin += w[i] * row[i];
    const double p = sigmoid(margin);
    const double miss = p - (data.up[r] != 0 ? 1.0 : 0.0);
    const double curve = p * (1 - p);
    for (std::size_t i = 0; i < n; ++i) {
      gradient[i] += miss * row[i];
      const double f = curve * row[i];
      for (std::size_t k = 0; k <= i; ++k) hessian[i * n + k] += f * row[k];
    }
  }
}

/// The network while it is being fitted, in double: w1 (hidden x inputs), b1, w2, b2 in one array.
struct Net {
  std::size_t inputs, hidden;
  std::vector<double> w;

  Net(std::size_t inputs_in, std::size_t hidden_in)
      : inputs(inputs_in), hidden(hidden_in), w(hidden * inputs + 2 * hidden + 1, 0.0) {}
  std::size_t b1() const { return hidden * inputs; }
  std::size_t w2() const { return b1() + hidden; }
  std::size_t b2() const { return w2() + hidden; }

  /// Adds the gradient of one row's log-loss to `g`; `h` is scratch of size hidden.
  void add_gradient(const float* z, bool up, std::vector<double>& g, std::vector<double>& h) const {
    double margin = w[b2()];
    for (std::size_t j = 0; j < hidden; ++j) {
      const double* row = w.data() + j * inputs;
      double sum = w[b1() + j];
      for (std::size_t i = 0; i < inputs; ++i) sum += row[i] * z[i];
      h[j] = tanh_fixed(sum);
      margin += w[w2() + j] * h[j];
    }
    const double miss = sigmoid(margin) - (up ? 1.0 : 0.0);
    g[b2()] += miss;
    for (std::size_t j = 0; j < hidden; ++j) {
      g[w2() + j] += miss * h[j];
      const double back = miss * w[w2() + j] * (1 - h[j] * h[j]);
      g[b1() + j] += back;
      double* row = g.data() + j * inputs;
      for (std::size_t i = 0; i < inputs; ++i) row[i] += back * z[i];
    }
  }
};

/// Start weights: uniform, spread 1/sqrt(inputs) (LeCun 1998), a function of the seed.
void start(Net& net, std::uint64_t seed) {
  const double spread = 1 / std::sqrt(static_cast<double>(net.inputs));
  for (std::size_t i = 0; i < net.w2() + net.hidden; ++i) {
    if (i >= net.b1() && i < net.w2()) continue;  // biases start at 0
    net.w[i] = spread * (2 * to_unit_interval(random_draw(seed, 2, i, 0)) - 1);
  }
}

/// Order of rows in one epoch: a Fisher-Yates shuffle drawn from the seed.
std::vector<std::uint32_t> shuffled(std::size_t rows, std::uint64_t seed, int epoch) {
  std::vector<std::uint32_t> order(rows);
  for (std::size_t i = 0; i < rows; ++i) order[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = rows; i > 1; --i) {
    const auto j = random_draw(seed, 3, static_cast<std::uint64_t>(epoch), i) % i;
    std::swap(order[i - 1], order[j]);
  }
  return order;
}

struct Adam {
  std::vector<double> m, v;
  double decay1 = 1, decay2 = 1;
  explicit Adam(std::size_t n) : m(n, 0.0), v(n, 0.0) {}

  void step(std::vector<double>& w, const std::vector<double>& g, double rate) {
    constexpr double kB1 = 0.9, kB2 = 0.999;
    decay1 *= kB1;
    decay2 *= kB2;
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = kB1 * m[i] + (1 - kB1) * g[i];
      v[i] = kB2 * v[i] + (1 - kB2) * g[i] * g[i];
      w[i] -= rate * (m[i] / (1 - decay1)) / (std::sqrt(v[i] / (1 - decay2)) + 1e-8);
    }
  }
};

void store(const Net& net, ModelFile& model) {
  const auto as_floats = [&](std::size_t from, std::size_t to) {
    std::vector<float> out;
    for (std::size_t i = from; i < to; ++i) out.push_back(static_cast<float>(net.w[i]));
    return out;
  };
  const auto inputs = static_cast<std::uint32_t>(net.inputs);
  const auto hidden = static_cast<std::uint32_t>(net.hidden);
  model.layers.clear();
  model.layers.push_back({inputs, hidden, as_floats(0, net.b1()), as_floats(net.b1(), net.w2())});
  model.layers.push_back({hidden, 1, as_floats(net.w2(), net.b2()),
                          as_floats(net.b2(), net.b2() + 1)});
}

/// True for inputs that vary: only those may carry weight.
std::vector<bool> varying(const Dataset& data) {
  std::vector<bool> varies(data.inputs, false);
  std::vector<float> first(data.inputs, 0);
  std::vector<bool> seen(data.inputs, false);
  for (std::size_t r = 0; r < data.rows(); ++r) {
    for (std::size_t i = 0; i < data.inputs; ++i) {
      const float v = data.row(r)[i];
      if (v != v) continue;
      if (seen[i] && v != first[i]) varies[i] = true;
      if (!seen[i]) first[i] = v;
      seen[i] = true;
    }
  }
  return varies;
}

}  // namespace

void fit_standardisation(const Dataset& data, ModelFile& model) {
  model.mean.assign(data.inputs, 0.0F);
  model.scale.assign(data.inputs, 1.0F);
  const std::vector<bool> varies = varying(data);
  for (std::size_t i = 0; i < data.inputs; ++i) {
    if (!varies[i]) continue;
    double sum = 0, squares = 0, count = 0;
    for (std::size_t r = 0; r < data.rows(); ++r) {
      const float v = data.row(r)[i];
      if (v != v) continue;
      sum += v;
      count += 1;
    }
    const double mean = sum / count;
    for (std::size_t r = 0; r < data.rows(); ++r) {
      const float v = data.row(r)[i];
      if (v != v) continue;
      squares += (v - mean) * (v - mean);
    }
    model.mean[i] = static_cast<float>(mean);
    const auto scale = static_cast<float>(std::sqrt(squares / count));
    if (scale > 0) model.scale[i] = scale;
  }
}

void fit_logistic(const Dataset& data, const DenseOptions& options, ModelFile& model) {
  fit_standardisation(data, model);
  const std::vector<float> z = standardised(data, model);
  const std::size_t n = data.inputs + 1;
  // Never quite 0: an input that never varies has no curvature of its own.
  const double ridge = std::max(options.ridge, 1e-9) * static_cast<double>(data.rows());
  std::vector<double> w(n, 0.0);
  constexpr int kStepsMax = 12;
  for (int step = 0; step < kStepsMax; ++step) {
    std::vector<double> gradient(n, 0.0), hessian(n * n, 0.0);
    newton_sums(z, data, w, gradient, hessian);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      gradient[i] += ridge * w[i];
      hessian[i * n + i] += ridge;
    }
    hessian[n * n - 1] += 1e-6;
    solve(hessian, gradient, n);
    double largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      w[i] -= gradient[i];
      largest = std::max(largest, std::fabs(gradient[i]));
    }
    if (largest < 1e-9) break;
  }
  const std::vector<bool> varies = varying(data);
  DenseLayer layer{static_cast<std::uint32_t>(data.inputs), 1, {}, {}};
  for (std::size_t i = 0; i < data.inputs; ++i) {
    layer.weights.push_back(varies[i] ? static_cast<float>(w[i]) : 0.0F);
  }
  layer.bias.push_back(static_cast<float>(w[n - 1]));
  model.layers.assign(1, std::move(layer));
}

void fit_mlp(const Dataset& data, const DenseOptions& options, ModelFile& model) {
  fit_standardisation(data, model);
  const std::vector<float> z = standardised(data, model);
  Net net(data.inputs, options.hidden);
  start(net, options.seed);
  Adam adam(net.w.size());
  std::vector<double> mean(net.w.size(), 0.0), g(net.w.size()), h(net.hidden);
  int averaged = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    const auto order = shuffled(data.rows(), options.seed, epoch);
    // The step shrinks in a straight line towards a tenth: the mean below then settles.
    const double rate = options.rate * (1 - 0.9 * epoch / static_cast<double>(options.epochs));
    for (std::size_t from = 0; from < order.size(); from += options.batch) {
      const std::size_t to = std::min<std::size_t>(order.size(), from + options.batch);
      std::fill(g.begin(), g.end(), 0.0);
      for (std::size_t k = from; k < to; ++k) {
        net.add_gradient(z.data() + order[k] * data.inputs, data.up[order[k]] != 0, g, h);
      }
      const double rows = static_cast<double>(to - from);
      for (std::size_t i = 0; i < g.size(); ++i) g[i] = g[i] / rows + options.ridge * net.w[i];
      adam.step(net.w, g, rate);
    }
    if (epoch * 2 < options.epochs) continue;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += net.w[i];
    ++averaged;
  }
  for (std::size_t i = 0; i < mean.size(); ++i) net.w[i] = mean[i] / std::max(averaged, 1);
  const std::vector<bool> varies = varying(data);
  for (std::size_t i = 0; i < net.b1(); ++i) {
    if (!varies[i % net.inputs]) net.w[i] = 0;  // never learned: what it holds is the start's noise
  }
  store(net, model);
}

std::vector<std::pair<std::string, double>> dense_importance(const ModelFile& model,
                                                             std::size_t count) {
  const DenseLayer& first = model.layers.front();
  std::vector<std::pair<std::string, double>> all;
  double sum = 0;
  for (std::size_t i = 0; i < first.inputs; ++i) {
    double size = 0;
    for (std::size_t j = 0; j < first.outputs; ++j) {
      const double out = model.layers.size() > 1 ? model.layers[1].weights[j] : 1.0;
      size += std::fabs(static_cast<double>(first.weights[j * first.inputs + i]) * out);
    }
    sum += size;
    all.emplace_back(model.features[i], size);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  all.resize(std::min(all.size(), count));
  for (auto& [name, size] : all) size = sum > 0 ? size / sum : 0;
  return all;
}

double LineFit::probability(double x) const noexcept { return sigmoid(a * x + b); }

LineFit fit_line(const std::vector<double>& x, const std::vector<std::uint8_t>& up) {
  LineFit fit;
  constexpr int kStepsMax = 60;
  for (int step = 0; step < kStepsMax; ++step) {
    double ga = 1e-6 * fit.a, gb = 1e-6 * fit.b, haa = 1e-6, hab = 0, hbb = 1e-6;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = fit.probability(x[i]);
      const double miss = p - (up[i] != 0 ? 1.0 : 0.0);
      const double curve = p * (1 - p);
      ga += miss * x[i];
      gb += miss;
      haa += curve * x[i] * x[i];
      hab += curve * x[i];
      hbb += curve;
    }
    const double det = haa * hbb - hab * hab;
    if (!(det > 0)) break;
    const double da = std::clamp((hbb * ga - hab * gb) / det, -1.0, 1.0);
    const double db = std::clamp((haa * gb - hab * ga) / det, -1.0, 1.0);
    fit.a -= da;
    fit.b -= db;
    if (std::fabs(da) + std::fabs(db) < 1e-12) break;
  }
  return fit;
}

}  // namespace pinstripe
