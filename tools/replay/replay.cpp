#include "tools/replay/replay.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "tools/journal/verify.h"
#include "tools/session/account.h"
#include "tools/session/session_files.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

constexpr std::uint64_t kRecordsAProgress = 16'384;

std::unexpected<Error> damaged(Error error) {
  if (error.exit == Exit::kFailed) error.exit = Exit::kCheckFailed;
  return std::unexpected(std::move(error));
}

class StageReplayer {
 public:
  StageReplayer(const JournalDir& journal, const StageSpec& stage, const ReplayRun& run)
      : journal_(journal), stage_(stage), run_(run) {}

  Result<StageReplay> replay() {
    if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
    if (auto done = act_on_all(); !done) return std::unexpected(std::move(done.error()));
    result_.stage = stage_.name;
    result_.build = identity_name(records_->reader.identity().build_id);
    result_.torn = records_->reader.torn();
    result_.state_hash = replica_->state_hash();
    result_.uncompared = compared_->uncompared();
    result_.checkpoints = compared_->checkpoints();
    result_.difference = compared_->difference();
    for (std::size_t i = 0; i < replica_->ports(); ++i) {
      const JournalPort port = replica_->port(i);
      result_.rings.push_back({compared_->tapes()[i].ring().name, port.count, port.digest});
      result_.outputs += port.count;
    }
    return std::move(result_);
  }

 private:
  Result<void> open() {
    auto records = open_records(journal_, stage_.name, run_.any_build);
    if (!records) return std::unexpected(std::move(records.error()));
    if (!*records) {
      return damaged(Error{"'" + journal_.path + "' has no journal of stage '" + stage_.name +
                           "'; restore it from a copy"});
    }
    records_ = std::make_unique<StageRecords>(std::move(**records));
    auto replica = make_replica(journal_.plan, stage_);
    if (!replica) return fail_within("stage " + stage_.name, replica);
    replica_ = std::move(*replica);
    auto compared = ReplayCheck::open(journal_, stage_, *replica_, records_->reader.identity(),
                                     run_.any_build);
    if (!compared) return damaged(std::move(compared.error()));
    compared_ = std::move(*compared);
    return {};
  }

  Result<void> act_on_all() {
    for (;;) {
      const JournalPlace before = records_->reader.place();
      JournalEntry e;
      const auto found = records_->reader.next(e);
      if (!found) return damaged(found.error());
      if (*found && is_behind(e)) break;
      if (!*found) {
        result_.until_past_end = ends_short();
        break;
      }
      if (auto done = act_on(before, e); !done) return done;
      if (compared_->difference()) return {};
      if (result_.ended) {
        result_.until_past_end = ends_short();
        return {};
      }
      if (result_.records % kRecordsAProgress == 0 && run_.progress &&
          !run_.progress({stage_.name, result_.records, e.now.value})) {
        return fail("stopped behind record " + std::to_string(e.number) + " of '" + stage_.name +
                    "', with no difference so far");
      }
    }
    return settle_rest();
  }
  Result<void> act_on(const JournalPlace& before, const JournalEntry& e) {
    if (e.kind == JournalKind::kHole) {
      return damaged(Error{records_->reader.here() + ": the records behind it were given up while "
                           "the disk took nothing; no replay crosses that hole"});
    }
    if (auto settled = replica_->settle_before(e); !settled) {
      return damaged(Error{records_->reader.here() + ": the record before it (number " +
                           std::to_string(e.number) + ") cannot be acted on: " +
                           settled.error().message});
    }
    compared_->at_place(before);
    if (e.kind == JournalKind::kDigest || e.kind == JournalKind::kEnd) {
      compared_->stated(e);
    } else {
      compared_->begin(e);
    }
    replica_->act(e);
    result_.ended = e.kind == JournalKind::kEnd;
    result_.last_ns = std::max(result_.last_ns, e.now.value);
    ++result_.records;
    return readers_error();
  }
  /// No record will say where what follows from the last one ends.
  Result<void> settle_rest() {
    replica_->settle();
    if (run_.until_ns) {
      auto read = replica_->read_to(TimeNs(*run_.until_ns));
      if (!read) return damaged(std::move(read.error()));
    }
    return readers_error();
  }
  Result<void> readers_error() const {
    if (compared_->error()) return std::unexpected(*compared_->error());
    return {};
  }
  bool is_behind(const JournalEntry& e) const {
    return (run_.until_record && e.number > *run_.until_record) ||
           (run_.until_ns && e.now.value > *run_.until_ns);
  }
  /// The last record was acted on, and `until` is none of them.
  bool ends_short() const {
    return (run_.until_record && *run_.until_record >= records_->reader.place().record) ||
           (run_.until_ns && *run_.until_ns > result_.last_ns);
  }

