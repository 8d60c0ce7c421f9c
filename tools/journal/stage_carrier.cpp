#include "tools/journal/stage_carrier.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "shm/ring/ring_word.h"
#include "tools/session/journal_marks.h"

namespace pinstripe {

namespace {

bool is_full(int error_number) noexcept {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

/// A clock that was set back counts as time that has passed.
bool passed(std::int64_t since_ns, std::int64_t now_ns, std::int64_t limit_ns) noexcept {
  return now_ns < since_ns || now_ns - since_ns >= limit_ns;
}

}  // namespace

StageCarrier::StageCarrier(const JournalView& memory, DiskWriter disk,
                           const CarrierOptions& options)
    : memory_(memory),
      stage_(identity_name(memory.identity.stage)),
      options_(options),
      disk_(std::move(disk)),
      walk_(memory, {disk_.place().record, disk_.place().position}) {
  copied_.reserve(options_.copy_bytes);
}

Result<StageCarrier> StageCarrier::open(const JournalView& memory, const std::string& dir,
                                        const CarrierOptions& options) {
  DiskWriterOptions disk_options;
  disk_options.segment_bytes = memory.segment_bytes;
  disk_options.file_bytes = options.file_bytes;
  disk_options.calls = options.calls;
  auto disk = DiskWriter::open(dir, memory.identity, disk_options);
  if (!disk) return std::unexpected(std::move(disk.error()));
  StageCarrier carrier(memory, std::move(*disk), options);
  auto begun = carrier.begin();
  if (!begun) return std::unexpected(std::move(begun.error()));
  return carrier;
}

/// Checks that memory goes on where the disk ends.
Result<void> StageCarrier::begin() {
  const JournalHeader* h = memory_.header();
  const std::uint64_t segment = disk_.place().position / memory_.segment_bytes;
  const std::uint64_t freed = ring_word::load_acquire(&h->freed);
  if (segment < freed) {
    if (!options_.halt_on_error) {
      return fail("the journal of '" + stage_ + "' ends on disk before record " +
                  std::to_string(disk_.place().record) + ", but its memory begins behind it "
                  "(segment " + std::to_string(freed) + "): its files were replaced or cut; end "
                  "the session (pinstripe up --discard)");
    }
    hole_to_ = freed;
  } else if (segment > ring_word::load_acquire(&h->segment) + 1) {
    return fail("the journal of '" + stage_ + "' on disk goes on behind its memory: record " +
                std::to_string(disk_.place().record) + "; its files are of another session");
  }
  tell_state(JournalState::kOk, "");
  tell_progress();
  return {};
}

bool StageCarrier::carry(std::int64_t now_ns) {
  if (state_ != JournalState::kOk && !passed(failed_ns_, now_ns, options_.retry_ns)) {
    give_up_oldest();
    return false;
  }
  stumbled_ = false;
  const bool copied = copy(now_ns);
  if (stumbled_) return false;
  const std::uint64_t unsynced = disk_.unsynced_bytes();
  const bool due = state_ != JournalState::kOk || unsynced >= options_.sync_bytes ||
                   (unsynced > 0 && passed(synced_ns_, now_ns, options_.sync_ns));
  const bool synced = due && sync(now_ns);
  if (disk_.unsynced_bytes() == 0 && looked_ns_ == now_ns && !stumbled_) tell_progress();
  return copied || synced;
}

bool StageCarrier::drain(std::int64_t now_ns) {
  stumbled_ = false;
  while (copy(now_ns)) continue;
  return !stumbled_ && sync(now_ns);
}

/// One buffer of committed records to the file; true where there were any and all went well.
bool StageCarrier::copy(std::int64_t now_ns) {
  if (hole_to_ != 0) {
    const auto start = journal_segment_start(memory_, hole_to_);
    if (!start) return damaged(now_ns);
    auto noted = disk_.append_hole(start->record, start->position);
    if (!noted) return stumble(now_ns);
    hole_to_ = 0;
    walk_ = JournalWalk(memory_, *start);
  }
  copied_.clear();
  JournalEntry e;
  JournalLook look = JournalLook::kRecord;
  while (copied_.size() < options_.copy_bytes) {
    look = walk_.next(e);
    if (look != JournalLook::kRecord) break;
    const auto bytes = journal_record_bytes(e);
    copied_.insert(copied_.end(), bytes.begin(), bytes.end());
  }
  if (look == JournalLook::kDamaged || look == JournalLook::kGone) return damaged(now_ns);
  if (!copied_.empty()) {
    auto appended = disk_.append(copied_);
    if (!appended) return stumble(now_ns);
  }
  if (look == JournalLook::kNone) looked_ns_ = now_ns;
  return !copied_.empty();
}

bool StageCarrier::sync(std::int64_t now_ns) {
  auto synced = disk_.sync();
  if (!synced) return stumble(now_ns);
  synced_ns_ = now_ns;
  recover();
  tell_progress();
  free_carried();
  return true;
}

/// The disk did not take it: says so, and goes back to what is surely there. What fits the line in
/// shared memory comes first, the path last.
bool StageCarrier::stumble(std::int64_t now_ns) {
  const int number = disk_.error_number();
  const bool full = is_full(number);
  const char* way_out = "; see to the disk of '";
  if (full) way_out = "; make room for '";
  if (number == ENOENT) way_out = "; deleted or moved? move it back or end the session: '";
  tell_state(full ? JournalState::kFull : JournalState::kError,
             std::string(full ? "disk full" : "I/O error") + " at record " +
                 std::to_string(disk_.synced().record) + ": " + std::strerror(number) + way_out +
                 disk_.path() + "'");
  go_back(now_ns);
  return false;
}

bool StageCarrier::damaged(std::int64_t now_ns) {
  tell_state(JournalState::kError,
             "the journal of '" + stage_ + "' is damaged in shared memory at record " +
                 std::to_string(walk_.at().record) + "; end the session (pinstripe down)");
  go_back(now_ns);
  return false;
}

void StageCarrier::go_back(std::int64_t now_ns) {
  stumbled_ = true;
  failed_ns_ = now_ns;
  // After a failed sync the kernel may have dropped what was written: it is written again.
  auto back = disk_.rewind();
  if (!back) problem_ += "; " + back.error().message;
  const JournalPlace& place = disk_.place();
  const std::uint64_t freed = ring_word::load_relaxed(&memory_.header()->freed);
  hole_to_ = place.position / memory_.segment_bytes < freed ? freed : 0;
  walk_ = JournalWalk(memory_, {place.record, place.position});
  give_up_oldest();
}

void StageCarrier::recover() {
  if (state_ != JournalState::kOk) tell_state(JournalState::kOk, "");
}

void StageCarrier::tell_state(JournalState state, const std::string& problem) {
  JournalHeader* h = memory_.header();
  state_ = state;
  problem_ = problem;
  std::memset(h->error, 0, sizeof(h->error));
  std::memcpy(h->error, problem.data(), std::min(problem.size(), sizeof(h->error) - 1));
  ring_word::store_release(&h->state, static_cast<std::uint32_t>(state));
}

void StageCarrier::tell_progress() {
  JournalHeader* h = memory_.header();
  ring_word::store_release(&h->carried_position, disk_.synced().position);
  ring_word::store_release(&h->carried_records, disk_.synced().record);
  ring_word::store_release(&h->synced_ns, looked_ns_);
}

/// Segments from this one on stay in memory for those who read along.
std::uint64_t StageCarrier::segments_kept_from() const noexcept {
  const std::uint64_t current = ring_word::load_acquire(&memory_.header()->segment);
  const std::uint64_t kept = memory_.segments / 2 - 1;
  return current > kept ? current - kept : 0;
}

void StageCarrier::free_carried() {
  const std::uint64_t carried = disk_.synced().position / memory_.segment_bytes;
  free_journal_segments(memory_, std::min(carried, segments_kept_from()));
}

/// Halted trading goes on closing positions while the disk takes nothing: once every segment is
/// used, the oldest make room. The mark is there before the first of them is gone.
void StageCarrier::give_up_oldest() {
  if (!options_.halt_on_error) return;
  const JournalHeader* h = memory_.header();
  const std::uint64_t next = ring_word::load_acquire(&h->segment) + 1;
  if (next < ring_word::load_relaxed(&h->freed) + memory_.segments) return;
  const std::uint64_t end = segments_kept_from();
  if (end <= disk_.place().position / memory_.segment_bytes || end <= hole_to_) return;
  if (!options_.hole_mark.empty() && !make_mark(options_.hole_mark)) return;
  hole_to_ = end;
  free_journal_segments(memory_, end);
}

bool StageCarrier::caught_up() const noexcept {
  return state_ == JournalState::kOk && hole_to_ == 0 && disk_.unsynced_bytes() == 0;
}

bool StageCarrier::ended() const noexcept {
  return caught_up() && disk_.last_kind() == JournalKind::kEnd;
}

}  // namespace pinstripe
