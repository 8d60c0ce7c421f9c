#include "tools/journal/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace pinstripe {

namespace {

std::unexpected<Error> failed(const char* what, const std::string& path, int error) {
  return fail(std::string("cannot ") + what + " '" + path + "': " + std::strerror(error));
}

}  // namespace

NewFile::NewFile(std::string path) : path_(std::move(path)), new_path_(path_ + ".new") {
  fd_ = ::open(new_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd_ < 0) open_error_ = errno;
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!kept_) ::unlink(new_path_.c_str());
}

Result<void> NewFile::write(const void* from, std::size_t bytes) {
  if (fd_ < 0) return failed("make", new_path_, open_error_);
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write", new_path_, errno);
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> NewFile::sync() {
  if (fd_ < 0) return failed("make", new_path_, open_error_);
  if (::fsync(fd_) != 0) return failed("write", new_path_, errno);
  return {};
}

Result<void> NewFile::keep() {
  if (::rename(new_path_.c_str(), path_.c_str()) != 0) return failed("rename", new_path_, errno);
  kept_ = true;
  return {};
}

}  // namespace pinstripe
