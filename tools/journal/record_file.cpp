#include "tools/journal/record_file.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 18;
/// A file that is being written may be seen half old, half new; what is damaged stays damaged.
constexpr int kLooks = 3;

void pause_briefly() noexcept {
  const timespec t{0, 200'000};
  ::nanosleep(&t, nullptr);
}

JournalRecord record_at(const std::byte* at) noexcept {
  JournalRecord r;
  std::memcpy(&r, at, sizeof(r));
  return r;
}

/// What no record can be, or "". `payload` is what it states, before anything of it is read.
std::string impossible(const JournalRecord& r, std::uint64_t segment_bytes) {
  const auto kind = static_cast<std::size_t>(r.kind);
  if (r.kind == JournalKind::kNone || kind >= std::size(kJournalKindNames)) {
    return "states kind " + std::to_string(kind) + ", which does not exist";
  }
  std::uint64_t least = 0, most = journal_payload_max(segment_bytes);
  switch (r.kind) {
    case JournalKind::kMessage: least = sizeof(MsgHeader); break;
    case JournalKind::kPosition: least = most = sizeof(FeedPosition); break;
    case JournalKind::kRoom: least = most = sizeof(JournalRoom); break;
    case JournalKind::kDigest: least = most = r.input * sizeof(JournalPort); break;
    case JournalKind::kEnd:
      least = most = sizeof(JournalEnd) + r.input * sizeof(JournalPort);
      break;
    case JournalKind::kControl: least = sizeof(MsgHeader); break;
    case JournalKind::kHole: least = most = sizeof(JournalHole); break;
    case JournalKind::kTimer:
    case JournalKind::kLost:
    case JournalKind::kSegmentEnd: most = 0; break;
    default: break;
  }
  if (r.payload % 8 == 0 && r.payload >= least && r.payload <= most) return "";
  return "states a payload of " + std::to_string(r.payload) + " bytes, which a " +
         kJournalKindNames[kind] + " record never has";
}

std::unexpected<Error> refuse(const std::string& where, const std::string& problem) {
  return fail(where + ": " + problem + "; the file was damaged or edited, and nothing from here on "
              "can be trusted: restore it from a copy, or use only what lies before");
}

bool all_zero(const std::byte* from, std::size_t bytes) {
  return std::all_of(from, from + bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// What is wrong with a header, or "".
std::string header_problem(const DiskHeader& h, std::uint64_t named_record) {
  if (h.magic != kDiskMagic) return "it does not begin as a journal file";
  if (h.version != kDiskVersion && h.header_hash == hash_of(h)) {
    return "it is of version " + std::to_string(h.version) + ", this program reads " +
           std::to_string(kDiskVersion);
  }
  if (h.header_hash != hash_of(h)) return "the hash of its header does not hold";
  if (h.zero != 0 || !all_zero(h.zeros, sizeof(h.zeros))) return "its header has bytes too many";
  if (h.mark.hash != hash_of(h.mark)) return "the hash of its sync mark does not hold";
  if (h.first_record != named_record) {
    return "its name says that it begins with record " + std::to_string(named_record) +
           ", its header says " + std::to_string(h.first_record) + ": it was renamed";
  }
  if (h.segment_bytes < kJournalSegmentBytesLeast || h.segment_bytes > kJournalSegmentBytesMost) {
    return "it states segments of " + std::to_string(h.segment_bytes) + " bytes";
  }
  return "";
}

}  // namespace

Result<std::vector<JournalFileName>> list_journal_files(const std::string& dir) {
  std::error_code error;
  std::vector<JournalFileName> files;
  fs::directory_iterator entries(dir, error);
  if (error) return fail("cannot look into '" + dir + "': " + error.message());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    JournalFileName file;
    file.path = entry.path().string();
    file.archive = name.ends_with(".pjl.zst");
    if (!file.archive && !name.ends_with(".pjl")) continue;
    const char* end = name.data() + name.find('.');
    const auto parsed = std::from_chars(name.data(), end, file.first_record);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return fail("'" + file.path + "' is no journal file: its name is not the number of its first "
                  "record; remove it from the journal's directory");
    }
    files.push_back(std::move(file));
  }
  // The file before its archive; then the archive goes.
  std::sort(files.begin(), files.end(), [](const JournalFileName& a, const JournalFileName& b) {
    return a.first_record != b.first_record ? a.first_record < b.first_record
                                            : a.archive < b.archive;
  });
  const auto twin = [](const JournalFileName& a, const JournalFileName& b) {
    return a.first_record == b.first_record;
  };
  files.erase(std::unique(files.begin(), files.end(), twin), files.end());
  return files;
}

