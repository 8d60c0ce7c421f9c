// Rows as the fitting code takes them: inputs and whether the mid went up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pinstripe {

/// Row-major inputs (NaN = absent) with one outcome a row.
struct Dataset {
  std::size_t inputs = 0;
  std::vector<float> x;
  std::vector<std::uint8_t> up;

  std::size_t rows() const noexcept { return up.size(); }
  std::span<const float> row(std::size_t i) const noexcept {
    return {x.data() + i * inputs, inputs};
  }
  void add(std::span<const float> values, bool went_up) {
    x.insert(x.end(), values.begin(), values.end());
    up.push_back(went_up ? 1 : 0);
  }
};

}  // namespace pinstripe
