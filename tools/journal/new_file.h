// A file that is whole or not there: written under a name of its own, renamed when it is on disk.
#pragma once

#include <cstddef>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

class NewFile {
 public:
  /// Begins `<path>.new`; what was left there by a process that died is replaced. Where that fails,
  /// `write` and `sync` say why.
  explicit NewFile(std::string path);
  /// Removes what was not kept.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Result<void> write(const void* from, std::size_t bytes);
  /// What was written is on disk.
  Result<void> sync();
  /// Puts it in the place of `path`.
  Result<void> keep();
  const std::string& new_path() const noexcept { return new_path_; }

 private:
  std::string path_, new_path_;
  int fd_ = -1;
  int open_error_ = 0;  // errno, where there is no fd_
  bool kept_ = false;
};

}  // namespace pinstripe