Result<RecordFile> RecordFile::open(const JournalFileName& name, const JournalIdentity* expected) {
  RecordFile file;
  file.path_ = name.path;
  for (int looks = 1;; ++looks) {
    auto bytes = FileBytes::open(name.path);
    if (!bytes) return fail_within("journal file", bytes);
    file.bytes_ = std::move(*bytes);
    file.begin_ = file.end_ = 0;
    auto read = file.read_header(name);
    if (read) break;
    if (looks == kLooks || name.archive) return std::unexpected(std::move(read.error()));
    pause_briefly();
  }
  file.place_ = {file.header_.first_record, file.header_.first_position,
                 file.header_.chain_before};
  if (!file.torn_.empty()) return file;
  file.offset_ = kDiskHeaderBytes;
  if (expected != nullptr) {
    const std::string difference = identity_difference(file.header_.identity, *expected);
    if (!difference.empty()) {
      return fail("journal file '" + name.path + "' is foreign: " + difference +
                  "; it does not belong into this directory");
    }
  }
  return file;
}

Result<void> RecordFile::read_header(const JournalFileName& name) {
  torn_.clear();
  const auto got = fill(kDiskHeaderBytes);
  if (!got) return std::unexpected(got.error());
  if (*got < kDiskHeaderBytes) {
    header_ = DiskHeader{};
    header_.first_record = name.first_record;
    torn_ = "'" + name.path + "' ends at offset " + std::to_string(*got) +
            ", within its header";
    begin_ = end_;
    return {};
  }
  std::memcpy(static_cast<void*>(&header_), window_.data() + begin_, sizeof(header_));
  const std::string problem = header_problem(header_, name.first_record);
  if (!problem.empty()) {
    return refuse("journal file '" + name.path + "': header (before record " +
                  std::to_string(name.first_record) + ", offset 0)", problem);
  }
  begin_ += kDiskHeaderBytes;
  return {};
}

