// Mathematics that gives the same bits on every machine (protocol 9).
//
// Stages may use + - * / sqrt and comparisons, and what is declared here: no libm, no fused
// multiply-add, fixed polynomials, a fixed order of every sum. Built with -ffp-contract=off.
#pragma once

#include <cstddef>

#include "shm/base/isa.h"

namespace pinstripe {

/// e^x, within 1 ulp. NaN gives NaN; above 709.78 +inf, below -745.13 +0; results between are
/// subnormal where they must be. After Sun's fdlibm e_exp.c: x = k ln2 + r, |r| <= ln2/2, and
/// e^r = 1 + 2r / (R(r^2) - r) with R a fixed polynomial.
double exp_fixed(double x) noexcept;

/// Natural logarithm, within 1 ulp. log(±0) = -inf; negative or NaN gives NaN; log(+inf) = +inf.
/// After fdlibm e_log.c: x = 2^k (1 + f), log(1 + f) = f - s (f - R) with s = f / (2 + f).
double log_fixed(double x) noexcept;

/// Hyperbolic tangent, within 2 ulp, odd, sign of zero kept; tanh(±inf) = ±1. After Cephes tanh.c
/// (Moshier): a rational function below 0.625, 1 - 2 / (e^(2x) + 1) above.
double tanh_fixed(double x) noexcept;

/// Σ a[i]·b[i] as 16 strided float accumulators (element i goes to accumulator i mod 16; multiply,
/// round, add), then added in the tree (j, j+8), (j, j+4), (j, j+2), (0, 1). Any NaN gives the one
/// canonical quiet NaN. Same bits on each Isa; an Isa that the machine lacks must not be asked for.
float dot16(Isa isa, const float* a, const float* b, std::size_t n) noexcept;
/// Σ a[i], by the same definition.
float sum16(Isa isa, const float* a, std::size_t n) noexcept;

/// The same with the widest instruction set of this machine, found once.
float dot16(const float* a, const float* b, std::size_t n) noexcept;
float sum16(const float* a, std::size_t n) noexcept;

}  // namespace pinstripe
