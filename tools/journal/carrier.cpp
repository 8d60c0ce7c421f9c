#include "tools/journal/carrier.h"

#include <unistd.h>

#include <algorithm>

#include "shm/ring/ring_word.h"
#include "shm/run/journal_scan.h"
#include "tools/journal/archive.h"
#include "tools/journal/journal_dir.h"
#include "tools/session/identity.h"
#include "tools/session/journal_marks.h"

namespace pinstripe {

namespace {

constexpr std::int64_t kAskNs = 100'000'000;  // between two looks for the operator's word

}  // namespace

Result<Carrier> Carrier::open(const std::string& directory, FileCalls& calls) {
  auto plan = load_resolved(directory);
  if (!plan) return std::unexpected(std::move(plan.error()));
  if (!plan->journal.on) return fail("session '" + plan->name + "' keeps no journal");
  auto lock = EndLock::acquire(directory + "/" + kCarrierLockName,
                               "the carrier of session '" + plan->name + "'");
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto made = make_journal_dir(*plan);
  if (!made) return std::unexpected(std::move(made.error()));
  Carrier carrier(std::move(*plan), std::move(*lock));
  const auto ends = read_ended(carrier.plan_.journal.directory);
  if (!ends) return std::unexpected(ends.error());
  if (!ends->empty()) {
    if (auto same = carrier.go_on_archiving(*ends); !same) return std::unexpected(same.error());
    return carrier;
  }
  for (const StageSpec& stage : carrier.plan_.topology.stages) {
    auto added = carrier.add_stage(stage, calls);
    if (!added) return fail_within("the journal of '" + stage.name + "'", added);
  }
  return carrier;
}

Result<void> Carrier::add_stage(const StageSpec& stage, FileCalls& calls) {
  const auto identity = identity_of(plan_, stage);
  if (!identity) return std::unexpected(identity.error());
  auto memory = Segment::open(plan_.directory + "/" + journal_memory_name(stage.name), false);
  if (!memory) return std::unexpected(std::move(memory.error()));
  auto view = attach_journal(memory->bytes(), &*identity);
  if (!view) return std::unexpected(std::move(view.error()));
  CarrierOptions options;
  options.halt_on_error = plan_.journal.on_error == JournalOnError::kHalt;
  options.hole_mark = hole_mark(plan_.directory, stage.name);
  options.calls = &calls;
  auto carrier =
      StageCarrier::open(*view, plan_.journal.directory + "/" + stage.name, options);
  if (!carrier) return std::unexpected(std::move(carrier.error()));
  memory_.push_back(std::move(*memory));
  views_.push_back(*view);
  stages_.push_back(std::move(*carrier));
  return {};
}

/// The carrier before this one carried everything and marked the end; it died, or had no room,
/// while it archived. Nothing is added to such a journal, which has to be this session's.
Result<void> Carrier::go_on_archiving(const std::vector<EndedStage>& ends) {
  for (const EndedStage& end : ends) {
    auto memory = Segment::open(plan_.directory + "/" + journal_memory_name(end.name), true);
    if (!memory) return std::unexpected(std::move(memory.error()));
    auto view = attach_journal(memory->bytes(), nullptr);
    if (!view) return std::unexpected(std::move(view.error()));
    const auto written = find_journal_end(*view);
    if (!written) return std::unexpected(written.error());
    if (written->record == end.records) continue;
    return fail("the journal '" + plan_.journal.directory + "' is marked as ended with " +
                std::to_string(end.records) + " records of '" + end.name + "', but shared memory "
                "has " + std::to_string(written->record) + ": its mark was edited or is of another "
                "session; restore it from a copy, or end the session (pinstripe up --discard)");
  }
  ended_ = true;
  return {};
}

bool Carrier::round(std::int64_t now_ns) {
  bool worked = false;
  for (StageCarrier& stage : stages_) worked = stage.carry(now_ns) || worked;
  if (plan_.journal.on_error == JournalOnError::kHalt) mind_halt(now_ns);
  return worked;
}

/// Live trading halts when one journal cannot be carried, in all stages: risk obeys. It goes on
/// when an operator says so, and only once the disk takes everything again.
void Carrier::mind_halt(std::int64_t now_ns) {
  const bool well = std::all_of(stages_.begin(), stages_.end(), [](const StageCarrier& s) {
    return s.state() == JournalState::kOk;
  });
  if (!well) set_halt(true);
  if (now_ns >= asked_ns_ && now_ns - asked_ns_ < kAskNs) return;
  asked_ns_ = now_ns;
  const std::string word = plan_.directory + "/" + kJournalClearName;
  if (::access(word.c_str(), F_OK) != 0) return;
  if (well) set_halt(false);
  ::unlink(word.c_str());
}

void Carrier::set_halt(bool halt) {
  for (const JournalView& view : views_) {
    ring_word::store_release(&view.header()->halt, std::uint32_t{halt ? 1U : 0U});
  }
}

bool Carrier::written_to() const {
  return std::any_of(stages_.begin(), stages_.end(), [this](const StageCarrier& s) {
    return EndLock::holder(plan_.directory + "/" + s.stage() + ".journal.lock").has_value();
  });
}

Result<void> Carrier::finish(std::int64_t now_ns) {
  if (!ended_) {
    if (auto carried = carry_rest(now_ns); !carried) return carried;
  }
  if (ended_) archive();
  return {};
}

/// Everything to disk, and the mark where it is the end.
Result<void> Carrier::carry_rest(std::int64_t now_ns) {
  std::string left;
  bool ended = true;
  std::vector<EndedStage> ends;
  for (StageCarrier& stage : stages_) {
    if (!stage.drain(now_ns)) {
      left += (left.empty() ? "" : "; ") + stage.stage() + " from record " +
              std::to_string(stage.place().record) + " on: " + stage.problem();
    }
    ended = ended && stage.ended();
    ends.push_back({stage.stage(), stage.place().record, stage.place().chain});
  }
  if (!left.empty()) return fail("the end of the journal is not on disk: " + left);
  if (!ended) return {};
  if (auto written = write_ended(plan_.journal.directory, ends); !written) return written;
  ended_ = true;
  return {};
}

/// Saves room and nothing else: what cannot be archived stays as it was written, and is whole.
void Carrier::archive() {
  for (const StageSpec& stage : plan_.topology.stages) {
    auto archived = archive_stage(plan_.journal.directory + "/" + stage.name);
    if (archived) continue;
    warnings_.push_back("warning: the journal of '" + stage.name + "' is whole but not archived: " +
                        archived.error().message);
  }
}

std::vector<std::string> Carrier::clean(std::int64_t now_ns) const {
  const JournalLimits limits{plan_.journal.keep_bytes, plan_.journal.keep_days};
  return remove_old_journals(plan_.journal.root, limits, now_ns, plan_.journal.directory);
}

std::vector<std::string> Carrier::notes() const {
  std::vector<std::string> all;
  for (const StageCarrier& stage : stages_) {
    all.insert(all.end(), stage.notes().begin(), stage.notes().end());
  }
  return all;
}

}  // namespace pinstripe
