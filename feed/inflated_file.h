// The bytes of a file, uncompressed, from its start or from any place that was saved.
//
// gzip is inflated here instead of by zlib's gzread, which can only begin at the start: at the
// first block of the compression after each MiB its state is kept (place in the file, odd bits, the
// 32 KiB window, check sum so far), so going on anywhere costs about one MiB of inflating. zstd's
// state cannot be kept so: going on unpacks the file from its start.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "feed/data_file.h"
#include "shm/base/result.h"
#include "shm/base/state_io.h"

struct ZSTD_DCtx_s;

namespace pinstripe {

/// The fault of a compressed file that ends inside a member.
inline constexpr std::string_view kCutFile = "is cut";

class InflatedFile {
 public:
  static Result<std::unique_ptr<InflatedFile>> open(const std::string& path);
  ~InflatedFile();
  InflatedFile(const InflatedFile&) = delete;
  InflatedFile& operator=(const InflatedFile&) = delete;

  /// The next bytes; fewer than `size` only at the end or before a fault.
  std::size_t read(char* to, std::size_t size);
  /// Nothing follows: the file's end, or a fault.
  bool ended() const noexcept { return ended_; }
  /// What is wrong with the file, empty for nothing. Everything before it was delivered.
  const std::string& fault() const noexcept { return fault_; }
  /// Uncompressed bytes delivered since the start of the file.
  std::uint64_t offset() const noexcept { return offset_; }
  const FileStamp& stamp() const noexcept { return stamp_; }

  /// The newest kept place at or before the uncompressed offset `before`.
  void save(StateWriter& w, std::uint64_t before) const noexcept;
  /// Goes to a saved place; `offset()` tells which. False: what was saved is damaged.
  bool load(StateReader& r);

 private:
  static constexpr std::size_t kWindowBytes = 32 * 1024;
  static constexpr std::size_t kPlaces = 8;  // a reader may be so many MiB ahead of what it saves
  static constexpr std::uint64_t kPlaceDistance = 1u << 20;

  enum class Packing : std::uint8_t { kNone, kGzip, kZstd };
  enum class Part : std::uint8_t { kPlain, kHeader, kBody, kTrailer, kZstd };
  /// Where inflating can begin.
  struct Place {
    Part part = Part::kHeader;     // kBody inside a member, kHeader between two
    std::uint64_t offset = 0;      // uncompressed bytes before it
    std::uint64_t at = 0;          // bytes of the file taken whole
    std::uint32_t bits = 0;        // of the byte before `at` that are not taken yet
    std::uint32_t check = 0;       // CRC of the member so far
    std::uint32_t length = 0;      // bytes of the member so far, modulo 2^32
    std::uint32_t window = 0;      // bytes of window
    std::array<Bytef, kWindowBytes> bytes;
  };

  InflatedFile(int fd, FileStamp stamp, Packing packing);
  void fail_with(const std::string& why);
  bool refill();
  int next_byte();
  std::size_t read_plain(char* to, std::size_t size);
  void read_header();
  bool skip_header_fields(int flags);
  std::size_t inflate_some(char* to, std::size_t size);
  void read_trailer();
  void keep_place(Part part);
  bool go_to(const Place& place);
  std::size_t unpack_some(char* to, std::size_t size);

  int fd_;
  FileStamp stamp_;
  bool ended_ = false;
  std::string fault_;
  std::uint64_t offset_ = 0;
  std::uint64_t read_at_ = 0;  // of the file, behind what is in `input_`
  // gzip
  Part part_;
  z_stream z_{};
  std::unique_ptr<Bytef[]> input_;
  uLong check_ = 0;
  uLong header_check_ = 0;
  std::uint32_t length_ = 0;
  std::unique_ptr<std::array<Place, kPlaces>> places_;
  std::size_t place_count_ = 0;  // kept so far, the newest kPlaces of them still there
  // zstd; its input is z_'s
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> zstd_;
  bool is_inside_ = false;       // a frame has begun and not ended
  bool has_more_ = false;        // it gives more without more input
};

}  // namespace pinstripe
