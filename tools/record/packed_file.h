// A file of lines that is whole wherever its writer is killed: what was added goes out with each
// flush as a gzip member (or zstd frame) of its own, so nothing that is on disk needs what was not
// written any more. Readers take members one after the other as one file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shm/base/result.h"

struct ZSTD_CCtx_s;
struct z_stream_s;

namespace pinstripe {

enum class CapturePacking : std::uint8_t { kGzip, kZstd, kNone };

/// What a file's name ends with: ".gz", ".zst" or nothing.
std::string_view packing_suffix(CapturePacking packing) noexcept;

class PackedFile {
 public:
  /// Refuses a file that is there already.
  static Result<std::unique_ptr<PackedFile>> create(const std::string& path,
                                                    CapturePacking packing);
  ~PackedFile();
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;

  /// Lines that wait for the next flush, each with its line feed: add to them.
  std::string& pending() noexcept { return pending_; }
  /// Writes what waits. Where the disk does not take it, the file is cut back to what was whole
  /// before, and the error says so.
  Result<void> flush();

  const std::string& path() const noexcept { return path_; }
  /// Bytes on disk.
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// Bytes of the lines in them.
  std::uint64_t text_bytes() const noexcept { return text_bytes_; }

 private:
  PackedFile(std::string path, int fd, CapturePacking packing);
  Result<void> pack();
  Result<void> pack_gzip();
  Result<void> write(std::string_view bytes);

  std::string path_;
  int fd_;
  CapturePacking packing_;
  std::unique_ptr<z_stream_s> zlib_;
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> zstd_;
  std::string pending_;
  std::string packed_;
  std::uint64_t bytes_ = 0;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace pinstripe
