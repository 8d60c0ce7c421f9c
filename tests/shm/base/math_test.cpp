#include "shm/base/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

/// Distance in units of the last place of the right value, taken from 80-bit arithmetic.
double ulps(double got, long double right) {
  const auto nearest = static_cast<double>(right);
  if (got == nearest) return static_cast<double>(std::fabs(got - right)) == 0 ? 0 : 0.5;
  const double above = std::nextafter(std::fabs(nearest), kInfinity);
  const double ulp = above - std::fabs(nearest);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - right) / ulp);
}

double uniform(std::uint64_t n, double from, double to) {
  return from + (to - from) * to_unit_interval(random_draw(1, 2, n, 3));
}

TEST(ExpFixed, IsWithinOneUlpOverItsWholeRange) {
  double worst = 0;
  for (std::uint64_t n = 0; n < 300'000; ++n) {
    const double x = n % 2 == 0 ? uniform(n, -708, 709) : uniform(n, -2, 2);
    worst = std::max(worst, ulps(exp_fixed(x), std::exp(static_cast<long double>(x))));
  }
  EXPECT_LE(worst, 1.0);
}

TEST(ExpFixed, RoundsOnceIntoTheSubnormals) {
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    const double x = uniform(n, -745, -708.4);
    const long double right = std::exp(static_cast<long double>(x));
    EXPECT_LE(std::fabs(static_cast<long double>(exp_fixed(x)) - right),
              0x1p-1074L + right * 0x1p-52L);
  }
}

TEST(ExpFixed, IsDefinedAtEveryInput) {
  EXPECT_EQ(exp_fixed(0.0), 1.0);
  EXPECT_EQ(exp_fixed(-0.0), 1.0);
  EXPECT_EQ(exp_fixed(kInfinity), kInfinity);
  EXPECT_EQ(exp_fixed(-kInfinity), 0.0);
  EXPECT_EQ(exp_fixed(710.0), kInfinity);
  EXPECT_EQ(exp_fixed(-746.0), 0.0);
  EXPECT_EQ(exp_fixed(1e308), kInfinity);
  EXPECT_EQ(exp_fixed(-1e308), 0.0);
  EXPECT_TRUE(std::isnan(exp_fixed(kNan)));
  EXPECT_EQ(exp_fixed(std::numeric_limits<double>::denorm_min()), 1.0);
}

TEST(LogFixed, IsWithinOneUlpOverItsWholeRange) {
  double worst = 0;
  for (std::uint64_t n = 0; n < 300'000; ++n) {
    double x = n % 2 == 0 ? uniform(n, 0.5, 2.0) : uniform(n, 0, 1e6);
    if (n % 5 == 0) {
      x = std::bit_cast<double>(random_draw(7, 7, n, 0) % 0x7FF0000000000000ULL);  // any magnitude
    }
    if (x <= 0) continue;
    worst = std::max(worst, ulps(log_fixed(x), std::log(static_cast<long double>(x))));
  }
  EXPECT_LE(worst, 1.0);
}

TEST(LogFixed, IsDefinedAtEveryInput) {
  EXPECT_EQ(log_fixed(1.0), 0.0);
  EXPECT_EQ(log_fixed(0.0), -kInfinity);
  EXPECT_EQ(log_fixed(-0.0), -kInfinity);
  EXPECT_EQ(log_fixed(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log_fixed(-1.0)));
  EXPECT_TRUE(std::isnan(log_fixed(-kInfinity)));
  EXPECT_TRUE(std::isnan(log_fixed(kNan)));
}

TEST(TanhFixed, IsWithinTwoUlpAndOdd) {
  double worst = 0;
  for (std::uint64_t n = 0; n < 300'000; ++n) {
    const double x = n % 3 == 0 ? uniform(n, -25, 25)
                                : uniform(n, -1, 1) * (n % 3 == 1 ? 1.0 : 1e-6);
    worst = std::max(worst, ulps(tanh_fixed(x), std::tanh(static_cast<long double>(x))));
    EXPECT_EQ(tanh_fixed(-x), -tanh_fixed(x));
  }
  EXPECT_LE(worst, 2.0);
}

