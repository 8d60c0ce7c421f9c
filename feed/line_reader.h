// Lines of a plain or gzip file, as views into one buffer. Reads in blocks; no allocation after
// open.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "feed/inflated_file.h"
#include "shm/base/result.h"

namespace pinstripe {

class LineReader {
 public:
  /// Opens and reads the first block. `line_max`: longest line (or group of lines) that fits.
  static Result<std::unique_ptr<LineReader>> open(const std::string& path,
                                                  std::size_t line_max = 4u << 20);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Takes the next line, without its end ("\n" or "\r\n"). The view is followed by readable
  /// padding and lives until the next line or group is begun. False at the end or after an error.
  bool next(std::string_view& line);
  /// The line after the ones taken, without taking it: for reading groups. The lines taken since
  /// the last call of `begin_group` stay where they are relative to each other.
  bool look(std::string_view& line);
  /// Lines from here on belong to one group, see `group`.
  void begin_group() noexcept { group_ = at_; }
  /// Everything taken since begin_group, without the last line end.
  std::string_view group() const noexcept;

  /// Undoes the escapes of a JSON string inside the line last taken, in its place. False: it holds
  /// one that is none.
  bool unescape(std::string_view& part) noexcept;

  /// Number of the line last taken, from 1.
  std::uint64_t line_number() const noexcept { return line_number_; }
  /// Uncompressed bytes before the line last taken.
  std::uint64_t line_offset() const noexcept { return line_offset_; }
  /// Uncompressed bytes before the next line.
  std::uint64_t offset() const noexcept { return base_offset_ + at_; }

  /// Between two lines: what `load` goes back to.
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t line_number = 0;
  };
  Place place() const noexcept { return {offset(), line_number_}; }
  /// What another reader of the same file needs to go on at `place`, which lies no more than one
  /// group back.
  void save(StateWriter& w, const Place& place) const noexcept;
  Result<void> load(StateReader& r);
  const FileStamp& stamp() const noexcept { return bytes_->stamp(); }
  const std::optional<Error>& error() const noexcept { return error_; }
  const std::string& path() const noexcept { return path_; }

 private:
  LineReader(std::string path, std::unique_ptr<InflatedFile> bytes, std::size_t line_max);
  bool find_line(std::size_t& end);
  bool fill();
  void fail_with(const std::string& why);
  void fail_too_long();

  std::string path_;
  std::unique_ptr<InflatedFile> bytes_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t group_ = 0;   // start of what must stay
  std::size_t at_ = 0;      // start of the next line
  std::size_t filled_ = 0;  // end of the bytes read
  std::size_t last_end_ = 0;
  std::uint64_t base_offset_ = 0;  // uncompressed offset of buffer_[0]
  std::uint64_t line_offset_ = 0;
  std::uint64_t line_number_ = 0;
  bool at_end_ = false;
  std::optional<Error> error_;
};

}  // namespace pinstripe
