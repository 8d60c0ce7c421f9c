// What outlives a stage in a test of one thread: its journal's memory, and what a carrier has made
// of it so far.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "shm/run/journal_scan.h"
#include "shm/run/journal_writer.h"

namespace pinstripe {

/// What the carrier of one journal has carried.
class Tape {
 public:
  explicit Tape(const PrivateJournal& journal) : journal_(journal.view()), walk_(journal_) {}

  /// Takes over what is committed; frees the segments that it has left behind. Not the one that the
  /// producer line names: a writer that was killed as it went on may not have told of the next.
  void carry() {
    JournalEntry e;
    while (walk_.next(e) == JournalLook::kRecord) entries_.push_back(kept(e));
    free_journal_segments(journal_, std::min(walk_.at().position / journal_.segment_bytes,
                                             journal_.header()->segment));
  }
  const std::vector<JournalEntry>& entries() const { return entries_; }
  /// The same, and what is committed and not carried yet: views into the memory.
  std::vector<JournalEntry> all() const {
    std::vector<JournalEntry> all = entries_;
    JournalWalk walk = walk_;
    JournalEntry e;
    while (walk.next(e) == JournalLook::kRecord) all.push_back(e);
    return all;
  }

 private:
  JournalEntry kept(JournalEntry e) {
    bytes_.push_back(std::make_unique<std::uint64_t[]>(e.payload.size() / 8));
    std::memcpy(bytes_.back().get(), e.payload.data(), e.payload.size());
    e.payload = std::as_bytes(std::span(bytes_.back().get(), e.payload.size() / 8));
    return e;
  }

  JournalView journal_;
  JournalWalk walk_;
  std::vector<std::unique_ptr<std::uint64_t[]>> bytes_;
  std::vector<JournalEntry> entries_;
};

/// What a helper has made of the first records of a journal; empty: nothing.
struct Checkpoint {
  std::vector<std::byte> state;
  std::size_t records = 0;
};

/// Journal of one stage: memory, the writer of the stage's present life, the tape.
struct StageJournal {
  explicit StageJournal(const JournalShape& shape) : memory(shape), tape(memory) { attach(); }
  void attach() { writer.emplace(JournalWriter::attach(memory.memory(), {}).value()); }

  PrivateJournal memory;
  Tape tape;
  std::optional<JournalWriter> writer;
};

}  // namespace pinstripe
