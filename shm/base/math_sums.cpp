// The sums of protocol 9 in three widths. Compiled per function, chosen at run time; each does
// exactly what the plain one does. An accumulator starts at +0 and can never become -0, so padding
// the last stretch with zeros changes no bit.
#include "shm/base/math.h"

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12 warns about its own header: the "undefined" source of an unmasked extract is never read.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace pinstripe {
namespace {

constexpr std::size_t kLanes = 16;

/// NaN payloads depend on operand order, which compilers may swap; one canonical NaN does not.
float canonical(float v) noexcept {
  return v == v ? v : std::bit_cast<float>(std::uint32_t{0x7FC00000});
}

float reduce(float (&lane)[kLanes]) noexcept {
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) lane[j] = lane[j] + lane[j + half];
  }
  return canonical(lane[0]);
}

float dot_plain(const float* a, const float* b, std::size_t n) noexcept {
  float lane[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) {
      const float product = a[i + j] * b[i + j];
      lane[j] = lane[j] + product;
    }
  }
  for (std::size_t j = 0; i + j < n; ++j) {
    const float product = a[i + j] * b[i + j];
    lane[j] = lane[j] + product;
  }
  return reduce(lane);
}

float sum_plain(const float* a, std::size_t n) noexcept {
  float lane[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lane[j] = lane[j] + a[i + j];
  }
  for (std::size_t j = 0; i + j < n; ++j) lane[j] = lane[j] + a[i + j];
  return reduce(lane);
}

#if defined(__x86_64__)

/// The lanes as two vectors, 0..7 and 8..15, down to one float in the fixed tree.
__attribute__((target("avx2"))) float reduce_avx2(__m256 low, __m256 high) noexcept {
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four =
      _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  const __m128 one = _mm_add_ss(two, _mm_shuffle_ps(two, two, 1));
  return canonical(_mm_cvtss_f32(one));
}

__attribute__((target("avx2"))) float dot_avx2(const float* a, const float* b,
                                               std::size_t n) noexcept {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
    high = _mm256_add_ps(high,
                         _mm256_mul_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8)));
  }
  if (i < n) {
    alignas(32) float rest_a[kLanes] = {}, rest_b[kLanes] = {};
    std::memcpy(rest_a, a + i, (n - i) * sizeof(float));
    std::memcpy(rest_b, b + i, (n - i) * sizeof(float));
    low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_load_ps(rest_a), _mm256_load_ps(rest_b)));
    high = _mm256_add_ps(high,
                         _mm256_mul_ps(_mm256_load_ps(rest_a + 8), _mm256_load_ps(rest_b + 8)));
  }
  return reduce_avx2(low, high);
}

__attribute__((target("avx2"))) float sum_avx2(const float* a, std::size_t n) noexcept {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    low = _mm256_add_ps(low, _mm256_loadu_ps(a + i));
    high = _mm256_add_ps(high, _mm256_loadu_ps(a + i + 8));
  }
  if (i < n) {
    alignas(32) float rest[kLanes] = {};
    std::memcpy(rest, a + i, (n - i) * sizeof(float));
    low = _mm256_add_ps(low, _mm256_load_ps(rest));
    high = _mm256_add_ps(high, _mm256_load_ps(rest + 8));
  }
  return reduce_avx2(low, high);
}

__attribute__((target("avx512f,avx512dq"))) float reduce_avx512(__m512 lane) noexcept {
  const __m256 eight =
      _mm256_add_ps(_mm512_castps512_ps256(lane), _mm512_extractf32x8_ps(lane, 1));
  const __m128 four =
      _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  const __m128 one = _mm_add_ss(two, _mm_shuffle_ps(two, two, 1));
  return canonical(_mm_cvtss_f32(one));
}

__attribute__((target("avx512f,avx512dq"))) float dot_avx512(const float* a, const float* b,
                                                             std::size_t n) noexcept {
  __m512 lane = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    lane = _mm512_add_ps(lane, _mm512_mul_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i)));
  }
  if (i < n) {
    const auto mask = static_cast<__mmask16>((1U << (n - i)) - 1U);
    lane = _mm512_add_ps(lane, _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, a + i),
                                             _mm512_maskz_loadu_ps(mask, b + i)));
  }
  return reduce_avx512(lane);
}

__attribute__((target("avx512f,avx512dq"))) float sum_avx512(const float* a,
                                                             std::size_t n) noexcept {
  __m512 lane = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) lane = _mm512_add_ps(lane, _mm512_loadu_ps(a + i));
  if (i < n) {
    const auto mask = static_cast<__mmask16>((1U << (n - i)) - 1U);
    lane = _mm512_add_ps(lane, _mm512_maskz_loadu_ps(mask, a + i));
  }
  return reduce_avx512(lane);
}

#endif

const Isa kWidest = widest_isa();

}  // namespace

float dot16(Isa isa, const float* a, const float* b, std::size_t n) noexcept {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return dot_avx512(a, b, n);
  if (isa == Isa::kAvx2) return dot_avx2(a, b, n);
#endif
  static_cast<void>(isa);
  return dot_plain(a, b, n);
}

float sum16(Isa isa, const float* a, std::size_t n) noexcept {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512) return sum_avx512(a, n);
  if (isa == Isa::kAvx2) return sum_avx2(a, n);
#endif
  static_cast<void>(isa);
  return sum_plain(a, n);
}

float dot16(const float* a, const float* b, std::size_t n) noexcept {
  return dot16(kWidest, a, b, n);
}
float sum16(const float* a, std::size_t n) noexcept { return sum16(kWidest, a, n); }

}  // namespace pinstripe
