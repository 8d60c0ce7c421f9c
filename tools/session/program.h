// A program of Pinstripe, opened once: whoever is started from it later runs these very bytes, even
// where another build has been installed meanwhile.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

/// Folder of the running executable: the other programs lie beside it.
std::string program_folder();

class Program {
 public:
  /// `name` lies in program_folder().
  static Result<Program> open(const std::string& name);
  Program(Program&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  Program& operator=(Program&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  Program(const Program&) = delete;
  ~Program();

  const std::string& path() const noexcept { return path_; }
  int fd() const noexcept { return fd_; }

 private:
  Program() = default;
  std::string path_;
  int fd_ = -1;
};

}  // namespace pinstripe
