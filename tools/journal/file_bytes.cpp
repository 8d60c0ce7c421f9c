#include "tools/journal/file_bytes.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace pinstripe {

namespace {

class PlainBytes final : public FileBytes {
 public:
  PlainBytes(int fd, std::string path) : path_(std::move(path)), fd_(fd) {}
  ~PlainBytes() override { ::close(fd_); }
  Result<std::size_t> read(std::byte* to, std::size_t bytes) override {
    for (;;) {
      const ssize_t n = ::pread(fd_, to, bytes, at_);
      if (n >= 0) {
        at_ += n;
        return static_cast<std::size_t>(n);
      }
      if (errno == EINTR) continue;
      return fail("cannot read '" + path_ + "' at offset " + std::to_string(at_) + ": " +
                  std::strerror(errno));
    }
  }
  void unread(std::size_t bytes) override { at_ -= static_cast<off_t>(bytes); }
  bool may_grow() const noexcept override { return true; }

 private:
  std::string path_;
  int fd_;
  off_t at_ = 0;
};

class ArchiveBytes final : public FileBytes {
 public:
  explicit ArchiveBytes(std::unique_ptr<PlainBytes> packed, std::string path)
      : packed_(std::move(packed)),
        path_(std::move(path)),
        context_(ZSTD_createDCtx()),
        input_(ZSTD_DStreamInSize()) {}
  ~ArchiveBytes() override { ZSTD_freeDCtx(context_); }

  Result<std::size_t> read(std::byte* to, std::size_t bytes) override {
    ZSTD_outBuffer out{to, bytes, 0};
    while (out.pos < out.size) {
      if (in_.pos == in_.size) {
        const auto n = packed_->read(input_.data(), input_.size());
        if (!n) return n;
        if (*n == 0) {
          if (left_ == 0) break;
          return fail("'" + path_ + "' ends in the middle of its compressed data; the archive is "
                      "truncated: restore it from a copy");
        }
        in_ = {input_.data(), *n, 0};
      }
      left_ = ZSTD_decompressStream(context_, &out, &in_);
      if (ZSTD_isError(left_) != 0) {
        return fail("'" + path_ + "' cannot be unpacked: " + ZSTD_getErrorName(left_) +
                    "; the archive is damaged: restore it from a copy");
      }
    }
    return out.pos;
  }
  void unread(std::size_t) override {}
  bool may_grow() const noexcept override { return false; }

 private:
  std::unique_ptr<PlainBytes> packed_;
  std::string path_;
  ZSTD_DCtx* context_;
  std::vector<std::byte> input_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  std::size_t left_ = 0;
};

Result<std::unique_ptr<PlainBytes>> open_plain(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail("cannot open '" + path + "': " + std::strerror(errno));
  return std::make_unique<PlainBytes>(fd, path);
}

}  // namespace

Result<std::unique_ptr<FileBytes>> FileBytes::open(const std::string& path) {
  if (path.ends_with(".zst")) return open_archive(path);
  return open_plain(path);
}

Result<std::unique_ptr<FileBytes>> FileBytes::open_archive(const std::string& path) {
  auto plain = open_plain(path);
  if (!plain) return std::unexpected(std::move(plain.error()));
  return std::make_unique<ArchiveBytes>(std::move(*plain), path);
}

}  // namespace pinstripe
