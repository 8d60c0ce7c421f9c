// A CSV file that is written row by row: memory does not grow with it, and a full disk is an error
// at the end, not a short file that looks whole.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "shm/base/units.h"
#include "shm/market/instrument.h"
#include "shm/market/money.h"

namespace pinstripe {

class CsvFile {
 public:
  /// Makes `path` with `header` as its first line.
  static Result<CsvFile> create(const std::string& path, std::string_view header);

  CsvFile& cell(std::string_view text);
  CsvFile& cell(std::int64_t v);
  /// 1e-8 units as a decimal number, exact, without trailing zeros.
  CsvFile& e8(Int128 v);
  void end_row();
  /// Everything on disk, or why not.
  Result<void> close();

 private:
  struct Close {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  CsvFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  std::string row_;
};

/// 150000000 -> "1.5", exact.
std::string plain_e8(Int128 e8);
/// `ticks` of the instrument in 1e-8 quote, `lots` in 1e-8 base or contracts.
inline Int128 ticks_e8(const Instrument& i, std::int64_t ticks) noexcept {
  return static_cast<Int128>(ticks) * i.tick_e8;
}
inline Int128 lots_e8(const Instrument& i, std::int64_t lots) noexcept {
  return static_cast<Int128>(lots) * i.lot_e8;
}

}  // namespace pinstripe