TEST(TanhFixed, IsDefinedAtEveryInput) {
  EXPECT_EQ(tanh_fixed(kInfinity), 1.0);
  EXPECT_EQ(tanh_fixed(-kInfinity), -1.0);
  EXPECT_EQ(tanh_fixed(1e300), 1.0);
  EXPECT_TRUE(std::signbit(tanh_fixed(-0.0)));
  EXPECT_EQ(tanh_fixed(1e-300), 1e-300);
  EXPECT_TRUE(std::isnan(tanh_fixed(kNan)));
}

/// The definition of protocol 9, written apart from the kernels.
float plain_reference(const std::vector<float>& a, const std::vector<float>* b) {
  float lane[16] = {};
  for (std::size_t i = 0; i < a.size(); ++i) {
    volatile float term = b != nullptr ? a[i] * (*b)[i] : a[i];
    volatile float sum = lane[i % 16] + term;
    lane[i % 16] = sum;
  }
  for (const int half : {8, 4, 2, 1}) {
    for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return lane[0];
}

std::uint32_t bits(float v) { return std::bit_cast<std::uint32_t>(v); }

std::vector<Isa> available() {
  std::vector<Isa> all{Isa::kPlain};
  if (widest_isa() >= Isa::kAvx2) all.push_back(Isa::kAvx2);
  if (widest_isa() >= Isa::kAvx512) all.push_back(Isa::kAvx512);
  return all;
}

TEST(Sums, GiveTheSameBitsInEveryWidthAndAsTheDefinition) {
  for (std::uint64_t trial = 0; trial < 2'000; ++trial) {
    const std::size_t n = random_draw(1, trial, 0, 0) % 131;
    std::vector<float> a, b;
    for (std::size_t i = 0; i < n; ++i) {
      const auto scale = static_cast<float>(std::pow(10.0, uniform(trial * 200 + i, -6, 6)));
      a.push_back(static_cast<float>(uniform(trial * 1'000 + i, -1, 1)) * scale);
      b.push_back(static_cast<float>(uniform(trial * 2'000 + i, -1, 1)));
      if (i % 17 == 3) a.back() = -0.0F;
      if (i % 23 == 5) b.back() = std::numeric_limits<float>::denorm_min();
    }
    for (const Isa isa : available()) {
      EXPECT_EQ(bits(dot16(isa, a.data(), b.data(), n)), bits(plain_reference(a, &b)));
      EXPECT_EQ(bits(sum16(isa, a.data(), n)), bits(plain_reference(a, nullptr)));
    }
    EXPECT_EQ(bits(dot16(a.data(), b.data(), n)), bits(plain_reference(a, &b)));
    EXPECT_EQ(bits(sum16(a.data(), n)), bits(plain_reference(a, nullptr)));
  }
}

TEST(Sums, GiveOneCanonicalNanWhateverThePayload) {
  for (const std::uint32_t payload : {0x7FC00001U, 0xFFC12345U, 0x7F800001U}) {
    std::vector<float> a(37, 1.0F), b(37, 2.0F);
    a[20] = std::bit_cast<float>(payload);
    a[4] = std::numeric_limits<float>::infinity();
    b[4] = 0.0F;  // a second NaN, made by the product
    for (const Isa isa : available()) {
      EXPECT_EQ(bits(dot16(isa, a.data(), b.data(), a.size())), 0x7FC00000U);
      EXPECT_EQ(bits(sum16(isa, a.data(), a.size())), 0x7FC00000U);
    }
  }
}

TEST(Isas, AWishPastTheMachineGetsTheWidestOfTheMachine) {
  EXPECT_EQ(usable_isa(Isa::kPlain), Isa::kPlain);
  EXPECT_EQ(usable_isa(Isa::kAvx512), widest_isa());
}

}  // namespace
}  // namespace pinstripe
