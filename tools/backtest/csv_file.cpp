#include "tools/backtest/csv_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinstripe {

Result<CsvFile> CsvFile::create(const std::string& path, std::string_view header) {
  std::FILE* const file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return fail("cannot make '" + path + "': " + std::strerror(errno));
  CsvFile csv(file, path);
  csv.row_ = std::string(header) + '\n';
  std::fwrite(csv.row_.data(), 1, csv.row_.size(), file);
  csv.row_.clear();
  return csv;
}

CsvFile& CsvFile::cell(std::string_view text) {
  if (!row_.empty()) row_ += ',';
  row_ += text;
  return *this;
}

CsvFile& CsvFile::cell(std::int64_t v) { return cell(std::to_string(v)); }
CsvFile& CsvFile::e8(Int128 v) { return cell(plain_e8(v)); }

void CsvFile::end_row() {
  row_ += '\n';
  std::fwrite(row_.data(), 1, row_.size(), file_.get());
  row_.clear();
}

Result<void> CsvFile::close() {
  const bool bad = std::ferror(file_.get()) != 0 || std::fflush(file_.get()) != 0;
  file_.reset();
  if (bad) return fail("cannot write '" + path_ + "'; is the disk full?");
  return {};
}

std::string plain_e8(Int128 e8) {
  const bool negative = e8 < 0;
  auto rest = static_cast<unsigned __int128>(negative ? -e8 : e8);
  std::string digits;
  for (; rest != 0 || digits.size() < 9; rest /= 10) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  std::reverse(digits.begin(), digits.end());
  digits.insert(digits.size() - 8, ".");
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

}  // namespace pinstripe