  const JournalDir& journal_;
  const StageSpec& stage_;
  const ReplayRun& run_;
  std::unique_ptr<StageRecords> records_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<ReplayCheck> compared_;
  StageReplay result_;
};

/// No stage has a record that early: which times the journal has.
Error before_start(const JournalDir& journal, const ReplayRun& run) {
  std::int64_t from_ns = std::numeric_limits<std::int64_t>::max(), to_ns = 0;
  for (const std::string& stage : journal.stages) {
    if (!run.stage.empty() && run.stage != stage) continue;
    const auto found = look_at_stage(journal, stage);
    if (!found) return found.error();
    if (found->records == 0) continue;
    from_ns = std::min(from_ns, found->first_ns);
    to_ns = std::max(to_ns, found->last_ns);
  }
  const std::string whose = "the journal" + (run.stage.empty() ? "" : " of '" + run.stage + "'");
  if (to_ns == 0) return Error{whose + " in '" + journal.path + "' has no record yet"};
  return Error{"--until " + shown_time(*run.until_ns) + " lies before " + whose +
                   ", which goes from " + shown_time(from_ns) + " to " + shown_time(to_ns) +
                   "; give a time in between",
               Exit::kUsage};
}

/// As the account of the session makes them, from what the replicas said.
std::optional<SessionReplay::Digests> digests_of(const SessionPlan& plan,
                                                 const std::vector<StageReplay>& stages) {
  SessionShot shot;
  for (const StageReplay& s : stages) {
    if (!s.ended || s.difference) return std::nullopt;
    StageShot stage;
    stage.name = s.stage;
    stage.kind = plan.stage(s.stage)->kind;
    stage.state_hash = s.state_hash;
    for (const ReplayedRing& r : s.rings) {
      stage.outputs.push_back({r.name, r.count, r.digest, 0, 0});
    }
    shot.stages.push_back(std::move(stage));
  }
  if (shot.stages.size() != plan.topology.stages.size()) return std::nullopt;
  const Account account = make_account(plan, shot);
  return SessionReplay::Digests{account.orders_digest, account.signals_digest, account.state_hash};
}

}  // namespace

bool SessionReplay::until_past_end() const noexcept {
  const auto past = [](const StageReplay& s) { return s.until_past_end; };
  return !stages.empty() && std::all_of(stages.begin(), stages.end(), past);
}

Result<StageReplay> replay_stage(const JournalDir& journal, const StageSpec& stage,
                                 const ReplayRun& run) {
  return StageReplayer(journal, stage, run).replay();
}

Result<SessionReplay> replay_session(const JournalDir& journal, const ReplayRun& run) {
  if (auto same = verify_files(journal.plan); !same) return damaged(std::move(same.error()));
  SessionReplay all;
  for (const StageSpec& stage : journal.plan.topology.stages) {
    if (!run.stage.empty() && run.stage != stage.name) continue;
    auto one = replay_stage(journal, stage, run);
    if (!one) return std::unexpected(std::move(one.error()));
    all.stages.push_back(std::move(*one));
    if (all.stages.back().difference) return all;
  }
  const auto acted = [](const StageReplay& s) { return s.records > 0; };
  if (run.until_ns && std::none_of(all.stages.begin(), all.stages.end(), acted)) {
    return std::unexpected(before_start(journal, run));
  }
  all.digests = digests_of(journal.plan, all.stages);
  return all;
}

}  // namespace pinstripe
