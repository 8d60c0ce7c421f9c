#include "tools/convert/capture_writer.h"

#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinstripe {
namespace {

constexpr int kLevel = 9;  // converted once, kept for long

}  // namespace

void TextDigest::add(std::string_view text) noexcept {
  while (!text.empty() && size_ % 8 != 0) {
    word_ |= std::uint64_t{static_cast<unsigned char>(text.front())} << (8 * (size_++ % 8));
    text.remove_prefix(1);
    if (size_ % 8 == 0) hash_.add(word_);
    if (size_ % 8 == 0) word_ = 0;
  }
  const std::size_t whole = text.size() & ~std::size_t{7};
  hash_.bytes(text.data(), whole);
  size_ += whole;
  for (const char c : text.substr(whole)) {
    word_ |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * (size_++ % 8));
  }
}

std::uint64_t TextDigest::value() const noexcept {
  Hasher h = hash_;
  if (size_ % 8 != 0) h.add(word_ | ((size_ % 8) << 56));
  return h.value();
}

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    return fail("'" + path + "' is there already; remove it or name another file");
  }
  const std::string new_path = path + ".new";
  std::FILE* const file = std::fopen(new_path.c_str(), "wbe");
  if (file == nullptr) {
    return fail("cannot write '" + new_path + "': " + std::strerror(errno));
  }
  std::unique_ptr<CaptureWriter> writer(new CaptureWriter(path, file));
  const BinaryHeader empty;
  if (auto written = writer->write(&empty, sizeof(empty)); !written) {
    return std::unexpected(written.error());
  }
  return writer;
}

CaptureWriter::CaptureWriter(std::string path, std::FILE* file)
    : path_(std::move(path)), new_path_(path_ + ".new"), file_(file),
      zstd_(ZSTD_createCCtx(), ZSTD_freeCCtx) {}

CaptureWriter::~CaptureWriter() {
  std::fclose(file_);
  if (!kept_) ::unlink(new_path_.c_str());
}

std::unexpected<Error> CaptureWriter::failed() const {
  return fail("cannot write '" + new_path_ + "': " + std::strerror(errno));
}

Result<void> CaptureWriter::write(const void* from, std::size_t bytes) {
  if (std::fwrite(from, 1, bytes, file_) != bytes) return failed();
  written_ += bytes;
  return {};
}

void CaptureWriter::add(const CaptureLine& line, std::string_view decoded) {
  const std::string_view payload = decoded.empty() ? line.bytes : decoded;
  BinaryFrame f;
  f.receive_ns = line.has_time ? line.receive_ns : 0;
  f.line = line.line;
  f.bytes = static_cast<std::uint32_t>(payload.size());
  f.format =
      static_cast<std::uint8_t>(decoded.empty() ? line.format : FrameFormat::kDecoded);
  f.has_time = line.has_time ? 1 : 0;
  f.column = static_cast<std::uint16_t>(line.column);
  const std::size_t begin = hot_.size();
  const std::size_t bytes = sizeof(f) + padded8(payload.size());
  hot_.append(reinterpret_cast<const char*>(&f), sizeof(f));
  hot_.append(payload);
  hot_.resize(begin + bytes, '\0');
  f.check = binary_check(block_.first_frame + block_.frames,
                         reinterpret_cast<const std::byte*>(hot_.data() + begin), bytes);
  std::memcpy(hot_.data() + begin, &f.check, sizeof(f.check));
  ++block_.frames;
  if (!decoded.empty()) ++decoded_;
}

Result<void> CaptureWriter::end_block(std::string_view text) {
  cold_.resize(ZSTD_compressBound(text.size()));
  const std::size_t cold =
      ZSTD_compressCCtx(zstd_.get(), cold_.data(), cold_.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(cold) != 0) {
    return fail("cannot compress the text of '" + path_ + "': " + ZSTD_getErrorName(cold));
  }
  text_digest_.add(text);
  Hasher cold_check;
  cold_check.bytes(cold_.data(), cold);
  block_.hot_bytes = hot_.size();
  block_.cold_bytes = cold;
  block_.text_bytes = text.size();
  block_.cold_check = cold_check.value();
  Hasher check;
  check.bytes(&block_, sizeof(block_) - sizeof(block_.check));
  block_.check = check.value();
  constexpr char kZeros[8] = {};
  if (auto done = write(&block_, sizeof(block_)); !done) return done;
  if (auto done = write(hot_.data(), hot_.size()); !done) return done;
  if (auto done = write(cold_.data(), cold); !done) return done;
  if (auto done = write(kZeros, padded8(cold) - cold); !done) return done;
  const std::uint64_t next = block_.number + 1;
  const std::uint64_t first = block_.first_frame + block_.frames;
  block_ = {};
  block_.number = next;
  block_.first_frame = first;
  hot_.clear();
  return {};
}

Result<BinaryHeader> CaptureWriter::finish(BinaryHeader header) {
  constexpr char kEnd[kFramePadding] = {};
  if (auto done = write(kEnd, sizeof(kEnd)); !done) return std::unexpected(done.error());
  header.file_bytes = written_;
  header.blocks = block_.number;
  header.frames = static_cast<std::int64_t>(block_.first_frame);
  header.text_bytes = text_digest_.size();
  header.text_digest = text_digest_.value();
  Hasher check;
  check.bytes(&header, sizeof(header) - sizeof(header.check));
  header.check = check.value();
  if (std::fseek(file_, 0, SEEK_SET) != 0) return failed();
  if (auto done = write(&header, sizeof(header)); !done) return std::unexpected(done.error());
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) return failed();
  return header;
}

Result<void> CaptureWriter::keep() {
  if (std::rename(new_path_.c_str(), path_.c_str()) != 0) return failed();
  kept_ = true;
  return {};
}

}  // namespace pinstripe
