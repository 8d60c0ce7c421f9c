#include "tools/journal/disk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "tools/journal/record_file.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytes_of(const auto& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof(value)};
}

JournalEntry entry_at(const std::byte* at) noexcept {
  JournalRecord record;
  std::memcpy(&record, at, sizeof(record));
  JournalEntry entry;
  entry.kind = record.kind;
  entry.payload = {at + kJournalRecordBytes, record.payload};
  return entry;
}

/// A new file's name is on disk only when its directory is.
Result<void> sync_folder(const std::string& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (synced) return {};
  return fail("cannot sync '" + dir + "': " + std::strerror(error));
}

}  // namespace

std::uint64_t hash_of(const DiskHeader& header) noexcept {
  Hasher h(kDiskMagic);
  h.bytes(&header, offsetof(DiskHeader, header_hash));
  return h.value();
}

std::uint64_t hash_of(const SyncMark& mark) noexcept {
  if (mark.bytes == 0 && mark.record == 0 && mark.position == 0 && mark.chain == 0) return 0;
  Hasher h(kDiskMagic);
  h.bytes(&mark, offsetof(SyncMark, hash));
  return h.value();
}

std::uint64_t first_chain(const JournalIdentity& identity) noexcept {
  Hasher h(kDiskMagic);
  h.bytes(&identity, sizeof(identity));
  return h.state();
}

std::uint64_t chain_after(std::uint64_t before, std::span<const std::byte> record) noexcept {
  Hasher h;
  h.restore(before);
  h.bytes(record.data() + 8, record.size() - 8);
  return h.state();
}

std::string disk_file_name(std::uint64_t first_record) {
  char name[40];
  std::snprintf(name, sizeof(name), "%012llu.pjl", static_cast<unsigned long long>(first_record));
  return name;
}

JournalPlace place_behind(const JournalPlace& at, const JournalEntry& entry, std::uint64_t chain,
                          std::uint64_t segment_bytes) noexcept {
  JournalPlace next{at.record + 1, at.position + kJournalRecordBytes + entry.payload.size(), chain};
  if (entry.kind == JournalKind::kSegmentEnd) {
    next.position = (at.position / segment_bytes + 1) * segment_bytes + kJournalFirstRecordAt;
  }
  if (entry.kind == JournalKind::kHole) {
    JournalHole hole;
    std::memcpy(&hole, entry.payload.data(), sizeof(hole));
    next.record = hole.end_record;
    next.position = hole.end_position;
  }
  return next;
}

ssize_t FileCalls::write(int fd, const std::byte* from, std::size_t bytes, off_t at) {
  return ::pwrite(fd, from, bytes, at);
}

int FileCalls::sync(int fd) { return ::fdatasync(fd); }

FileCalls& FileCalls::system() {
  static FileCalls calls;
  return calls;
}

DiskWriter::DiskWriter(std::string dir, const JournalIdentity& identity,
                       const DiskWriterOptions& options)
    : dir_(std::move(dir)), identity_(identity), options_(options) {}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<DiskWriter> DiskWriter::open(const std::string& dir, const JournalIdentity& identity,
                                    const DiskWriterOptions& options) {
  DiskWriter writer(dir, identity, options);
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return fail("cannot make '" + dir + "': " + error.message());
  auto files = list_journal_files(dir);
  if (!files) return std::unexpected(std::move(files.error()));
  while (!files->empty()) {
    const JournalFileName last = files->back();
    if (last.archive) {
      return fail("the journal in '" + dir + "' has ended and was archived ('" + last.path +
                  "'); nothing is added to it");
    }
    if (fs::file_size(last.path, error) >= kDiskHeaderBytes || error) break;
    // Made, and never got its header: as if it had not been made.
    writer.notes_.push_back("'" + last.path + "' ended within its header and was removed");
    if (::unlink(last.path.c_str()) != 0) return writer.failed("cannot remove");
    files->pop_back();
  }
  Result<void> ready;
  if (files->empty()) {
    writer.now_.place = {0, kJournalFirstRecordAt, first_chain(identity)};
    ready = writer.begin_file();
  } else {
    ready = writer.go_on(files->back());
  }
  if (!ready) return std::unexpected(std::move(ready.error()));
  return writer;
}

