// A capture with its messages decoded once: read where it is mapped, nothing is parsed again.
//
//   0     BinaryHeader, 4,096 B: what the file was made of and all that a session asks of it before
//         it begins (inspect.h), so that nothing has to be read through
//   4096  blocks of at most kBlockFrames frames: BinaryBlock, hot part, cold part
//   end   kFramePadding zeros
//
// Hot part: for each frame BinaryFrame and its payload, each a multiple of 8 B, without gaps. A
// message that the stage takes is a decoded frame (decoded_frame.h); any other line, refused ones
// too, lies there as text, so that the stage does with it what it would have done. Cold part: the
// original bytes of the block's lines, zstd. Receive times are as recorded.
//
// Every byte is under a check: header, block header, frame, cold part (padding must be zero). Each
// frame's check is over its number too, so frames that changed places are seen.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "feed/frame_reader.h"
#include "shm/base/hash.h"

namespace pinstripe {

inline constexpr std::uint64_t kBinaryMagic = 0x00315041434E4950ULL;       // "PINCAP1\0"
inline constexpr std::uint64_t kBinaryBlockMagic = 0x004B4C4250414350ULL;  // "PCAPBLK\0"
inline constexpr std::uint32_t kBinaryVersion = 1;
inline constexpr std::uint64_t kBlockFrames = 4096;

struct BinaryHeader {
  std::uint64_t magic = kBinaryMagic;
  std::uint32_t version = kBinaryVersion;
  std::uint32_t format = 0;         // CaptureFormat of the text
  std::uint64_t file_bytes = 0;
  std::uint64_t blocks = 0;
  std::uint64_t text_bytes = 0;     // of the text, uncompressed
  std::uint64_t text_digest = 0;    // Hasher over it
  // The grid that prices and quantities are counted in.
  std::int64_t tick_e8 = 0, lot_e8 = 0;
  // CaptureFileInfo of the text
  std::int64_t first_receive_ns = 0, last_receive_ns = 0;
  std::int64_t frames = 0, depths = 0, tickers = 0, trades = 0, marks = 0, snapshots = 0;
  std::int64_t bad_lines = 0, backward_times = 0;
  std::uint64_t backward_line = 0, first_id = 0, last_id = 0;
  std::int64_t least_delay_ns = 0;
  std::uint64_t least_delay_line = 0, digest = 0;
  std::uint64_t has_venue_time = 0, has_depth = 0, has_prev = 0;
  char instrument[64] = {};         // "BINANCE_USDM:BTCUSDT"
  char symbol[32] = {};             // as the frames name it
  char exchange[32] = {};
  char source[256] = {};            // name of the file it was made of, without its folder
  std::uint64_t zero[436] = {};
  std::uint64_t check = 0;          // over everything before
};
static_assert(sizeof(BinaryHeader) == 4096);
static_assert(std::has_unique_object_representations_v<BinaryHeader>);

struct BinaryBlock {
  std::uint64_t magic = kBinaryBlockMagic;
  std::uint64_t number = 0;
  std::uint64_t first_frame = 0;  // its number in the file, from 0
  std::uint64_t frames = 0;
  std::uint64_t hot_bytes = 0;
  std::uint64_t cold_bytes = 0;   // compressed; padded to a multiple of 8
  std::uint64_t text_bytes = 0;   // uncompressed
  std::uint64_t cold_check = 0;   // Hasher over the compressed bytes
  std::uint64_t zero[7] = {};
  std::uint64_t check = 0;        // over everything before
};
static_assert(sizeof(BinaryBlock) == 128);

struct BinaryFrame {
  std::uint64_t check = 0;      // binary_check
  std::int64_t receive_ns = 0;  // local clock, as recorded
  std::uint64_t line = 0;       // of the text, from 1
  std::uint32_t bytes = 0;      // of the payload, without its padding
  std::uint8_t format = 0;      // FrameFormat
  std::uint8_t has_time = 0;
  std::uint16_t column = 0;     // text: bytes of the line before it
};
static_assert(sizeof(BinaryFrame) == 32);

inline constexpr std::uint64_t padded8(std::uint64_t bytes) noexcept { return (bytes + 7) & ~7ULL; }

/// Over a frame's record, its check left out, and its number; `bytes` is a multiple of 8. Four
/// lanes as in LaneHasher, in registers: this is most of what reading a frame costs.
inline std::uint64_t binary_check(std::uint64_t number, const std::byte* record,
                                  std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kIn = 0xA0761D6478BD642FULL, kBy = 0xE7037ED1A0B428DBULL;
  const auto step = [](std::uint64_t lane, std::uint64_t word) {
    return hash_fold(lane ^ word ^ kIn, kBy) + word;
  };
  const auto word = [record](std::uint64_t i) {
    std::uint64_t w = 0;
    std::memcpy(&w, record + 8 * i, sizeof(w));
    return w;
  };
  std::uint64_t a = step(0x9E3779B97F4A7C15ULL, number), b = 0xC2B2AE3D27D4EB4FULL;
  std::uint64_t c = 0x165667B19E3779F9ULL, d = 0x85EBCA77C2B2AE63ULL;
  std::uint64_t i = 1;
  for (; i + 4 <= bytes / 8; i += 4) {
    a = step(a, word(i));
    b = step(b, word(i + 1));
    c = step(c, word(i + 2));
    d = step(d, word(i + 3));
  }
  for (; i < bytes / 8; ++i) a = step(a, word(i));
  for (const std::uint64_t lane : {b, c, d}) a = step(a, lane);
  return hash_fold(a ^ kBy, kIn);
}

/// A mapped binary capture whose header holds what it says.
class BinaryCapture {
 public:
  static Result<std::unique_ptr<BinaryCapture>> open(const std::string& path);
  ~BinaryCapture();
  BinaryCapture(const BinaryCapture&) = delete;
  BinaryCapture& operator=(const BinaryCapture&) = delete;

  const BinaryHeader& header() const noexcept { return header_; }
  const std::string& path() const noexcept { return path_; }
  const FileStamp& stamp() const noexcept { return stamp_; }
  const std::byte* at(std::uint64_t offset) const noexcept { return base_ + offset; }
  /// Maps the file's pages now, where it is not too large for that.
  void prefault() noexcept;
  /// End of the blocks.
  std::uint64_t end() const noexcept { return header_.file_bytes - kFramePadding; }
  /// The block header at `offset`, which must be number `number`; its parts lie inside the file.
  Result<BinaryBlock> block(std::uint64_t offset, std::uint64_t number) const;
  /// The block's compressed text, whose check holds.
  Result<std::span<const std::byte>> cold(std::uint64_t offset, const BinaryBlock& block) const;

 private:
  BinaryCapture(std::string path, FileStamp stamp, const std::byte* base);
  Result<void> check_header() const;

  std::string path_;
  FileStamp stamp_;
  const std::byte* base_;
  BinaryHeader header_;
};

/// The file begins as a binary capture does.
bool is_binary_capture(const std::string& path);
/// Refuses a capture whose frames are of another format.
Result<std::unique_ptr<FrameReader>> open_binary_frames(const std::string& path,
                                                        CaptureFormat format);

}  // namespace pinstripe
