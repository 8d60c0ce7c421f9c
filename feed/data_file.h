// A recorded file as it is opened by whoever reads it, and by what a checkpoint knows it again.
#pragma once

#include <cstdint>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

/// Size and time of change: a file whose stamp differs is another.
struct FileStamp {
  std::uint64_t size = 0;  // bytes
  std::int64_t mtime_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

struct DataFile {
  int fd = -1;  // the caller's to close
  FileStamp stamp;
};

/// For reading; the error names the path and what to do.
Result<DataFile> open_data_file(const std::string& path);

}  // namespace pinstripe
