// Reads one file of a journal record by record, and believes nothing: its header, its chain, its
// sizes. What does not hold is told apart:
//   damaged  below the sync mark, or followed by records that do hold: an error that names file,
//            record and offset;
//   torn     the tail of a crash, above the sync mark: the file ends there, `torn()` says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/journal/disk_file.h"
#include "tools/journal/file_bytes.h"

namespace pinstripe {

/// One file of a stage's directory, by its name.
struct JournalFileName {
  std::uint64_t first_record = 0;
  std::string path;
  bool archive = false;  // .pjl.zst
};
/// The journal files of `dir`, by first record. Where a file and its archive are both there (the
/// archiving was broken off), only the file counts.
Result<std::vector<JournalFileName>> list_journal_files(const std::string& dir);

class RecordFile {
 public:
  /// Opens the file and checks its header; `expected` (may be null) is the identity it must have.
  /// A file that ends within its header opens empty and torn.
  static Result<RecordFile> open(const JournalFileName& name, const JournalIdentity* expected);

  const DiskHeader& header() const noexcept { return header_; }
  const std::string& path() const noexcept { return path_; }

  /// The next record; false at the end of what holds. Valid until the next call. After false a file
  /// that grows may give more.
  Result<bool> next(JournalEntry& out);
  /// Goes to record `number` without checking the chain up to it.
  Result<void> skip_to(std::uint64_t number);
  /// From here on the chain must go on from `chain`.
  void expect_chain(std::uint64_t chain) noexcept { place_.chain = chain; }

  /// Where the next record is expected; its chain is that of the record before.
  const JournalPlace& place() const noexcept { return place_; }
  std::uint64_t offset() const noexcept { return offset_; }
  JournalKind last_kind() const noexcept { return last_; }
  bool archive() const noexcept { return !bytes_->may_grow(); }
  /// After `next` gave false: what stands behind the last record that holds, or empty.
  const std::string& torn() const noexcept { return torn_; }
  /// "journal file 'x': record 17 at offset 2512".
  std::string here() const;

 private:
  RecordFile() = default;
  Result<void> read_header(const JournalFileName& name);
  Result<std::size_t> fill(std::size_t bytes);
  Result<std::string> problem_here();
  Result<bool> goes_on_behind();
  Result<bool> stop(const std::string& problem);
  void forget_window();
  void pass(JournalEntry& out);

  std::unique_ptr<FileBytes> bytes_;
  std::string path_;
  DiskHeader header_;
  std::vector<std::byte> window_;  // bytes [offset_, ...) of the file lie at [begin_, end_)
  std::size_t begin_ = 0, end_ = 0;
  JournalPlace place_;
  std::uint64_t offset_ = 0;
  JournalKind last_ = JournalKind::kNone;
  bool chain_counts_ = true;
  std::string torn_;
};

}  // namespace pinstripe
