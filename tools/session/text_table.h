// Plain text tables for people: columns padded to their widest cell, numbers to the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pinstripe {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head);
  void row(std::vector<std::string> cells);
  /// The table, one line a row, two blanks between columns; columns whose cells are all numbers (or
  /// "-") are set to the right.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// 950 ns, 12.3 us, 4.50 ms, 2.10 s; "-" where negative.
std::string shown_ns(std::int64_t ns);
/// 1234567 -> "1,234,567".
std::string shown_count(std::int64_t n);
/// 1e-8 units as a decimal number: 150000000 -> "1.50000000"; exact.
std::string shown_e8(std::int64_t e8, int decimals = 8);
/// 1e-6 units as a decimal number with `decimals` places, rounded half away from zero.
std::string shown_fixed(double value, int decimals);

}  // namespace pinstripe
