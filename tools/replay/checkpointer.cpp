#include "tools/replay/checkpointer.h"

#include <cstring>
#include <filesystem>

#include "shm/ring/ring_word.h"
#include "tools/journal/journal_dir.h"
#include "tools/session/account.h"
#include "tools/session/identity.h"
#include "tools/session/journal_marks.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

constexpr int kRecordsARound = 4'096;
constexpr std::int64_t kRetryMs = 500;  // between two tries after an error of the disk
constexpr std::uint64_t kNoneAwaited = std::uint64_t{1} << 62;  // so far no stage ever comes

/// The ring shows `count` messages or more: the slot of the last of them says so, or a later lap.
bool shows(const RingView& ring, std::uint64_t count) noexcept {
  return count == 0 || ring_word::load_acquire(&ring.slot(count - 1)->word) >= 2 * count;
}

}  // namespace

Result<std::unique_ptr<StageCheckpointer>> StageCheckpointer::open(const SessionPlan& plan,
                                                                   const StageSpec& stage,
                                                                   std::vector<RingView> outputs,
                                                                   JournalHeader* line) {
  std::unique_ptr<StageCheckpointer> made(new StageCheckpointer);
  made->stage_ = stage.name;
  made->session_directory_ = plan.directory;
  made->problem_ = checkpoint_problem(plan.directory, stage.name);  // of a helper before this one
  made->dir_ = plan.journal.directory + "/" + stage.name;
  made->counts_frames_ = stage.kind == StageKind::kFeed;
  made->every_ = plan.journal.checkpoint_every;
  made->outputs_ = std::move(outputs);
  made->line_ = line;
  const std::uint64_t told = ring_word::load_acquire(&line->checkpoint_records);
  if (told != kNoneAwaited) made->saved_progress_ = told;
  auto identity = identity_of(plan, stage);
  if (!identity) return std::unexpected(std::move(identity.error()));
  made->identity_ = *identity;
  auto replica = make_replica(plan, stage);
  if (!replica) return std::unexpected(std::move(replica.error()));
  made->replica_ = std::move(*replica);
  auto reader = JournalReader::open(made->dir_, &made->identity_, {});
  if (!reader) return std::unexpected(std::move(reader.error()));
  made->reader_ = std::move(*reader);
  if (auto went = made->go_on(); !went) return std::unexpected(std::move(went.error()));
  return made;
}

/// Behind the newest checkpoint.
Result<void> StageCheckpointer::go_on() {
  std::vector<std::uint64_t> published;
  for (const RingView& ring : outputs_) published.push_back(ring_published(ring));
  const auto newest = newest_checkpoint(dir_, identity_, UINT64_MAX, published, notes_);
  if (!newest) return {};
  auto loaded = replica_->load(newest->state);
  if (!loaded) return fail_within("checkpoint '" + newest->path + "'", loaded);
  if (auto there = reader_->seek(newest->head.place()); !there) return there;
  progress_ = newest->head.progress;
  saved_ = newest->head.record;
  saved_progress_ = newest->head.progress;
  tell_progress();
  return {};
}

Result<bool> StageCheckpointer::round(std::int64_t now_ms) {
  holed_ = holed_ || gave_up();
  tell_progress();
  if (holed_) return false;
  auto promoted = promote(now_ms);
  if (!promoted || ended_) return promoted;
  std::error_code error;
  if (!std::filesystem::exists(dir_, error)) return *promoted;  // the carrier has not begun
  bool worked = *promoted;
  for (int n = 0; n < kRecordsARound && !ended_; ++n) {
    const JournalPlace before = reader_->place();
    JournalEntry e;
    const auto found = reader_->next(e);
    if (!found) return std::unexpected(found.error());
    if (!*found || e.kind == JournalKind::kHole) break;  // the next round knows of the hole
    if (auto done = act_on(before, e); !done) return std::unexpected(std::move(done.error()));
    worked = true;
  }
  return worked;
}

Result<void> StageCheckpointer::act_on(const JournalPlace& before, const JournalEntry& e) {
  if (auto settled = replica_->settle_before(e); !settled) {
    return fail_within(reader_->here() + ": record " + std::to_string(e.number) + " of '" + stage_ +
                       "' cannot be acted on", settled);
  }
  if (auto same = check(e); !same) return same;
  consider(before);
  replica_->act(e);
  ended_ = e.kind == JournalKind::kEnd;
  return {};
}

/// What the stage states of itself holds for the replica.
Result<void> StageCheckpointer::check(const JournalEntry& e) {
  if (e.kind != JournalKind::kDigest && e.kind != JournalKind::kEnd) return {};
  std::string what;
  if (const auto port = replica_->differing_port(e)) {
    what = "its outputs of port " + std::to_string(*port) + " differ";
  } else if (e.kind == JournalKind::kEnd) {
    JournalEnd end;
    std::memcpy(&end, e.payload.data(), sizeof(end));
    const std::uint64_t hash = replica_->state_hash();
    if (hash != end.state_hash) {
      what = "its state hash is " + shown_digest(end.state_hash) + ", replayed " +
             shown_digest(hash);
    }
  }
  if (what.empty()) return {};
  return std::unexpected(Error{"ALARM: stage '" + stage_ + "' does not decide the same again: at "
                               "record " + std::to_string(e.number) + " " + what + "; none of its "
                               "checkpoints can be trusted; look with 'pinstripe replay --stage " +
                               stage_ + "'", Exit::kCheckFailed});
}