/// Makes `bytes` bytes from here on available where the file has them; gives how many there are.
Result<std::size_t> RecordFile::fill(std::size_t bytes) {
  while (end_ - begin_ < bytes) {
    if (begin_ > 0 && begin_ + bytes > window_.size()) {
      std::memmove(window_.data(), window_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (window_.size() < bytes) window_.resize(std::max(bytes, kWindowBytes));
    const auto n = bytes_->read(window_.data() + end_, window_.size() - end_);
    if (!n) return n;
    if (*n == 0) break;
    end_ += *n;
  }
  return end_ - begin_;
}

/// What was read ahead may have been half written: it is read again.
void RecordFile::forget_window() {
  if (!bytes_->may_grow()) return;
  bytes_->unread(end_ - begin_);
  begin_ = end_ = 0;
}

std::string RecordFile::here() const {
  return "journal file '" + path_ + "': record " + std::to_string(place_.record) + " at offset " +
         std::to_string(offset_);
}

/// Why the record here does not hold; "" where it does, or where the file ends here.
Result<std::string> RecordFile::problem_here() {
  const auto head = fill(kJournalRecordBytes);
  if (!head) return std::unexpected(head.error());
  if (*head == 0) return "";
  if (*head < kJournalRecordBytes) {
    return "the file ends " + std::to_string(*head) + " bytes into the record";
  }
  const JournalRecord record = record_at(window_.data() + begin_);
  std::string problem = impossible(record, header_.segment_bytes);
  if (!problem.empty()) return problem;
  const std::size_t bytes = kJournalRecordBytes + record.payload;
  const auto whole = fill(bytes);
  if (!whole) return std::unexpected(whole.error());
  if (*whole < bytes) {
    return "the file ends " + std::to_string(*whole) + " bytes into the record, which has " +
           std::to_string(bytes);
  }
  if (!chain_counts_) return "";
  const std::uint64_t chain = chain_after(place_.chain, {window_.data() + begin_, bytes});
  if (chain == record.word) return "";
  return "its checksum does not follow from what stands before it and in it";
}

/// Whether a record follows whose checksum goes on from the one here, as only an edit leaves it.
Result<bool> RecordFile::goes_on_behind() {
  const auto got = fill(kJournalRecordBytes);
  if (!got) return std::unexpected(got.error());
  if (*got < kJournalRecordBytes) return false;
  const JournalRecord record = record_at(window_.data() + begin_);
  if (!impossible(record, header_.segment_bytes).empty()) return false;
  const std::size_t behind = kJournalRecordBytes + record.payload;
  const auto next_head = fill(behind + kJournalRecordBytes);
  if (!next_head) return std::unexpected(next_head.error());
  if (*next_head < behind + kJournalRecordBytes) return false;
  const JournalRecord next = record_at(window_.data() + begin_ + behind);
  if (!impossible(next, header_.segment_bytes).empty()) return false;
  const std::size_t bytes = kJournalRecordBytes + next.payload;
  const auto whole = fill(behind + bytes);
  if (!whole) return std::unexpected(whole.error());
  if (*whole < behind + bytes) return false;
  return chain_after(record.word, {window_.data() + begin_ + behind, bytes}) == next.word;
}

Result<bool> RecordFile::next(JournalEntry& out) {
  if (offset_ == 0) return false;  // torn within its header
  for (int looks = 1;; ++looks) {
    torn_.clear();
    const auto problem = problem_here();
    if (!problem) return std::unexpected(problem.error());
    if (problem->empty() && end_ > begin_) {
      pass(out);
      return true;
    }
    auto stopped = stop(*problem);
    forget_window();
    if (stopped || looks == kLooks || !bytes_->may_grow()) return stopped;
    pause_briefly();
  }
}

/// The end of what holds: a clean end, a torn tail, or damage.
Result<bool> RecordFile::stop(const std::string& problem) {
  if (offset_ < header_.mark.bytes) {
    const std::string known = "the journal was on disk up to record " +
                              std::to_string(header_.mark.record) +
                              " at offset " + std::to_string(header_.mark.bytes);
    if (problem.empty()) return refuse(here(), "the file ends here, but " + known + ": truncated");
    return refuse(here(), problem + ", and " + known);
  }
  if (problem.empty()) {
    if (!archive()) return false;
    return offset_ == header_.mark.bytes
               ? Result<bool>(false)
               : refuse(here(), "the archive goes on behind its last record");
  }
  if (archive()) return refuse(here(), problem);
  const auto behind = goes_on_behind();
  if (!behind) return behind;
  if (*behind) return refuse(here(), problem + ", though the record behind it goes on from it");
  torn_ = "'" + path_ + "' is torn at record " + std::to_string(place_.record) + ", offset " +
          std::to_string(offset_) + ": " + problem;
  return false;
}

/// The record here holds: gives it and goes behind it.
void RecordFile::pass(JournalEntry& out) {
  const std::byte* at = window_.data() + begin_;
  const JournalRecord record = record_at(at);
  out.number = place_.record;
  out.position = place_.position;
  out.now = record.now;
  out.kind = record.kind;
  out.input = record.input;
  out.ring = record.ring;
  out.payload = {at + kJournalRecordBytes, record.payload};
  place_ = place_behind(place_, out, record.word, header_.segment_bytes);
  last_ = record.kind;
  begin_ += kJournalRecordBytes + record.payload;
  offset_ += kJournalRecordBytes + record.payload;
}

Result<void> RecordFile::skip_to(std::uint64_t number) {
  JournalEntry skipped;
  chain_counts_ = false;
  while (place_.record < number) {
    const auto found = next(skipped);
    if (!found) return std::unexpected(found.error());
    if (!*found) break;
  }
  chain_counts_ = true;
  if (place_.record == number) return {};
  return fail("journal file '" + path_ + "' has no record " + std::to_string(number) +
              " of its own: it ends before record " + std::to_string(place_.record) +
              (torn_.empty() ? "" : "; " + torn_));
}

}  // namespace pinstripe
