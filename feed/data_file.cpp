#include "feed/data_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/base/units.h"

namespace pinstripe {

Result<DataFile> open_data_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return fail("cannot open '" + path + "': " + why + "; check the path given with --data");
  }
  return DataFile{fd, {static_cast<std::uint64_t>(info.st_size),
                       info.st_mtim.tv_sec * kNsPerSecond + info.st_mtim.tv_nsec}};
}

}  // namespace pinstripe
