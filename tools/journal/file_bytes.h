// The bytes of a journal file in order, plain (.pjl) or from an archive (.pjl.zst).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

class FileBytes {
 public:
  /// Opens `path` by its ending.
  static Result<std::unique_ptr<FileBytes>> open(const std::string& path);
  /// The same for an archive of any name.
  static Result<std::unique_ptr<FileBytes>> open_archive(const std::string& path);
  virtual ~FileBytes() = default;
  /// Up to `bytes` further bytes; 0 at the end. A plain file that grows gives more later.
  virtual Result<std::size_t> read(std::byte* to, std::size_t bytes) = 0;
  /// Gives the last `bytes` bytes again at the next read, as they are in the file then. Only where
  /// the file may grow.
  virtual void unread(std::size_t bytes) = 0;
  /// True where the file can still grow: it is no archive.
  virtual bool may_grow() const noexcept = 0;
};

}  // namespace pinstripe
