#include "tools/journal/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace pinstripe {

namespace {

std::unexpected<Error> failed(const char* what, const std::string& path) {
  return fail(std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno));
}

}  // namespace

NewFile::NewFile(std::string path) : path_(std::move(path)), new_path_(path_ + ".new") {
  fd_ = ::open(new_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!kept_) ::unlink(new_path_.c_str());
}

Result<void> NewFile::write(const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t n = fd_ < 0 ? -1 : ::write(fd_, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("write", new_path_);
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> NewFile::sync() {
  if (fd_ < 0 || ::fsync(fd_) != 0) return failed("write", new_path_);
  return {};
}

Result<void> NewFile::keep() {
  if (::rename(new_path_.c_str(), path_.c_str()) != 0) return failed("rename", new_path_);
  kept_ = true;
  return {};
}

}  // namespace pinstripe
