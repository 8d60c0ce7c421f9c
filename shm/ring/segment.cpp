#include "shm/ring/segment.h"

#include <fcntl.h>
#include <numa.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pinstripe {

namespace bi = boost::interprocess;

namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

/// Free bytes of the file system that holds `folder`, or max when it does not say.
std::uint64_t free_bytes(const std::string& folder) noexcept {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0 || info.f_blocks == 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::unexpected<Error> no_room(const std::string& path, std::size_t needed, std::uint64_t free) {
  return fail("cannot make '" + path + "': it needs " + std::to_string(needed) + " bytes, but " +
              folder_of(path) + " has " + std::to_string(free) +
              " free; remove old sessions (pinstripe doctor --fix), enlarge it "
              "(mount -o remount,size=...), or configure smaller rings");
}

/// Closes the descriptor and, unless kept, removes the file again.
struct NewFile {
  const std::string& path;
  int fd;
  bool keep = false;
  ~NewFile() {
    if (fd >= 0) ::close(fd);
    if (!keep) ::unlink(path.c_str());
  }
};

Result<std::unique_ptr<bi::mapped_region>> map(const std::string& path, bi::mode_t mode) {
  try {
    const bi::file_mapping file(path.c_str(), mode);
    return std::make_unique<bi::mapped_region>(file, mode);
  } catch (const bi::interprocess_exception& e) {
    return fail("cannot map '" + path + "': " + e.what());
  }
}

}  // namespace

Segment::Segment(Segment&&) noexcept = default;
Segment& Segment::operator=(Segment&&) noexcept = default;
Segment::~Segment() = default;

Result<Segment> Segment::create(const std::string& path, std::size_t bytes,
                                const SegmentOptions& options) {
  if (bytes == 0) return fail("cannot make '" + path + "': a segment of 0 bytes");
  const std::uint64_t free = free_bytes(folder_of(path));
  if (bytes > free) return no_room(path, bytes, free);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    const char* hint = errno == EEXIST ? "; a segment of that name exists: is the session running?"
                                       : "";
    return fail("cannot make '" + path + "': " + std::strerror(errno) + hint);
  }
  NewFile file{path, fd};
  const int rc = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (rc == ENOSPC) return no_room(path, bytes, free_bytes(folder_of(path)));
  if (rc != 0) {
    return fail("cannot make '" + path + "' with " + std::to_string(bytes) +
                " bytes: " + std::strerror(rc));
  }
  auto region = map(path, bi::read_write);
  if (!region) return std::unexpected(std::move(region.error()));
  Segment segment;
  segment.region_ = std::move(*region);
  segment.path_ = path;
  segment.bytes_ = {static_cast<std::byte*>(segment.region_->get_address()), bytes};
  segment.settle(options);
  file.keep = true;
  return segment;
}

Result<Segment> Segment::open(const std::string& path, bool read_only,
                              const SegmentOptions& options) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return fail("cannot open '" + path + "': " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail("cannot open '" + path + "': not a regular file");
  if (info.st_uid != ::geteuid() && ::geteuid() != 0) {
    return fail("cannot open '" + path + "': it belongs to another user");
  }
  if (info.st_size == 0) return fail("cannot open '" + path + "': the file is empty");
  auto region = map(path, read_only ? bi::read_only : bi::read_write);
  if (!region) return std::unexpected(std::move(region.error()));
  Segment segment;
  segment.region_ = std::move(*region);
  segment.path_ = path;
  segment.bytes_ = {static_cast<std::byte*>(segment.region_->get_address()),
                    segment.region_->get_size()};
  if (!read_only) segment.settle(options);
  return segment;
}

/// Placement before the first touch, then huge pages, then prefault and lock.
void Segment::settle(const SegmentOptions& options) {
  void* const address = bytes_.data();
  if (options.numa_node >= 0 && ::numa_available() >= 0 && ::numa_max_node() > 0) {
    if (options.numa_node > ::numa_max_node()) {
      warnings_.push_back(path_ + ": there is no NUMA node " + std::to_string(options.numa_node));
    } else {
      ::numa_tonode_memory(address, bytes_.size(), options.numa_node);
    }
  }
  if (options.huge_pages && bytes_.size() >= kHugePageBytes) {
    // Best effort: a tmpfs mounted without huge pages answers EINVAL or ignores it.
    ::madvise(address, bytes_.size(), MADV_HUGEPAGE);
  }
  if (options.prefault) {
#ifdef MADV_POPULATE_WRITE
    const bool populated = ::madvise(address, bytes_.size(), MADV_POPULATE_WRITE) == 0;
#else
    const bool populated = false;
#endif
    // Reading maps the page too; writing would race with a peer that already uses the segment.
    if (!populated) {
      const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
      for (std::size_t at = 0; at < bytes_.size(); at += page) {
        static_cast<void>(*static_cast<volatile const std::byte*>(bytes_.data() + at));
      }
    }
  }
  if (options.lock && ::mlock(address, bytes_.size()) != 0) {
    warnings_.push_back("cannot lock " + std::to_string(bytes_.size()) + " bytes of '" + path_ +
                        "' in memory: " + std::strerror(errno) +
                        "; it may be swapped out: raise 'ulimit -l' or grant CAP_IPC_LOCK");
  }
}

}  // namespace pinstripe
