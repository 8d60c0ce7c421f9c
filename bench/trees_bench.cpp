// `pinstripe-bench-trees [--json] [--quick]`: 100 trees of depth 7 on 64 features, one row a call,
// against XGBoosterPredictFromDense on the same row in the same run; the dense members beside it.
//
// One thread. Each sample times a run of calls and divides; the two contestants alternate, so that
// a change of the machine's speed meets both. Training data and rows come from a fixed seed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/bench_options.h"
#include "bench/machine.h"
#include "models/dense.h"
#include "models/loader/tree_loader.h"
#include "models/tree_eval.h"
#include "tests/models/booster.h"

namespace pinstripe {
namespace {

constexpr std::uint32_t kFeatures = 64;
constexpr std::size_t kRows = 512;

struct Percentiles {
  double p50 = 0, p99 = 0;
};

Percentiles percentiles(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
  };
  return {at(0.5), at(0.99)};
}

/// Nanoseconds a call, over `calls` calls of `f(row number)`.
double timed(const std::function<float(std::size_t)>& f, std::size_t calls, std::size_t from) {
  volatile float keep = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < calls; ++i) keep = f((from + i) % kRows);
  const auto end = std::chrono::steady_clock::now();
  static_cast<void>(keep);
  const double ns = std::chrono::duration<double, std::nano>(end - start).count();
  return ns / static_cast<double>(calls);
}

std::vector<float> fresh_rows() {
  TestRandom random(99);
  std::vector<float> rows;
  for (std::size_t i = 0; i < kRows * kFeatures; ++i) {
    rows.push_back(random.next() % 50 == 0 ? std::nanf("") : random.bell());
  }
  return rows;
}

ModelFile dense_model(ModelKind kind, std::uint32_t hidden) {
  TestRandom random(5);
  ModelFile model;
  model.kind = kind;
  model.mean.assign(kFeatures, 0.1F);
  model.scale.assign(kFeatures, 1.5F);
  const auto layer = [&](std::uint32_t inputs, std::uint32_t outputs) {
    DenseLayer out{inputs, outputs, {}, {}};
    const std::uint32_t count = inputs * outputs;
    for (std::uint32_t i = 0; i < count; ++i) out.weights.push_back(0.2F * random.bell());
    for (std::uint32_t i = 0; i < outputs; ++i) out.bias.push_back(0.1F * random.bell());
    model.layers.push_back(out);
  };
  if (kind == ModelKind::kMlp) layer(kFeatures, hidden);
  layer(kind == ModelKind::kMlp ? hidden : kFeatures, 1);
  return model;
}

struct Contestant {
  std::string name;
  std::function<float(std::size_t)> margin;
  std::size_t calls;
  std::vector<double> samples{};
};

struct Report {
  std::vector<std::pair<std::string, Percentiles>> times;
  double max_difference = 0;
  bool bit_equal = true;
  std::string isa;
};

Report run(bool quick) {
  const TrainingSet set = training_set(kFeatures, quick ? 1'000 : 4'000, 1);
  Booster booster(set, 100,
                  {{"max_depth", "7"}, {"objective", "binary:logistic"}, {"tree_method", "hist"},
                   {"eta", "0.1"}, {"min_child_weight", "0.1"}});
  const auto model = parse_tree_model(booster.save("ubj"), "bench.ubj");
  if (!model) {
    std::fprintf(stderr, "%s\n", model.error().message.c_str());
    std::exit(1);
  }
  const std::vector<float> rows = fresh_rows();
  const auto row = [&](std::size_t r) {
    return std::span<const float>(rows.data() + r * kFeatures, kFeatures);
  };
  Report report;
  TreeEvaluator native(*model);
  report.isa = kIsaNames[static_cast<std::size_t>(native.isa())];
  for (std::size_t r = 0; r < kRows; ++r) {
    const float ours = native.margin(row(r)), theirs = *booster.margins(row(r).data(), 1);
    const auto difference = static_cast<double>(std::fabs(ours - theirs));
    report.max_difference = std::max(report.max_difference, difference);
    report.bit_equal = report.bit_equal && std::memcmp(&ours, &theirs, sizeof(ours)) == 0;
  }

  std::vector<Contestant> all;
  all.push_back({"native", [&](std::size_t r) { return native.margin(row(r)); }, 256});
  all.push_back({"xgboost", [&](std::size_t r) { return *booster.margins(row(r).data(), 1); }, 32});
  std::vector<TreeEvaluator> widths;
  widths.reserve(3);
  for (std::size_t i = 0; i <= static_cast<std::size_t>(widest_isa()); ++i) {
    widths.emplace_back(*model, static_cast<Isa>(i));
    all.push_back({"native_" + std::string(kIsaNames[i]),
                   [&, i](std::size_t r) { return widths[i].margin(row(r)); }, 256});
  }
  DenseNet mlp(dense_model(ModelKind::kMlp, 16));
  DenseNet logistic(dense_model(ModelKind::kLogistic, 0));
  all.push_back({"mlp", [&](std::size_t r) { return mlp.margin(row(r)); }, 512});
  all.push_back({"logistic", [&](std::size_t r) { return logistic.margin(row(r)); }, 2048});
  const std::size_t rounds = quick ? 20 : 2'000;
  for (std::size_t k = 0; k < rounds; ++k) {
    for (Contestant& c : all) c.samples.push_back(timed(c.margin, c.calls, k * 37));
  }
  for (Contestant& c : all) report.times.emplace_back(c.name, percentiles(std::move(c.samples)));
  return report;
}

void print_json(const Report& report) {
  std::printf("{\"cpu\":\"%s\",\"isa\":\"%s\"", bench::cpu_name().c_str(), report.isa.c_str());
  for (const auto& [name, ns] : report.times) {
    std::printf(",\"%s_ns\":{\"p50\":%.1f,\"p99\":%.1f}", name.c_str(), ns.p50, ns.p99);
  }
  std::printf(",\"ratio\":%.2f,\"max_abs_margin_difference\":%g,\"bit_equal\":%s}\n",
              report.times[1].second.p50 / report.times[0].second.p50, report.max_difference,
              report.bit_equal ? "true" : "false");
}

void print_table(const Report& report) {
  std::printf("100 trees of depth 7, 64 features, one row, one thread; %s, kernel %s\n",
              bench::cpu_name().c_str(), report.isa.c_str());
  for (const auto& [name, ns] : report.times) {
    std::printf("  %-16s p50 %9.1f ns   p99 %9.1f ns\n", name.c_str(), ns.p50, ns.p99);
  }
  std::printf("  XGBoosterPredictFromDense takes %.1f times as long; margins %s\n",
              report.times[1].second.p50 / report.times[0].second.p50,
              report.bit_equal ? "equal in every bit" : "DIFFER");
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  const auto [json, quick, exit] = pinstripe::bench::read_options(argc, argv, "trees");
  if (exit) return *exit;
  const pinstripe::Report report = pinstripe::run(quick);
  if (json) {
    pinstripe::print_json(report);
  } else {
    pinstripe::print_table(report);
  }
  return report.bit_equal ? 0 : 3;
}
