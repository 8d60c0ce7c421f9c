#include "tools/journal/verify.h"

#include <algorithm>
#include <filesystem>

#include "shm/ring/ring_word.h"
#include "tools/journal/archive.h"
#include "tools/journal/checkpoint_file.h"
#include "tools/journal/reader.h"
#include "tools/journal/stage_reader.h"
#include "tools/session/session_files.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> refused(Error error) {
  error.exit = Exit::kCheckFailed;
  return std::unexpected(std::move(error));
}

Result<StageJournal> list_stage(const JournalDir& journal, const std::string& stage) {
  StageJournal out;
  out.stage = stage;
  const std::string dir = journal.stage_dir(stage);
  for (const CheckpointName& c : list_checkpoints(dir)) out.checkpoints.push_back(c.record);
  std::error_code error;
  if (!fs::exists(dir, error)) return out;
  const auto files = list_journal_files(dir);
  if (!files) return std::unexpected(files.error());
  for (const JournalFileName& f : *files) {
    ++out.files;
    out.archives += f.archive ? 1 : 0;
    const auto bytes = fs::file_size(f.path, error);
    out.bytes += error ? 0 : bytes;
  }
  return out;
}

void note(StageJournal& out, const JournalEntry& e, bool first) {
  if (e.kind == JournalKind::kHole) return;
  // What the runner adds itself says the time as well; only kDigest and kEnd may come without any.
  if (first) out.first_ns = e.now.value;
  out.last_ns = std::max(out.last_ns, e.now.value);
  out.ended = e.kind == JournalKind::kEnd;
}

/// Whole, of this journal, and of a place that the journal has: those whose place is still ahead.
class Checkpoints {
 public:
  Result<void> read(const std::string& dir, const JournalIdentity& identity) {
    for (const CheckpointName& name : list_checkpoints(dir)) {
      auto found = read_checkpoint(name, identity);
      if (std::error_code error; !found && !fs::exists(name.path, error)) continue;  // replaced
      if (!found) return std::unexpected(std::move(found.error()));
      ahead_.push_back({name.path, found->head});
    }
    return {};
  }
  /// The journal has been read up to `place`.
  Result<void> pass(const JournalPlace& place) {
    for (; at_ < ahead_.size() && ahead_[at_].head.record <= place.record; ++at_) {
      const CheckpointHead& head = ahead_[at_].head;
      if (head.record == place.record && head.position == place.position &&
          head.chain == place.chain) {
        continue;
      }
      return fail("checkpoint '" + ahead_[at_].path + "' does not belong to this journal: before "
                  "record " + std::to_string(head.record) + " there lies another record than the "
                  "one that it names; remove it");
    }
    return {};
  }
  Result<void> end(std::uint64_t records) const {
    if (at_ == ahead_.size()) return {};
    return fail("checkpoint '" + ahead_[at_].path + "' covers " +
                std::to_string(ahead_[at_].head.record) + " records, but the journal has " +
                std::to_string(records) + "; remove it");
  }

 private:
  struct Ahead {
    std::string path;
    CheckpointHead head;
  };
  std::vector<Ahead> ahead_;  // oldest first
  std::size_t at_ = 0;
};

/// The rest of what `reader` gives.
Result<void> read_rest(JournalReader& reader, StageJournal& out, bool first,
                       Checkpoints checkpoints = {}) {
  JournalEntry e;
  for (;;) {
    const auto found = reader.next(e);
    if (!found) return std::unexpected(found.error());
    if (!*found) break;
    note(out, e, first);
    first = false;
    if (auto held = checkpoints.pass(reader.place()); !held) return held;
    if (e.kind == JournalKind::kHole) out.lost += reader.place().record - e.number;
  }
  out.records = reader.place().record;
  out.on_disk = reader.on_disk();
  if (!reader.torn().empty()) out.torn = reader.torn();
  return checkpoints.end(out.records);
}

/// A stage without a single file, and none in memory either.
Result<StageJournal> without_records(const JournalDir& journal, StageJournal out) {
  if (in_shared_memory(journal.plan)) return out;
  return fail("the journal '" + journal.path + "' has no records of stage '" + out.stage +
              "': '" + journal.stage_dir(out.stage) + "' is missing or empty; restore it from a "
              "copy");
}

std::uint64_t carried_records(const Segment& memory) noexcept {
  const auto* h = reinterpret_cast<const JournalHeader*>(memory.bytes().data());
  return ring_word::load_acquire(&h->carried_records);
}

