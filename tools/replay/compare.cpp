#include "tools/replay/compare.h"

#include <algorithm>
#include <cstring>

#include "tools/replay/message_difference.h"
#include "tools/session/account.h"
#include "tools/session/message_json.h"
#include "tools/session/time_text.h"

namespace pinstripe {

std::string difference_text(const Difference& d) {
  std::string out = d.stage + ": record " + std::to_string(d.record) + " (" + d.cause + ", " +
                    shown_time(d.now_ns) + "): ";
  if (d.ring.empty()) {
    out += "the stage's state";
  } else if (d.sequence_end > d.sequence + 1) {
    out += "outputs " + std::to_string(d.sequence) + " to " + std::to_string(d.sequence_end - 1) +
           " of " + d.ring;
  } else {
    out += "output " + std::to_string(d.sequence) + " of " + d.ring;
  }
  out += " differs in " + d.field + ": journal " + d.journal + ", replay " + d.replay;
  if (!d.reader.empty()) {
    out += " (record " + std::to_string(d.reader_record) + " of " + d.reader + ")";
  }
  return out;
}

JournalPort stated_port(const JournalEntry& e, std::size_t port) noexcept {
  const std::size_t at = (e.kind == JournalKind::kEnd ? sizeof(JournalEnd) : 0) +
                         port * sizeof(JournalPort);
  JournalPort stated;
  if (at + sizeof(stated) <= e.payload.size()) {
    std::memcpy(&stated, e.payload.data() + at, sizeof(stated));
  }
  return stated;
}

Result<std::unique_ptr<ReplayCheck>> ReplayCheck::open(const JournalDir& journal,
                                                       const StageSpec& stage, Replica& replica,
                                                       const JournalIdentity& identity,
                                                       bool any_build) {
  std::unique_ptr<ReplayCheck> made(new ReplayCheck(journal, stage, replica));
  for (std::size_t port = 0; port < replica.ports(); ++port) {
    for (const RingSpec& ring : journal.plan.topology.rings) {
      if (ring.id != replica.ring_id(port)) continue;
      auto tape = OutputTape::open(journal, ring, any_build);
      if (!tape) return std::unexpected(std::move(tape.error()));
      made->tapes_.push_back(std::move(*tape));
    }
  }
  made->covered_.resize(made->tapes_.size());
  for (const CheckpointName& name : list_checkpoints(journal.stage_dir(stage.name))) {
    auto found = read_checkpoint(name, identity);
    if (!found) return std::unexpected(std::move(found.error()));
    made->checkpoints_.push_back(found->head);
  }
  ReplayCheck* const self = made.get();
  replica.on_output = [self](std::size_t port, std::uint64_t number, const MsgHeader& message) {
    self->output(port, number, message);
  };
  return made;
}

void ReplayCheck::begin(const JournalEntry& e) {
  record_ = {e.number, e.now, e.kind, MsgType::kNone, 0, e.ring};
  if (e.kind == JournalKind::kMessage) {
    record_.type = e.message().type;
    record_.message = e.message_number();
  } else if (e.kind == JournalKind::kPosition) {
    FeedPosition position;
    std::memcpy(&position, e.payload.data(), sizeof(position));
    record_.message = position.frames;
  }
}

std::string ReplayCheck::cause() const {
  if (record_.kind == JournalKind::kPosition) {
    return "from frame " + std::to_string(record_.message) + " on";
  }
  if (record_.kind != JournalKind::kMessage) {
    return kJournalKindNames[static_cast<std::size_t>(record_.kind)];
  }
  std::string ring = "?";
  for (const RingSpec& r : journal_->plan.topology.rings) {
    if (r.id == record_.ring) ring = r.name;
  }
  return std::string(message_type_name(record_.type)) + " " + std::to_string(record_.message) +
         " of " + ring;
}

Difference ReplayCheck::here() const {
  Difference d;
  d.stage = stage_->name;
  d.record = record_.number;
  d.now_ns = record_.now.value;
  d.cause = cause();
  return d;
}

void ReplayCheck::output(std::size_t port, std::uint64_t number, const MsgHeader& message) {
  if (difference_ || error_) return;
  OutputTape& tape = tapes_[port];
  const auto there = tape.message(number);
  if (!there) {
    error_ = there.error();
    return;
  }
  if (*there == nullptr) {
    ++uncompared_;
    return;
  }
  auto field = message_difference(tape.ring().type, **there, message);
  if (!field) return;
  Difference d = here();
  d.ring = tape.ring().name;
  d.sequence = number;
  d.sequence_end = number + 1;
  d.field = std::move(field->field);
  d.journal = std::move(field->journal);
  d.replay = std::move(field->replay);
  d.reader = tape.ring().consumer;
  d.reader_record = tape.record();
  difference_ = std::move(d);
}

void ReplayCheck::at_place(const JournalPlace& place) {
  while (next_checkpoint_ < checkpoints_.size() &&
         checkpoints_[next_checkpoint_].record < place.record) {
    ++next_checkpoint_;
  }
  if (next_checkpoint_ == checkpoints_.size() || difference_) return;
  const CheckpointHead& head = checkpoints_[next_checkpoint_];
  if (head.record != place.record || !replica_->at_boundary()) return;
  ++checkpoints_compared_;
  const std::uint64_t hash = replica_->state_hash();
  if (hash != head.state_hash) state_differs(head.state_hash, hash);
}

void ReplayCheck::stated(const JournalEntry& e) {
  if (difference_ || error_) return;
  begin(e);
  if (const auto port = replica_->differing_port(e)) {
    port_differs(e, *port < tapes_.size() ? *port : 0);
    return;
  }
  for (std::size_t i = 0; i < covered_.size(); ++i) covered_[i] = stated_port(e, i).count;
  if (e.kind != JournalKind::kEnd) return;
  JournalEnd end;
  std::memcpy(&end, e.payload.data(), sizeof(end));
  const std::uint64_t hash = replica_->state_hash();
  if (hash != end.state_hash) state_differs(end.state_hash, hash);
}

void ReplayCheck::port_differs(const JournalEntry& e, std::size_t port) {
  const JournalPort there = stated_port(e, port), here_now = replica_->port(port);
  const bool counts = there.count != here_now.count;
  Difference d = here();
  d.ring = tapes_[port].ring().name;
  d.sequence = covered_[port];
  d.sequence_end = std::max(there.count, here_now.count);
  d.field = counts ? "count" : "digest";
  d.journal = counts ? std::to_string(there.count) : shown_digest(there.digest);
  d.replay = counts ? std::to_string(here_now.count) : shown_digest(here_now.digest);
  difference_ = std::move(d);
}

void ReplayCheck::state_differs(std::uint64_t journal, std::uint64_t replay) {
  Difference d = here();
  d.field = "state_hash";
  d.journal = shown_digest(journal);
  d.replay = shown_digest(replay);
  difference_ = std::move(d);
}

}  // namespace pinstripe
