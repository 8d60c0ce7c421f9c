#include "tools/journal/recovery.h"

#include "tools/journal/checkpoint_file.h"
#include "tools/session/identity.h"

namespace pinstripe {

Result<RecoveryTape> RecoveryTape::open(const SessionPlan& plan, const StageSpec& stage,
                                        const JournalWriter& journal,
                                        std::span<const std::uint64_t> published) {
  const auto identity = identity_of(plan, stage);
  if (!identity) return std::unexpected(identity.error());
  const JournalView& view = journal.view();
  const JournalShape shape{view.segment_bytes, view.segments};
  const std::string folder = plan.journal.directory + "/" + stage.name;
  auto reader = JournalReader::open(folder, &*identity, {view.base, journal_bytes(shape)});
  if (!reader) return std::unexpected(reader.error());
  RecoveryTape tape(std::move(*reader));
  auto newest = newest_checkpoint(folder, *identity, journal.records(), published, tape.warnings_);
  if (newest) {
    if (auto there = tape.reader_.seek(newest->head.place()); !there) {
      return fail_within("behind checkpoint '" + newest->path + "'", there);
    }
    tape.state_ = std::move(newest->state);
  }
  return tape;
}

RejoinNext RecoveryTape::next(JournalEntry& e) {
  const auto got = reader_.next(e);
  if (got && *got && e.kind == JournalKind::kHole) {
    error_ = Error{reader_.here() + ": the records from " + std::to_string(e.number) + " on were "
                   "given up while the disk took nothing (journal.on_error 'halt'); nothing "
                   "rejoins behind them"};
    return RejoinNext::kError;
  }
  if (got) return *got ? RejoinNext::kRecord : RejoinNext::kEnd;
  error_ = got.error();
  return RejoinNext::kError;
}

Result<void> refuse_forgotten_work(const RunnerSetup& setup) {
  std::uint64_t said = 0, taken = 0;
  for (const RunnerOutput& out : setup.outputs) said += ring_published(out.ring);
  for (const RunnerInput& in : setup.inputs) taken += RingConsumer<>(in.ring).released();
  if (said == 0 && taken == 0) return {};
  const std::string work = "this stage has taken " + std::to_string(taken) + " and published " +
                           std::to_string(said) + " messages already";
  if (setup.journal == nullptr) {
    return fail(work + ", and without a journal it would go on without its memory; start the "
                "session anew (with \"journal\": {\"mode\": \"on\"} a killed stage rejoins)");
  }
  return fail("journal behind ring: " + work +
              ", but its journal is empty; start the session anew");
}

Error rejoin_error(const RejoinReport& report, const SessionPlan& plan, const RunnerSetup& setup,
                   const std::optional<Error>& unreadable) {
  const auto name_of = [&plan](const auto& rings) {
    return [&plan, &rings](std::size_t i) {
      for (const RingSpec& ring : plan.topology.rings) {
        if (i < rings.size() && ring.id == rings[i].ring_id) return ring.name;
      }
      return "#" + std::to_string(i);
    };
  };
  Error error{"rejoin refused: " +
              rejoin_text(report, name_of(setup.outputs), name_of(setup.inputs))};
  if (unreadable) error.message += ": " + unreadable->message;
  return error;
}

}  // namespace pinstripe