/// What the session's memory says was carried must be on disk.
Result<void> check_carried(const JournalDir& journal, const Segment& memory,
                           std::uint64_t carried_before, const StageJournal& found) {
  if (found.on_disk >= carried_before) return {};
  return fail("records " + std::to_string(found.on_disk) + " to " +
              std::to_string(carried_before - 1) + " of '" + found.stage + "' are missing in '" +
              journal.stage_dir(found.stage) + "': '" + memory.path() +
              "' says that they were carried there; restore the file from a copy");
}

Result<void> check_end(const JournalDir& journal, const StageJournal& found, std::uint64_t chain) {
  const auto ended = read_ended(journal.path);
  if (!ended) return std::unexpected(ended.error());
  for (const EndedStage& e : *ended) {
    if (e.name != found.stage) continue;
    if (found.records != e.records) {
      return fail("the journal of '" + found.stage + "' in '" + journal.stage_dir(found.stage) +
                  "' stops before record " + std::to_string(found.records) +
                  ", but it ended with " + std::to_string(e.records) +
                  " records: its last files are missing or cut; restore them from a copy");
    }
    if (chain != e.chain) {
      return fail("the journal of '" + found.stage + "' in '" + journal.stage_dir(found.stage) +
                  "' is not the one that ended here: the checksum of its last record differs from "
                  "the one in '" + journal.path + "/ended.json'");
    }
  }
  return {};
}

}  // namespace

Result<StageJournal> look_at_stage(const JournalDir& journal, const std::string& stage) {
  auto out = list_stage(journal, stage);
  if (!out) return out;
  const auto memory = live_journal_memory(journal.plan, stage);
  if (out->files == 0 && !memory) return without_records(journal, std::move(*out));
  auto reader = JournalReader::open(journal.stage_dir(stage), nullptr,
                                    memory ? memory->bytes() : std::span<std::byte>{});
  if (!reader) return std::unexpected(std::move(reader.error()));
  out->identity = reader->identity();
  if (auto ours = check_stage_identity(journal, stage, out->identity); !ours) {
    return std::unexpected(std::move(ours.error()));
  }
  JournalEntry e;
  const auto found = reader->next(e);
  if (!found) return std::unexpected(found.error());
  if (!*found) return out;
  note(*out, e, true);
  if (out->files > 1) {
    auto there = reader->go_near(UINT64_MAX);
    if (!there) return std::unexpected(std::move(there.error()));
  }
  auto read = read_rest(*reader, *out, false);
  if (!read) return std::unexpected(std::move(read.error()));
  return out;
}

Result<StageJournal> verify_stage(const JournalDir& journal, const std::string& stage) {
  auto out = list_stage(journal, stage);
  if (!out) return refused(std::move(out.error()));
  const auto memory = live_journal_memory(journal.plan, stage);
  if (out->files == 0 && !memory) {
    auto none = without_records(journal, std::move(*out));
    if (!none) return refused(std::move(none.error()));
    return none;
  }
  const auto bytes = memory ? memory->bytes() : std::span<std::byte>{};
  auto reader = JournalReader::open(journal.stage_dir(stage), nullptr, bytes);
  if (!reader) return refused(std::move(reader.error()));
  out->identity = reader->identity();
  if (auto ours = check_stage_identity(journal, stage, out->identity); !ours) {
    return refused(std::move(ours.error()));
  }
  const std::uint64_t carried = memory ? carried_records(*memory) : 0;
  Checkpoints checkpoints;
  auto held = checkpoints.read(journal.stage_dir(stage), out->identity);
  if (!held) return refused(std::move(held.error()));
  auto read = read_rest(*reader, *out, true, std::move(checkpoints));
  if (!read) return refused(std::move(read.error()));
  if (memory) {
    auto there = check_carried(journal, *memory, carried, *out);
    if (!there) return refused(std::move(there.error()));
  }
  auto end = check_end(journal, *out, reader->place().chain);
  if (!end) return refused(std::move(end.error()));
  return out;
}

Result<void> verify_directory(const JournalDir& journal) {
  if (auto same = verify_files(journal.plan); !same) return refused(std::move(same.error()));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(journal.path, error)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(error) || name == "models" || name == "inputs") continue;
    const auto at = std::find(journal.stages.begin(), journal.stages.end(), name);
    if (at != journal.stages.end()) continue;
    return refused(Error{"'" + entry.path().string() + "' is of no stage of session '" +
                         journal.plan.name + "'; it was put into this journal: remove it"});
  }
  return {};
}

}  // namespace pinstripe
