// Bytes as a file, for readers that take a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>

namespace pinstripe::fuzz {

/// A file without a name on any disk.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0) __builtin_trap();
  }
  std::string holding(const void* data, std::size_t size) {
    if (ftruncate(fd_, 0) != 0) __builtin_trap();
    if (pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) __builtin_trap();
    return "/proc/self/fd/" + std::to_string(fd_);
  }

 private:
  int fd_;
};

}  // namespace pinstripe::fuzz
