// A segment: one file of a session directory, mapped into this process.
//
// Files, not shm_open (which refuses a subdirectory), sized by posix_fallocate (a sparse file on a
// full tmpfs is a SIGBUS later), mapped through Boost.Interprocess file_mapping + mapped_region
// without any of its named mutexes (their locks survive a kill -9).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace boost::interprocess {
class mapped_region;
}

namespace pinstripe {

struct SegmentOptions {
  bool prefault = true;    // touch every page now, so that no page fault hits the hot path
  bool lock = true;        // mlock; a refusal is a warning
  bool huge_pages = true;  // ask for huge pages where the segment is large enough; no error without
  int numa_node = -1;      // >= 0: place the pages on that node (the consumer's), if it exists
};

/// A mapped file. Movable; unmaps when destroyed, the file stays.
class Segment {
 public:
  /// Makes the file (mode 0600; it must not exist yet), takes all its memory, maps it. A full
  /// /dev/shm is an error that names the bytes needed and free.
  static Result<Segment> create(const std::string& path, std::size_t bytes,
                                const SegmentOptions& options = {});
  /// Maps an existing file, whole. `read_only` for taps and tools: no prefault, no lock.
  static Result<Segment> open(const std::string& path, bool read_only,
                              const SegmentOptions& options = {});

  Segment(Segment&&) noexcept;
  Segment& operator=(Segment&&) noexcept;
  ~Segment();

  /// The mapping. Page aligned. Of a read-only segment nothing may be written.
  std::span<std::byte> bytes() const noexcept { return bytes_; }
  const std::string& path() const noexcept { return path_; }
  /// What could not be had (memory lock, huge pages, node); for people, one sentence each.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  Segment() = default;
  void settle(const SegmentOptions& options);

  std::unique_ptr<boost::interprocess::mapped_region> region_;
  std::span<std::byte> bytes_;
  std::string path_;
  std::vector<std::string> warnings_;
};

}  // namespace pinstripe
