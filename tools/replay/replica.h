// A stage driven by its journal instead of by rings: the same stage and runner classes, in this
// process, over private rings that are emptied after each turn.
//
// `pinstripe replay` compares what it says with what the session said; the checkpoint helper saves
// its state. Records are given in order, each by settle_before, then act. What follows from the
// last record given and goes on over several turns stays open until the next one, for a digest
// among these turns must find them as they were; `settle` ends it where no record will come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

class Replica {
 public:
  /// Message `number` of output `port`. Valid during the call.
  using OnOutput =
      std::function<void(std::size_t port, std::uint64_t number, const MsgHeader& message)>;

  virtual ~Replica() = default;
  Replica() = default;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  /// Goes to a state that `save` gave. Only before the first record.
  virtual Result<void> load(std::span<const std::byte> state) = 0;
  /// The turns that come before `e`. Feed, whose records say only how far it had come, reads on.
  /// The error names what is wrong with the record or with the recorded data.
  virtual Result<void> settle_before(const JournalEntry& e) = 0;
  /// The turn of `e`, after settle_before.
  virtual void act(const JournalEntry& e) = 0;
  /// The rest of what follows from the records so far; of feed, only of the frame at hand.
  virtual void settle() = 0;
  /// Feed: takes the frames up to event time `until` (included). Nothing elsewhere.
  virtual Result<void> read_to(TimeNs until) = 0;

  /// Nothing goes on: the state may be saved.
  virtual bool at_boundary() const = 0;
  /// kDigest, kEnd, after settle_before: the first output whose count or digest is not the stated
  /// one.
  virtual std::optional<std::size_t> differing_port(const JournalEntry& e) const = 0;
  virtual std::uint64_t state_hash() const = 0;
  /// Runner, stage and source. At a boundary.
  virtual std::vector<std::byte> save() const = 0;
  virtual std::size_t ports() const = 0;
  virtual JournalPort port(std::size_t i) const = 0;
  virtual std::uint16_t ring_id(std::size_t port) const = 0;
  /// Frames taken (feed).
  virtual std::uint64_t frames() const = 0;

  OnOutput on_output;  // may be empty
};

/// The replica of one stage of `plan`, whose files lie below plan.directory. Feed opens its source.
Result<std::unique_ptr<Replica>> make_replica(const SessionPlan& plan, const StageSpec& stage);

}  // namespace pinstripe
