#include "tools/session/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinstripe {

std::string program_folder() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string(".") : self.parent_path().string();
}

Result<Program> Program::open(const std::string& name) {
  Program p;
  p.path_ = program_folder() + "/" + name;
  p.fd_ = ::open(p.path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (p.fd_ < 0 || ::access(p.path_.c_str(), X_OK) != 0) {
    return fail("cannot start '" + p.path_ + "': " + std::strerror(errno) +
                "; the stage programs must lie beside 'pinstripe' (target pinstripe_programs)");
  }
  return p;
}

Program::~Program() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pinstripe
