// One file of a stage's journal on disk: its bytes, and the writer that adds to the newest one.
//
//   byte    0  magic           u64  "PINJFILE"
//           8  version         u64
//          16  identity        448  session, stage, digests, build (shm/run/journal_layout.h)
//         464  segment_bytes   u64  of the segments it came from; positions are counted in it
//         472  first_record    u64  number of the file's first record, which also names the file
//         480  first_position  u64
//         488  chain_before    u64  chain of the record before; before record 0: of the identity
//         496  header_hash     u64  over bytes 0 to 495
//         504  (zero)
//         512  SyncMark         40  how far the file is known to be on disk; written after each
//                                   sync, within one sector: it is there whole or not at all
//         552  (zero)
//        1024  records as in shared memory, each with its chain where the commit word was
//
// chain = fold(chain of the record before, bytes 8 to the end of this record). So a record says by
// itself whether everything before it is what the stage wrote: an edited, a lost and a moved record
// all break it. What lies below the sync mark must hold, or the file was damaged; above it the
// first record that does not hold is the torn tail of a crash, and is cut whatever follows.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"

namespace pinstripe {

inline constexpr std::uint64_t kDiskMagic = 0x454C49464A4E4950ULL;  // "PINJFILE"
inline constexpr std::uint64_t kDiskVersion = 1;
inline constexpr std::size_t kDiskHeaderBytes = 1024;
inline constexpr std::uint64_t kDiskFileBytes = std::uint64_t{64} << 20;

/// How far a file was on disk when it was last synced.
struct SyncMark {
  std::uint64_t record = 0;    // number of the next record
  std::uint64_t position = 0;  // and where it will lie
  std::uint64_t bytes = 0;     // of the file; 0: never synced
  std::uint64_t chain = 0;
  std::uint64_t hash = 0;      // over the four before; 0 where never synced
};

struct DiskHeader {
  std::uint64_t magic = kDiskMagic;
  std::uint64_t version = kDiskVersion;
  JournalIdentity identity;
  std::uint64_t segment_bytes = 0;
  std::uint64_t first_record = 0;
  std::uint64_t first_position = 0;
  std::uint64_t chain_before = 0;
  std::uint64_t header_hash = 0;
  std::uint64_t zero = 0;
  SyncMark mark;
  std::byte zeros[472] = {};
};
static_assert(sizeof(DiskHeader) == kDiskHeaderBytes);
static_assert(offsetof(DiskHeader, header_hash) == 496 && offsetof(DiskHeader, mark) == 512);

std::uint64_t hash_of(const DiskHeader& header) noexcept;
std::uint64_t hash_of(const SyncMark& mark) noexcept;
/// Chain before record 0.
std::uint64_t first_chain(const JournalIdentity& identity) noexcept;
/// Chain of `record`, a whole record with its head; its word does not count.
std::uint64_t chain_after(std::uint64_t before, std::span<const std::byte> record) noexcept;
/// Name of the file that begins with record `first_record`: "000000000000.pjl".
std::string disk_file_name(std::uint64_t first_record);

/// A place between two records of a stage's journal.
struct JournalPlace {
  std::uint64_t record = 0;    // number of the next record
  std::uint64_t position = 0;  // its position
  std::uint64_t chain = 0;     // of the record before it
};

/// The place behind `entry`, which lies at `at` and whose chain is `chain`.
JournalPlace place_behind(const JournalPlace& at, const JournalEntry& entry, std::uint64_t chain,
                          std::uint64_t segment_bytes) noexcept;

struct JournalFileName;

/// The system calls of the writer that can fail for want of room or for a broken disk; tests hand
/// in others.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual ssize_t write(int fd, const std::byte* from, std::size_t bytes, off_t at);
  virtual int sync(int fd);
  static FileCalls& system();
};

/// A file descriptor that is closed with its owner.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) noexcept : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileHandle();
  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct DiskWriterOptions {
  std::uint64_t segment_bytes = 0;            // of the shared memory
  std::uint64_t file_bytes = kDiskFileBytes;  // a file of that size is followed by another
  FileCalls* calls = &FileCalls::system();
};

/// Adds records to a stage's journal directory. A call that fails leaves the writer where it was,
/// so it can be tried again with the same records.
class DiskWriter {
 public:
  /// Goes on where the journal in `dir` ends, or begins one. A torn tail is cut, and said in
  /// `notes`; a damaged or foreign file is refused.
  static Result<DiskWriter> open(const std::string& dir, const JournalIdentity& identity,
                                 const DiskWriterOptions& options);

  /// Writes whole records, the first of which is number place().record; their words are replaced by
  /// the chain. They are on disk only after `sync`.
  Result<void> append(std::span<std::byte> records);
  /// Says that the records from here to `to` (exclusive) were given up: a kHole record. The
  /// journal goes on at `to` and `position`.
  Result<void> append_hole(std::uint64_t to, std::uint64_t position);
  /// Everything appended is on disk when this has succeeded, under the name that it was given:
  /// ENOENT where the file was deleted or moved meanwhile, until it is back.
  Result<void> sync();
  /// Goes back to the last sync: what came after it must be appended again. The way on after a
  /// failed sync, whose data the kernel may have dropped.
  Result<void> rewind();

  /// Where the next record goes.
  const JournalPlace& place() const noexcept { return now_.place; }
  /// Where the journal ended at the last sync.
  const JournalPlace& synced() const noexcept { return synced_.place; }
  std::uint64_t unsynced_bytes() const noexcept { return now_.bytes - synced_.bytes; }
  JournalKind last_kind() const noexcept { return now_.last; }
  /// errno of the last failure.
  int error_number() const noexcept { return error_number_; }
  /// What was cut at `open`, one sentence each.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  const std::string& path() const noexcept { return path_; }

 private:
  struct End {
    JournalPlace place;
    std::uint64_t bytes = 0;  // of the file
    JournalKind last = JournalKind::kNone;
  };
  DiskWriter(std::string dir, const JournalIdentity& identity, const DiskWriterOptions& options);
  Result<void> go_on(const JournalFileName& name);
  Result<void> begin_file();
  Result<void> still_there();
  Result<void> write_all(std::span<const std::byte> bytes, std::uint64_t at);
  std::unexpected<Error> failed(const char* what);

  std::string dir_;
  JournalIdentity identity_;
  DiskWriterOptions options_;
  std::string path_;
  FileHandle file_;
  End now_, synced_;
  int error_number_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace pinstripe
