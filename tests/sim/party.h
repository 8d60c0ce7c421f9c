// One stage of a simulated session: what outlives its process, and its present life.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/fuse.h"
#include "tests/support/journal_tape.h"

namespace pinstripe::sim {

/// A checkpoint that the helper has made, and how many outputs of each port it covers.
struct Candidate {
  Checkpoint checkpoint;
  std::uint64_t progress = 0;  // what a runner's distance to it counts: records, feed: frames
  std::vector<std::uint64_t> outputs;
};

class Party {
 public:
  Party(std::string name, const JournalShape& shape) : name_(std::move(name)), journal_(shape) {}
  virtual ~Party() = default;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  /// A new process: journal attached, stage and runner made. To be followed by `rejoin`, unless the
  /// journal was refused: then nobody is alive.
  virtual void start() = 0;
  /// What a successor does before its first turn. May be killed. `from` null: no checkpoint.
  virtual void rejoin(const Checkpoint* from) = 0;
  /// One batch. May be killed. Returns how much became visible elsewhere.
  virtual std::uint32_t turn() = 0;
  /// The process is gone; rings and journal stay.
  virtual void die() = 0;
  virtual bool alive() const = 0;
  virtual bool done() const = 0;
  virtual std::uint64_t state_hash() const = 0;
  virtual bool is_feed() const { return false; }
  /// Feed: ends the stream in order. The wish outlives the process, as a stage page does.
  virtual void stop() {}
  virtual std::uint64_t frames() const { return 0; }

  /// The checkpoint helper: acts on up to `records` more of what the carrier has carried, then
  /// makes a candidate where it may.
  virtual void follow(std::size_t records) = 0;
  /// The candidate counts once every ring shows the outputs that it covers.
  void promote();
  virtual std::uint64_t published(std::size_t port) const = 0;

  const std::string& name() const { return name_; }
  StageJournal& journal() { return journal_; }
  const std::deque<Checkpoint>& checkpoints() const { return checkpoints_; }
  /// What a rejoin refused, or found to differ; empty: nothing.
  const std::string& fault() const { return fault_; }

 protected:
  /// Attaches the journal as a new process does. False: it was refused, see `fault`.
  bool attach();
  void note_fault(std::string what);

  std::optional<Candidate> candidate_;

 private:
  std::string name_;
  StageJournal journal_;
  std::deque<Checkpoint> checkpoints_;  // newest last; two are kept
  std::string fault_;
};

}  // namespace pinstripe::sim
