// The file that a backfill grows, row by row in the order of time. The file itself says where to go
// on: a page is written whole behind the last one and is on disk before the next is asked for, and
// a row that a kill cut off is taken away when the file is opened again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

enum class BackfillKind : std::uint8_t { kKlines, kTrades, kFunding };
inline constexpr const char* kBackfillKindNames[] = {"klines", "trades", "funding"};

/// One line of the file, without its end.
struct BackfillRow {
  std::int64_t time_ms = 0;
  std::string id;    // a trade's, as the venue writes it; else ""
  std::string line;
};

/// Reads time and id back out of a line; false where the line is not whole or not of this kind.
bool read_backfill_line(BackfillKind kind, std::string_view line, BackfillRow& row);
/// First line of the file, "" where the kind has none.
std::string_view backfill_header(BackfillKind kind);

class BackfillFile {
 public:
  /// Opens or makes it; one process at a time. What is not whole at its end is cut off.
  static Result<BackfillFile> open(const std::string& path, BackfillKind kind);
  BackfillFile(BackfillFile&& other) noexcept;
  BackfillFile& operator=(BackfillFile&&) = delete;
  /// A file without a row goes with it, unless it was kept: a fetch that failed leaves none behind.
  ~BackfillFile();
  /// What there is is the answer, be it nothing.
  void keep() noexcept { is_kept_ = true; }

  /// Adds a page; on disk when it returns.
  Result<void> append(const std::vector<BackfillRow>& rows);

  std::uint64_t rows() const noexcept { return rows_; }
  std::int64_t first_ms() const noexcept { return first_ms_; }
  /// The rows of the last time there is; empty in an empty file.
  const std::vector<BackfillRow>& last() const noexcept { return last_; }
  /// Bytes of a cut row that were taken away.
  std::uint64_t mended_bytes() const noexcept { return mended_bytes_; }

 private:
  BackfillFile(int fd, std::string path, BackfillKind kind) noexcept
      : fd_(fd), path_(std::move(path)), kind_(kind) {}
  Result<void> read_through();
  Result<void> take_line(std::string_view line, std::uint64_t number);
  Result<void> write_all(std::string_view text);
  Result<void> cut_at(std::uint64_t bytes);
  void note(const BackfillRow& row);

  int fd_ = -1;
  std::string path_;
  BackfillKind kind_;
  bool is_kept_ = true;  // until it is known to be a file of ours
  std::uint64_t rows_ = 0, mended_bytes_ = 0;
  std::int64_t first_ms_ = 0;
  std::vector<BackfillRow> last_;
};

}  // namespace pinstripe
