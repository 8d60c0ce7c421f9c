#include "tools/session/text_table.h"

#include <algorithm>
#include <cstdio>

namespace pinstripe {

namespace {

/// Columns of a cell on the screen: UTF-8 continuation bytes take none.
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool looks_numeric(const std::string& cell) {
  return cell.empty() || cell == "-" || (cell[0] >= '0' && cell[0] <= '9') ||
         (cell.size() > 1 && (cell[0] == '-' || cell[0] == '+') && cell[1] >= '0' &&
             cell[1] <= '9');
}

}  // namespace

TextTable::TextTable(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> width(columns, 0);
  std::vector<bool> right(columns, rows_.size() > 1);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      width[c] = std::max(width[c], width_of(rows_[r][c]));
      if (r > 0 && !looks_numeric(rows_[r][c])) right[c] = false;
    }
  }
  std::string out;
  for (const auto& cells : rows_) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(width[c] - width_of(cells[c]), ' ');
      line += right[c] ? padding + cells[c] : cells[c] + padding;
      if (c + 1 < columns) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string shown_fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string shown_ns(std::int64_t ns) {
  if (ns < 0) return "-";
  const auto v = static_cast<double>(ns);
  if (ns < 1'000) return std::to_string(ns) + " ns";
  if (ns < 1'000'000) return shown_fixed(v / 1e3, ns < 100'000 ? 1 : 0) + " us";
  if (ns < 1'000'000'000) return shown_fixed(v / 1e6, ns < 100'000'000 ? 2 : 0) + " ms";
  return shown_fixed(v / 1e9, 2) + " s";
}

std::string shown_count(std::int64_t n) {
  std::string digits = std::to_string(n);
  const std::size_t first = n < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string shown_e8(std::int64_t e8, int decimals) {
  const bool negative = e8 < 0;
  const auto u = negative ? -static_cast<std::uint64_t>(e8) : static_cast<std::uint64_t>(e8);
  std::uint64_t unit = 1;
  for (int i = decimals; i < 8; ++i) unit *= 10;
  const std::uint64_t rounded = (u + unit / 2) / unit;  // in 10^-decimals
  std::uint64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  char fraction[24] = "";
  if (decimals > 0) {
    std::snprintf(fraction, sizeof(fraction), ".%0*llu", decimals,
                  static_cast<unsigned long long>(rounded % scale));
  }
  return (negative && rounded != 0 ? "-" : "") + std::to_string(rounded / scale) + fraction;
}

}  // namespace pinstripe
