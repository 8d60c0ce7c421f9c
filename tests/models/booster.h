// XGBoost itself, as the peer that the tests and the bench compare with.
#pragma once

#include <xgboost/c_api.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace pinstripe {

inline void xgb_ok(int status) {
  if (status == 0) return;
  std::fprintf(stderr, "xgboost: %s\n", XGBGetLastError());
  std::abort();
}

/// splitmix64: the test data does not depend on any library's generator.
class TestRandom {
 public:
  explicit TestRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Sum of uniforms: near enough to a normal draw.
  float bell() {
    double sum = -3;
    for (int i = 0; i < 6; ++i) sum += uniform();
    return static_cast<float>(sum);
  }

 private:
  std::uint64_t state_;
};

struct TrainingSet {
  std::uint32_t features = 0;
  std::vector<float> rows;  // NaN: missing
  std::vector<float> labels;
};

/// Noisy threshold data; each 13th value is missing, so that default directions are learnt.
inline TrainingSet training_set(std::uint32_t features, std::size_t rows, std::uint64_t seed) {
  TestRandom random(seed);
  TrainingSet set;
  set.features = features;
  for (std::size_t r = 0; r < rows; ++r) {
    float lean = 0;
    for (std::uint32_t f = 0; f < features; ++f) {
      const float v = random.bell();
      lean += (f % 3 == 0 ? v * v - 0.5F : v) / static_cast<float>(1 + f % 7);
      set.rows.push_back(random.next() % 13 == 0 ? std::nanf("") : v);
    }
    set.labels.push_back(lean + random.bell() > 0 ? 1.0F : 0.0F);
  }
  return set;
}

class Booster {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  Booster(const TrainingSet& set, int rounds, const Parameters& parameters)
      : features_(set.features) {
    DMatrixHandle data = nullptr;
    const auto rows = static_cast<bst_ulong>(set.labels.size());
    xgb_ok(XGDMatrixCreateFromMat(set.rows.data(), rows, set.features, std::nanf(""), &data));
    xgb_ok(XGDMatrixSetFloatInfo(data, "label", set.labels.data(), rows));
    xgb_ok(XGBoosterCreate(&data, 1, &handle_));
    set_parameter("nthread", "1");
    set_parameter("verbosity", "0");
    for (const auto& [name, value] : parameters) set_parameter(name, value);
    for (int i = 0; i < rounds; ++i) xgb_ok(XGBoosterUpdateOneIter(handle_, i, data));
    xgb_ok(XGDMatrixFree(data));
  }
  ~Booster() { XGBoosterFree(handle_); }
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;

  void set_parameter(const std::string& name, const std::string& value) {
    xgb_ok(XGBoosterSetParam(handle_, name.c_str(), value.c_str()));
  }
  /// The model file: format "json" or "ubj".
  std::string save(const std::string& format) const {
    const std::string config = "{\"format\":\"" + format + "\"}";
    bst_ulong size = 0;
    const char* bytes = nullptr;
    xgb_ok(XGBoosterSaveModelToBuffer(handle_, config.c_str(), &size, &bytes));
    return std::string(bytes, size);
  }
  /// Margins of whole rows; the pointer belongs to the library until the next call.
  const float* margins(const float* rows, std::size_t count) {
    char array[160];
    std::snprintf(array, sizeof(array),
                  "{\"data\":[%zu,true],\"shape\":[%zu,%u],\"typestr\":\"<f4\",\"version\":3}",
                  reinterpret_cast<std::size_t>(rows), count, features_);
    constexpr const char* kConfig =
        "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
        "\"strict_shape\":false,\"cache_id\":0,\"missing\":NaN}";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* result = nullptr;
    xgb_ok(XGBoosterPredictFromDense(handle_, array, kConfig, nullptr, &shape, &dimensions,
                                     &result));
    return result;
  }

 private:
  BoosterHandle handle_ = nullptr;
  std::uint32_t features_;
};

}  // namespace pinstripe
