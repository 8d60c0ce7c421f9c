#include "tests/sim/party.h"

#include <cstring>
#include <utility>

namespace pinstripe::sim {
namespace {

/// From the end of what is committed to the end of its segment.
std::span<std::byte> tail_of(const JournalView& journal) {
  const JournalCursor end = find_journal_end(journal).value();
  const std::uint64_t offset = end.position % journal.segment_bytes;
  return {journal.segment(end.position / journal.segment_bytes) + offset,
          journal.segment_bytes - offset};
}

}  // namespace

bool Party::attach() {
  const JournalView view = journal_.memory.view();
  if (auto end = find_journal_end(view); !end) {
    note_fault(end.error().message);
    return false;
  }
  const std::span<std::byte> tail = tail_of(view);
  const std::vector<std::byte> left(tail.begin(), tail.end());
  journal_.attach();
  if (fuse.mutant == Mutant::kTailNotZeroed) std::memcpy(tail.data(), left.data(), left.size());
  return true;
}

void Party::promote() {
  if (!candidate_) return;
  for (std::size_t port = 0; port < candidate_->outputs.size(); ++port) {
    const bool shown = published(port) >= candidate_->outputs[port];
    if (!shown && fuse.mutant != Mutant::kPromotionWithoutRings) return;
  }
  JournalHeader* h = journal_.memory.view().header();
  h->checkpoint_records = candidate_->progress;
  checkpoints_.push_back(std::move(candidate_->checkpoint));
  candidate_.reset();
  if (checkpoints_.size() > 2) checkpoints_.pop_front();
}

void Party::note_fault(std::string what) {
  if (fault_.empty()) fault_ = name_ + ": " + std::move(what);
}

}  // namespace pinstripe::sim
