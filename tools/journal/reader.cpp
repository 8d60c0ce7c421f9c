#include "tools/journal/reader.h"

#include <algorithm>
#include <filesystem>

namespace pinstripe {

namespace {

/// Disk and memory were both asked that often and neither had the next record.
constexpr int kTurnsMax = 6;

std::string records_text(std::uint64_t from, std::uint64_t to) {
  return to == from + 1 ? "record " + std::to_string(from)
                        : "records " + std::to_string(from) + " to " + std::to_string(to - 1);
}

}  // namespace

Result<JournalReader> JournalReader::open(const std::string& stage_dir,
                                          const JournalIdentity* expected,
                                          std::span<std::byte> memory) {
  JournalReader reader;
  reader.dir_ = stage_dir;
  bool known = expected != nullptr;
  if (known) reader.identity_ = *expected;
  if (!memory.empty()) {
    auto view = attach_journal(memory, expected);
    if (!view) return fail_within("the journal in shared memory", view);
    reader.memory_ = *view;
    if (!known) reader.identity_ = view->identity;
    known = true;
  }
  if (!known) {
    auto files = list_journal_files(stage_dir);
    if (!files) return std::unexpected(std::move(files.error()));
    if (files->empty()) return fail("'" + stage_dir + "' holds no journal file");
    auto file = RecordFile::open(files->front(), nullptr);
    if (!file) return std::unexpected(std::move(file.error()));
    if (!file->torn().empty()) return fail("no record was written: " + file->torn());
    reader.identity_ = file->header().identity;
  }
  reader.place_ = {0, kJournalFirstRecordAt, first_chain(reader.identity_)};
  return reader;
}

std::string JournalReader::here() const {
  if (walk_ || !file_) {
    return "the journal of '" + identity_name(identity_.stage) + "' in shared memory: record " +
           std::to_string(place_.record);
  }
  return file_->here();
}

Result<bool> JournalReader::next(JournalEntry& out) {
  turns_ = 0;
  torn_.clear();
  for (;;) {
    const auto got = walk_ ? from_memory(out) : from_disk(out);
    if (!got) return std::unexpected(got.error());
    if (*got == Got::kEnd) return false;
    if (*got == Got::kEntry && out.kind != JournalKind::kSegmentEnd) return true;
    if (*got == Got::kEntry) turns_ = 0;
    if (turns_ <= kTurnsMax) continue;
    return fail("the journal of '" + identity_name(identity_.stage) + "' has lost record " +
                std::to_string(place_.record) + ": it is neither in '" + dir_ +
                "' nor in shared memory any more; nothing behind it can be replayed");
  }
}

Result<JournalReader::Got> JournalReader::from_disk(JournalEntry& out) {
  if (!file_) return next_file();
  const auto found = file_->next(out);
  if (!found) return std::unexpected(found.error());
  if (!*found) return next_file();
  polled_twice_ = false;
  const JournalPlace& behind = file_->place();
  if (behind.record <= place_.record) {
    // Read from memory before. What came from there must be what was carried.
    if (behind.record < place_.record || behind.chain == place_.chain) return Got::kElsewhere;
    return fail(file_->here() + ": the record before it is not the one that lay in shared memory");
  }
  place_ = behind;
  return Got::kEntry;
}

/// The file at hand has no more: the next one, else memory.
Result<JournalReader::Got> JournalReader::next_file() {
  std::error_code error;
  if (!file_ && memory_ && !std::filesystem::exists(dir_, error)) return at_disk_end();
  const auto files = list_journal_files(dir_);
  if (!files) return std::unexpected(files.error());
  const auto after = [this](const JournalFileName& f) {
    return !file_ || f.first_record > file_->header().first_record;
  };
  const auto next = std::find_if(files->begin(), files->end(), after);
  if (next == files->end()) return at_disk_end();
  if (!file_) {
    if (next->first_record > place_.record) {
      return fail(records_text(place_.record, next->first_record) + " are missing: the first file "
                  "is '" + next->path + "'; restore the files before it from a copy");
    }
  } else {
    // The file may have grown to its end between the look at it and the look for the next.
    if (!std::exchange(polled_twice_, true)) return Got::kElsewhere;
    if (!file_->torn().empty()) {
      return fail(file_->torn() + ", though '" + next->path + "' goes on behind it; the file was "
                  "damaged or truncated: restore it from a copy");
    }
    if (file_->place().record != next->first_record) {
      return fail(records_text(file_->place().record, next->first_record) + " are missing between "
                  "'" + file_->path() + "' and '" + next->path + "'; a file was removed or its end "
                  "was cut: restore it from a copy");
    }
  }
  const auto opened = open_file(*next);
  if (!opened) {
    // Archived and removed since it was listed: its archive is there now.
    if (!next->archive && !std::filesystem::exists(next->path, error)) return Got::kElsewhere;
    return std::unexpected(opened.error());
  }
  if (*opened) return Got::kElsewhere;
  if (next + 1 == files->end()) return at_disk_end();
  return fail(torn_ + ", though '" + (next + 1)->path + "' goes on behind it; the file was "
              "truncated: restore it from a copy");
}

/// Opens the file that begins where the one at hand ended; false where its header is torn.
Result<bool> JournalReader::open_file(const JournalFileName& name) {
  auto file = RecordFile::open(name, &identity_);
  if (!file) return std::unexpected(std::move(file.error()));
  polled_twice_ = false;
  torn_ = file->torn();
  if (!torn_.empty()) return false;
  JournalPlace before = {0, kJournalFirstRecordAt, first_chain(file->header().identity)};
  if (file_) before = file_->place();
  const DiskHeader& h = file->header();
  if (h.first_record == before.record &&
      (h.chain_before != before.chain || h.first_position != before.position)) {
    return fail("journal file '" + name.path + "': record " + std::to_string(h.first_record) +
                " at offset " + std::to_string(kDiskHeaderBytes) + " does not go on from the "
                "record before it; the files are of two journals, or one was edited");
  }
  file_ = std::move(*file);
  return true;
}

/// Nothing more on disk.
Result<JournalReader::Got> JournalReader::at_disk_end() {
  if (file_ && torn_.empty()) torn_ = file_->torn();
  if (!memory_) return Got::kEnd;
  ++turns_;
  walk_.emplace(*memory_, JournalCursor{place_.record, place_.position});
  return Got::kElsewhere;
}

Result<JournalReader::Got> JournalReader::from_memory(JournalEntry& out) {
  switch (walk_->next_copy(out, copy_)) {
    case JournalLook::kNone: return Got::kEnd;
    case JournalLook::kGone:
      ++turns_;
      walk_.reset();
      return Got::kElsewhere;
    case JournalLook::kDamaged:
      return fail("the journal of '" + identity_name(identity_.stage) + "' is damaged in shared "
                  "memory: record " + std::to_string(place_.record) + " at position " +
                  std::to_string(place_.position) + "; end the session (pinstripe up --discard)");
    case JournalLook::kRecord: break;
  }
  turns_ = 0;
  place_ = {walk_->at().record, walk_->at().position,
            chain_after(place_.chain, journal_record_bytes(out))};
  return Got::kEntry;
}

Result<void> JournalReader::go_near(std::uint64_t record) {
  std::error_code error;
  if (!std::filesystem::exists(dir_, error)) return {};
  const auto files = list_journal_files(dir_);
  if (!files) return std::unexpected(files.error());
  const JournalFileName* holds = nullptr;
  for (const JournalFileName& f : *files) {
    if (f.first_record <= record && f.first_record > place_.record) holds = &f;
  }
  if (holds == nullptr) return {};
  auto file = RecordFile::open(*holds, &identity_);
  if (!file) return std::unexpected(std::move(file.error()));
  if (!file->torn().empty()) return {};
  walk_.reset();
  polled_twice_ = false;
  torn_.clear();
  place_ = file->place();
  file_ = std::move(*file);
  return {};
}

Result<void> JournalReader::seek(const JournalPlace& place) {
  file_.reset();
  walk_.reset();
  polled_twice_ = false;
  torn_.clear();
  std::error_code error;
  if (std::filesystem::exists(dir_, error) || !memory_) {
    const auto files = list_journal_files(dir_);
    if (!files) return std::unexpected(files.error());
    const JournalFileName* holds = nullptr;
    for (const JournalFileName& f : *files) {
      if (f.first_record <= place.record) holds = &f;
    }
    if (holds != nullptr) {
      auto file = RecordFile::open(*holds, &identity_);
      if (!file) return std::unexpected(std::move(file.error()));
      auto there = file->skip_to(place.record);
      if (!there) return there;
      if (file->place().position != place.position || file->place().chain != place.chain) {
        return fail(file->here() + ": it is not the record that the checkpoint names; the journal "
                    "or the checkpoint is of another session, or was edited");
      }
      file_ = std::move(*file);
    }
  }
  place_ = place;
  if (file_ || memory_) return {};
  return fail("'" + dir_ + "' has no record " + std::to_string(place.record));
}

}  // namespace pinstripe
