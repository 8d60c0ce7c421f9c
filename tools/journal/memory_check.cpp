#include "tools/journal/memory_check.h"

#include <algorithm>
#include <filesystem>

#include "shm/ring/ring_word.h"
#include "shm/run/journal_scan.h"
#include "tools/journal/reader.h"

namespace pinstripe {
namespace {

/// The oldest record in memory. A carrier that was killed while it freed a segment leaves zeroes.
Result<JournalCursor> oldest_record(const JournalView& memory) {
  const JournalHeader* h = memory.header();
  std::uint64_t segment = ring_word::load_acquire(&h->freed);
  const std::uint64_t last = ring_word::load_acquire(&h->segment);
  const auto freed = [&memory](std::uint64_t n) {
    return ring_word::load_acquire(&memory.segment_header(n)->magic) == 0;
  };
  while (segment < last && freed(segment)) ++segment;
  return journal_segment_start(memory, segment);
}

bool same(const JournalEntry& a, const JournalEntry& b) {
  return a.number == b.number && a.now == b.now && a.kind == b.kind && a.input == b.input &&
         a.ring == b.ring && std::ranges::equal(a.payload, b.payload);
}

class MemoryCheck {
 public:
  MemoryCheck(const JournalView& memory, const std::string& path, const JournalCursor& oldest)
      : memory_(memory), path_(path), walk_(memory, oldest), at_(oldest) {}

  /// What lies on disk from `first` on lies in memory as well, byte for byte.
  Result<void> against_disk(const std::string& dir, std::uint64_t first) {
    auto disk = JournalReader::open(dir, &memory_.identity, {});
    if (!disk) return std::unexpected(std::move(disk.error()));
    if (auto there = disk->go_near(first); !there) return there;
    JournalEntry carried, kept;
    for (;;) {
      const auto found = disk->next(carried);
      if (!found) return std::unexpected(found.error());
      if (!*found) return {};
      if (carried.kind == JournalKind::kHole || carried.number < first) continue;
      if (!step(kept)) return edited("is no record, though it is on disk, in '" + dir + "'");
      if (!same(carried, kept)) return edited("is not the one on disk, in '" + dir + "'");
    }
  }

  /// Everything that the stage said it had written is there.
  Result<void> to_the_end() {
    JournalEntry e;
    while (step(e)) continue;
    const std::uint64_t written = ring_word::load_acquire(&memory_.header()->records);
    if (walk_.at().record >= written) return {};
    return edited("is no record, though " + std::to_string(written) + " were written");
  }

 private:
  /// The next record that says something; `at_` is where it was looked for.
  bool step(JournalEntry& e) {
    do {
      at_ = walk_.at();
      if (walk_.next(e) != JournalLook::kRecord) return false;
    } while (e.kind == JournalKind::kSegmentEnd);
    return true;
  }
  std::unexpected<Error> edited(const std::string& what) const {
    const std::uint64_t offset =
        kJournalSegmentsAt + at_.position / memory_.segment_bytes % memory_.segments *
                                 memory_.segment_bytes + at_.position % memory_.segment_bytes;
    return fail("'" + path_ + "': record " + std::to_string(at_.record) + " at offset " +
                std::to_string(offset) + " " + what + "; it was edited: put it back or give the "
                "session up (pinstripe up --discard)");
  }

  const JournalView& memory_;
  const std::string& path_;
  JournalWalk walk_;
  JournalCursor at_;
};

}  // namespace

Result<void> check_journal_memory(const JournalView& memory, const std::string& path,
                                  const std::string& stage_dir) {
  const auto oldest = oldest_record(memory);
  if (!oldest) return fail("'" + path + "': " + oldest.error().message);
  MemoryCheck check(memory, path, *oldest);
  std::error_code error;
  if (std::filesystem::exists(stage_dir, error)) {
    if (auto equal = check.against_disk(stage_dir, oldest->record); !equal) return equal;
  }
  return check.to_the_end();
}

}  // namespace pinstripe
