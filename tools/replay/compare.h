// Compares what a replica says with what the session said, and keeps the first difference.
//
//   outputs       field by field with the journal of the ring's reader, where that has the message
//   kDigest       count and digest of each output: those that nobody journaled are compared too
//   checkpoints   the stage's state hash
//   kEnd          counts, digests and the state hash
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/journal/checkpoint_file.h"
#include "tools/replay/output_tape.h"
#include "tools/replay/replica.h"

namespace pinstripe {

/// Where the replay does not say what the session said.
struct Difference {
  std::string stage;
  std::uint64_t record = 0;        // of the stage's journal, in whose turn it showed
  std::int64_t now_ns = 0;         // event time of that record
  std::string cause;               // what the record is: "signal 412 of models.risk"
  std::string ring;                // "": it is in the stage's state
  std::uint64_t sequence = 0;      // number of the output on its ring; of a window, the first
  std::uint64_t sequence_end = 0;  // a window: the difference is in one of [sequence, sequence_end)
  std::string field;               // of the message; else "count", "digest" or "state_hash"
  std::string journal, replay;     // both values
  std::string reader;              // whose journal holds the message; "": a hash told
  std::uint64_t reader_record = 0;
};
/// "risk: record 18233 (signal 412 of models.risk, <time>): output 17 of risk.exec differs in
/// price_ticks: journal 61234, replay 61235".
std::string difference_text(const Difference& difference);

/// What a kDigest or kEnd record states of output `port`.
JournalPort stated_port(const JournalEntry& e, std::size_t port) noexcept;

class ReplayCheck {
 public:
  /// `replica` outlives it; its on_output is taken.
  static Result<std::unique_ptr<ReplayCheck>> open(const JournalDir& journal,
                                                   const StageSpec& stage, Replica& replica,
                                                   const JournalIdentity& identity,
                                                   bool any_build);

  /// From here on outputs follow from `e`.
  void begin(const JournalEntry& e);
  /// The stage stands behind the record before `place`, at a boundary or not.
  void at_place(const JournalPlace& place);
  /// kDigest, kEnd: after settle_before.
  void stated(const JournalEntry& e);

  const std::optional<Difference>& difference() const noexcept { return difference_; }
  /// A journal of a reader that cannot be read.
  const std::optional<Error>& error() const noexcept { return error_; }
  std::uint64_t uncompared() const noexcept { return uncompared_; }
  std::uint64_t checkpoints() const noexcept { return checkpoints_compared_; }
  const std::vector<OutputTape>& tapes() const noexcept { return tapes_; }  // by port

 private:
  ReplayCheck(const JournalDir& journal, const StageSpec& stage, Replica& replica)
      : journal_(&journal), stage_(&stage), replica_(&replica) {}
  void output(std::size_t port, std::uint64_t number, const MsgHeader& message);
  void port_differs(const JournalEntry& e, std::size_t port);
  void state_differs(std::uint64_t journal, std::uint64_t replay);
  Difference here() const;
  std::string cause() const;

  /// The record that is being acted on.
  struct Record {
    std::uint64_t number = 0;
    TimeNs now;
    JournalKind kind{};
    MsgType type{};              // kMessage
    std::uint64_t message = 0;   // kMessage: its number; kPosition: frames before
    std::uint16_t ring = kNoRing;
  };

  const JournalDir* journal_;
  const StageSpec* stage_;
  Replica* replica_;
  std::vector<OutputTape> tapes_;
  std::vector<std::uint64_t> covered_;  // outputs that a stated digest has confirmed, by port
  std::vector<CheckpointHead> checkpoints_;
  std::size_t next_checkpoint_ = 0;
  std::uint64_t checkpoints_compared_ = 0;
  std::uint64_t uncompared_ = 0;
  Record record_;
  std::optional<Difference> difference_;
  std::optional<Error> error_;
};

}  // namespace pinstripe
