#include "tools/record/packed_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pinstripe {
namespace {

constexpr int kGzipLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // the largest, with a gzip head
constexpr int kZlibMemory = 8;
constexpr int kZstdLevel = 3;

}  // namespace

std::string_view packing_suffix(CapturePacking packing) noexcept {
  switch (packing) {
    case CapturePacking::kGzip: return ".gz";
    case CapturePacking::kZstd: return ".zst";
    case CapturePacking::kNone: break;
  }
  return "";
}

PackedFile::PackedFile(std::string path, int fd, CapturePacking packing)
    : path_(std::move(path)), fd_(fd), packing_(packing),
      zstd_(nullptr, [](ZSTD_CCtx_s* context) { ZSTD_freeCCtx(context); }) {}

PackedFile::~PackedFile() {
  if (zlib_ != nullptr) deflateEnd(zlib_.get());
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<PackedFile>> PackedFile::create(const std::string& path,
                                                       CapturePacking packing) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    const int why = errno;
    return fail("cannot make '" + path + "': " + std::strerror(why) +
                "; recordings go into a folder that can be written, and replace no file");
  }
  std::unique_ptr<PackedFile> file(new PackedFile(path, fd, packing));
  bool is_ready = true;
  if (packing == CapturePacking::kGzip) {
    file->zlib_ = std::make_unique<z_stream>();
    is_ready = deflateInit2(file->zlib_.get(), kGzipLevel, Z_DEFLATED, kGzipWindow, kZlibMemory,
                            Z_DEFAULT_STRATEGY) == Z_OK;
    if (!is_ready) file->zlib_.reset();
  } else if (packing == CapturePacking::kZstd) {
    file->zstd_.reset(ZSTD_createCCtx());
    is_ready = file->zstd_ != nullptr;
  }
  if (!is_ready) return fail("cannot pack '" + path + "': no memory for the compressor");
  return file;
}

Result<void> PackedFile::pack_gzip() {
  z_stream& z = *zlib_;
  if (deflateReset(&z) != Z_OK) return fail("'" + path_ + "': the compressor cannot be reset");
  packed_.resize(deflateBound(&z, static_cast<uLong>(pending_.size())));
  z.next_in = reinterpret_cast<Bytef*>(pending_.data());
  z.avail_in = static_cast<uInt>(pending_.size());
  z.next_out = reinterpret_cast<Bytef*>(packed_.data());
  z.avail_out = static_cast<uInt>(packed_.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) return fail("'" + path_ + "' cannot be packed");
  packed_.resize(z.total_out);
  return {};
}

Result<void> PackedFile::pack() {
  if (packing_ == CapturePacking::kGzip) return pack_gzip();
  packed_.resize(ZSTD_compressBound(pending_.size()));
  const std::size_t size = ZSTD_compressCCtx(zstd_.get(), packed_.data(), packed_.size(),
                                             pending_.data(), pending_.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) {
    return fail("'" + path_ + "' cannot be packed: " + ZSTD_getErrorName(size));
  }
  packed_.resize(size);
  return {};
}

Result<void> PackedFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    const int why = n < 0 ? errno : ENOSPC;
    // What of this flush was written is no whole member: readers would see a cut file.
    const bool is_cut_back = ::ftruncate(fd_, static_cast<off_t>(bytes_)) == 0;
    return fail("cannot write '" + path_ + "': " + std::strerror(why) + "; its first " +
                std::to_string(bytes_) + " bytes are whole" +
                (is_cut_back ? "" : ", what follows them is not") +
                ". Make room, or record to another disk with --out");
  }
  return {};
}

Result<void> PackedFile::flush() {
  if (pending_.empty()) return {};
  const bool is_packed = packing_ != CapturePacking::kNone;
  if (is_packed) {
    if (auto packed = pack(); !packed) return packed;
  }
  const std::string_view out = is_packed ? packed_ : pending_;
  if (auto written = write(out); !written) return written;
  bytes_ += out.size();
  text_bytes_ += pending_.size();
  pending_.clear();
  return {};
}

}  // namespace pinstripe
