#include "tests/sim/fuse.h"

#include <cstring>

namespace pinstripe::sim {
namespace {

/// The record that was written last, committed or not.
std::byte* record_at(std::uint64_t position) noexcept {
  const JournalView& view = fuse.running.writer->view();
  return view.segment(position / view.segment_bytes) + position % view.segment_bytes;
}

void release_early(const JournalRecord& record, const MsgHeader& message) noexcept {
  const RingConsumer<>& ring = (*fuse.running.inputs)[record.input].ring;
  ring.view().header()->cursor = message.word;  // 2n+2: past message n
}

/// The bytes that a mutated runner would have left at this step.
void mutate(Step step) noexcept {
  if (fuse.running.writer == nullptr || fuse.running.inputs == nullptr) return;
  if (step == Step::kRecordWritten) {
    std::byte* const at = record_at(fuse.running.writer->position());
    JournalRecord record;
    std::memcpy(&record, at, sizeof(record));
    const bool message = record.kind == JournalKind::kMessage;
    if (!message && record.kind != JournalKind::kTimer) return;
    if (fuse.mutant == Mutant::kJournalAfterAct) {
      fuse.hidden = reinterpret_cast<std::uint64_t*>(at);
    } else if (message) {
      release_early(record, *reinterpret_cast<const MsgHeader*>(at + kJournalRecordBytes));
    }
  } else if (step == Step::kJournaled && fuse.hidden != nullptr) {
    fuse.hidden_word = *fuse.hidden;
    *fuse.hidden = 0;
  } else if (step == Step::kActed && fuse.hidden != nullptr) {
    *fuse.hidden = fuse.hidden_word;
    fuse.hidden = nullptr;
  }
}

}  // namespace

[[gnu::noinline]] void burn(Step step) noexcept {
  ++fuse.burnt;
  fuse.last = step;
  if (fuse.mutant == Mutant::kJournalAfterAct || fuse.mutant == Mutant::kReleaseBeforeAct) {
    mutate(step);
  }
  if (fuse.left == 0 || --fuse.left != 0) return;
  fuse.hidden = nullptr;
  std::longjmp(fuse.home, 1);  // NOLINT: see fuse.h
}

}  // namespace pinstripe::sim