/// Checks the newest file to its end, cuts what is torn, and writes on behind it.
Result<void> DiskWriter::go_on(const JournalFileName& name) {
  auto file = RecordFile::open(name, &identity_);
  if (!file) return std::unexpected(std::move(file.error()));
  if (file->header().segment_bytes != options_.segment_bytes) {
    return fail("journal file '" + name.path + "' counts in segments of " +
                std::to_string(file->header().segment_bytes) + " bytes, the session has " +
                std::to_string(options_.segment_bytes));
  }
  JournalEntry entry;
  for (;;) {
    const auto found = file->next(entry);
    if (!found) return std::unexpected(found.error());
    if (!*found) break;
  }
  path_ = name.path;
  file_ = FileHandle(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!file_.is_open()) return failed("cannot open");
  now_ = {file->place(), file->offset(), file->last_kind()};
  if (!file->torn().empty()) notes_.push_back(file->torn() + "; cut there");
  if (::ftruncate(file_.get(), static_cast<off_t>(now_.bytes)) != 0) return failed("cannot cut");
  return sync();
}

/// The next file, which begins with the next record. The one before is complete and synced.
Result<void> DiskWriter::begin_file() {
  DiskHeader header;
  header.identity = identity_;
  header.segment_bytes = options_.segment_bytes;
  header.first_record = now_.place.record;
  header.first_position = now_.place.position;
  header.chain_before = now_.place.chain;
  header.header_hash = hash_of(header);
  const std::string path = dir_ + "/" + disk_file_name(now_.place.record);
  FileHandle file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) {
    error_number_ = errno;
    return fail("cannot make '" + path + "': " + std::strerror(error_number_));
  }
  std::swap(file_, file);
  const std::string path_before = std::exchange(path_, path);
  auto written = write_all(bytes_of(header), 0);
  if (written) {
    written = sync_folder(dir_);
    if (!written) error_number_ = EIO;
  }
  if (!written) {
    std::swap(file_, file);
    ::unlink(path.c_str());
    path_ = path_before;
    return written;
  }
  now_.bytes = kDiskHeaderBytes;
  synced_ = now_;
  return {};
}

Result<void> DiskWriter::append(std::span<std::byte> records) {
  if (now_.bytes >= options_.file_bytes) {
    auto next = sync();
    if (next) next = begin_file();
    if (!next) return next;
  }
  End end = now_;
  for (std::size_t at = 0; at < records.size();) {
    const JournalEntry entry = entry_at(records.data() + at);
    const std::size_t bytes = kJournalRecordBytes + entry.payload.size();
    PINSTRIPE_CHECK(at + bytes <= records.size(), "only whole records are carried");
    const std::uint64_t chain = chain_after(end.place.chain, records.subspan(at, bytes));
    std::memcpy(records.data() + at, &chain, sizeof(chain));
    end.place = place_behind(end.place, entry, chain, options_.segment_bytes);
    end.last = entry.kind;
    at += bytes;
  }
  auto written = write_all(records, now_.bytes);
  if (!written) return written;
  end.bytes += records.size();
  now_ = end;
  return {};
}

Result<void> DiskWriter::append_hole(std::uint64_t to, std::uint64_t position) {
  struct {
    JournalRecord record;
    JournalHole hole;
  } hole;
  hole.record.kind = JournalKind::kHole;
  hole.record.payload = sizeof(JournalHole);
  hole.hole = {now_.place.record, to, position};
  return append({reinterpret_cast<std::byte*>(&hole), sizeof(hole)});
}

/// A file that was deleted or moved takes every write, in vain: its name tells.
Result<void> DiskWriter::still_there() {
  struct stat open {}, named {};
  if (::fstat(file_.get(), &open) != 0) return failed("cannot look at");
  if (::stat(path_.c_str(), &named) != 0) return failed("cannot find");
  if (open.st_ino == named.st_ino && open.st_dev == named.st_dev) return {};
  errno = ENOENT;
  return failed("another file lies in the place of");
}

Result<void> DiskWriter::sync() {
  if (auto there = still_there(); !there) return there;
  if (options_.calls->sync(file_.get()) != 0) return failed("cannot sync");
  SyncMark mark{now_.place.record, now_.place.position, now_.bytes, now_.place.chain, 0};
  mark.hash = hash_of(mark);
  auto written = write_all(bytes_of(mark), offsetof(DiskHeader, mark));
  if (!written) return written;
  synced_ = now_;
  return {};
}

Result<void> DiskWriter::rewind() {
  if (::ftruncate(file_.get(), static_cast<off_t>(synced_.bytes)) != 0) return failed("cannot cut");
  now_ = synced_;
  return {};
}

Result<void> DiskWriter::write_all(std::span<const std::byte> bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n =
        options_.calls->write(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENOSPC;
    if (n <= 0) return failed("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

std::unexpected<Error> DiskWriter::failed(const char* what) {
  error_number_ = errno;
  return fail(std::string(what) + " '" + path_ + "' at offset " + std::to_string(now_.bytes) +
              " (record " + std::to_string(now_.place.record) + "): " +
              std::strerror(error_number_));
}

}  // namespace pinstripe
