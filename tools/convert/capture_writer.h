// Writes a binary capture (feed/binary_capture.h), under another name until it is whole.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "feed/binary_capture.h"

struct ZSTD_CCtx_s;

namespace pinstripe {

/// Over bytes that come in pieces: the same value however they are cut, that of Hasher::bytes over
/// all of them in one go.
class TextDigest {
 public:
  void add(std::string_view text) noexcept;
  std::uint64_t value() const noexcept;
  std::uint64_t size() const noexcept { return size_; }

 private:
  Hasher hash_;
  std::uint64_t size_ = 0;
  std::uint64_t word_ = 0;  // begun, not added yet
};

class CaptureWriter {
 public:
  /// Refuses a file that is there already.
  static Result<std::unique_ptr<CaptureWriter>> open(const std::string& path);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  /// The next frame: `decoded` where it is not empty, else the line's text.
  void add(const CaptureLine& line, std::string_view decoded);
  /// Frames added since the last block ended.
  std::uint64_t block_frames() const noexcept { return block_.frames; }
  std::uint64_t decoded_frames() const noexcept { return decoded_; }
  /// Ends the block: `text` holds the lines of its frames, whole.
  Result<void> end_block(std::string_view text);
  /// Writes the end and `header`, whose counts of the file itself are filled in here; the bytes
  /// are on the disk then, still under the other name.
  Result<BinaryHeader> finish(BinaryHeader header);
  /// Gives the file its name.
  Result<void> keep();
  const std::string& new_path() const noexcept { return new_path_; }

 private:
  CaptureWriter(std::string path, std::FILE* file);
  Result<void> write(const void* from, std::size_t bytes);
  std::unexpected<Error> failed() const;

  std::string path_, new_path_;
  std::FILE* file_;
  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> zstd_;
  std::string hot_;
  std::vector<char> cold_;
  BinaryBlock block_;
  TextDigest text_digest_;
  std::uint64_t written_ = 0;
  std::uint64_t decoded_ = 0;
  bool kept_ = false;
};

}  // namespace pinstripe