/// Keeps the state behind the record before `place`, where one is due and nothing goes on.
void StageCheckpointer::consider(const JournalPlace& place) {
  const std::uint64_t progress = counts_frames_ ? replica_->frames() : place.record;
  if (progress < progress_ + every_ || candidate_ || !replica_->at_boundary()) return;
  Candidate c;
  c.head.identity = identity_;
  c.head.record = place.record;
  c.head.position = place.position;
  c.head.chain = place.chain;
  c.head.state_hash = replica_->state_hash();
  c.head.progress = progress;
  c.head.outputs = replica_->ports();
  for (std::size_t i = 0; i < replica_->ports(); ++i) c.head.published[i] = replica_->port(i).count;
  c.state = replica_->save();
  progress_ = progress;
  candidate_ = std::move(c);
}

Result<bool> StageCheckpointer::promote(std::int64_t now_ms) {
  if (!candidate_ || now_ms < retry_at_ms_ || !published(candidate_->head)) return false;
  if (auto written = write_checkpoint(dir_, candidate_->head, candidate_->state); !written) {
    // The disk may take the next one: as with the journal itself this is no reason to die.
    retry_at_ms_ = now_ms + kRetryMs;
    tell_problem(written.error().message);
    return false;
  }
  tell_problem("");
  saved_ = candidate_->head.record;
  saved_progress_ = candidate_->head.progress;
  tell_progress();
  candidate_.reset();
  return true;
}

bool StageCheckpointer::published(const CheckpointHead& head) const noexcept {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!shows(outputs_[i], head.published[i])) return false;
  }
  return true;
}

/// The carrier has given up records: the replica cannot act on what follows them, and a checkpoint
/// of what was before them would never be used.
bool StageCheckpointer::gave_up() {
  if (!has_hole(session_directory_, stage_)) return false;
  candidate_.reset();
  tell_problem("");
  return true;
}

void StageCheckpointer::tell_problem(const std::string& problem) {
  if (problem == problem_) return;
  tell_checkpoint_problem(session_directory_, stage_, problem);
  problem_ = problem;
}

/// What the stage's lag is counted from. Halted trading waits for no checkpoint, since the disk may
/// not take one for long, and neither does a stage that gets none any more.
void StageCheckpointer::tell_progress() noexcept {
  const bool awaited = ring_word::load_relaxed(&line_->halt) == 0 && !holed_;
  ring_word::store_release(&line_->checkpoint_records, awaited ? saved_progress_ : kNoneAwaited);
}

Result<Checkpointer> Checkpointer::open(const std::string& directory) {
  auto plan = load_resolved(directory);
  if (!plan) return std::unexpected(std::move(plan.error()));
  if (!plan->journal.on) {
    return fail("session '" + plan->name + "' keeps no journal, so there is nothing to replay");
  }
  auto lock = EndLock::acquire(directory + "/" + kCheckpointLockName,
                               "the checkpoint helper of session '" + plan->name + "'");
  if (!lock) return std::unexpected(std::move(lock.error()));
  Checkpointer made(std::make_unique<SessionPlan>(std::move(*plan)), std::move(*lock));
  for (const StageSpec& stage : made.plan_->topology.stages) {
    auto added = made.add_stage(stage);
    if (!added) return fail_within("the checkpoints of '" + stage.name + "'", added);
  }
  return made;
}

Result<void> Checkpointer::add_stage(const StageSpec& stage) {
  SegmentOptions options;
  options.prefault = options.lock = options.huge_pages = false;
  const auto map = [&](const std::string& path, bool read_only) -> Result<std::span<std::byte>> {
    auto segment = Segment::open(path, read_only, options);
    if (!segment) return std::unexpected(std::move(segment.error()));
    memory_.push_back(std::make_unique<Segment>(std::move(*segment)));
    return memory_.back()->bytes();
  };
  // In port order: make_runner_setup knows it.
  Wiring wiring;
  wiring.ring = [&](const RingSpec& spec, bool) -> Result<RingView> {
    auto bytes = map(plan_->directory + "/" + spec.name + ".ring", true);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    return attach_ring(*bytes, shape_of(spec));
  };
  wiring.park = [](const std::string&) -> Result<ParkWord*> { return nullptr; };
  auto setup = make_runner_setup(*plan_, stage, wiring, SessionClock{});
  if (!setup) return std::unexpected(std::move(setup.error()));
  std::vector<RingView> outputs;
  for (const RunnerOutput& out : setup->outputs) outputs.push_back(out.ring);
  auto journal = map(plan_->directory + "/" + journal_memory_name(stage.name), false);
  if (!journal) return std::unexpected(std::move(journal.error()));
  auto identity = identity_of(*plan_, stage);
  if (!identity) return std::unexpected(std::move(identity.error()));
  auto view = attach_journal(*journal, &*identity);
  if (!view) return std::unexpected(std::move(view.error()));
  auto one = StageCheckpointer::open(*plan_, stage, std::move(outputs), view->header());
  if (!one) return std::unexpected(std::move(one.error()));
  stages_.push_back(std::move(*one));
  return {};
}

Result<bool> Checkpointer::round() {
  bool worked = false;
  for (auto& stage : stages_) {
    auto done = stage->round();
    if (!done) return done;
    worked = worked || *done;
  }
  return worked;
}

}  // namespace pinstripe
