#include "tools/session/attach.h"

#include <fcntl.h>
#include <unistd.h>

#include "shm/run/clock_file.h"
#include "shm/run/idle.h"
#include "shm/run/machine_time.h"
#include "tools/session/identity.h"
#include "tools/session/session_files.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

Result<void> write_private_file(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written) return fail("cannot write '" + path + "'; is the shared-memory directory full?");
  return {};
}

Result<void> make_journals(const SessionPlan& plan, const SessionDir& dir) {
  if (!plan.journal.on) return {};
  const JournalShape shape{plan.journal.segment_bytes, plan.journal.segments};
  for (const StageSpec& stage : plan.topology.stages) {
    const auto identity = identity_of(plan, stage);
    if (!identity) return std::unexpected(identity.error());
    auto segment = Segment::create(dir.journal_file(stage.name), journal_bytes(shape));
    if (!segment) return fail_within("journal of " + stage.name, segment);
    format_journal(segment->bytes(), shape, *identity);
  }
  return {};
}

Result<void> put_parts(SessionPlan& plan, const SessionDir& dir) {
  if (auto drawn = draw_session_id(plan); !drawn) return drawn;
  if (auto copied = copy_inputs(plan, dir.path()); !copied) return copied;
  if (plan.journal.on) plan.journal.directory = journal_directory_of(plan, realtime_ns());
  if (auto r = write_private_file(dir.file(kResolvedName), resolved_json(plan)); !r) return r;
  if (auto clock = write_clock(dir.path()); !clock) return std::unexpected(clock.error());
  for (const StageSpec& stage : plan.topology.stages) {
    auto page = StagePageOwner::create(dir.page_file(stage.name), stage.name, stage.kind);
    if (!page) return fail_within("stage page of " + stage.name, page);
    page->page().cpu.set(stage.core);
    page->page().wait_configured.set(static_cast<std::uint32_t>(stage.wait));
    page->page().wait_actual.set(static_cast<std::uint32_t>(stage.wait));
  }
  for (const RingSpec& ring : plan.topology.rings) {
    const RingShape shape = shape_of(ring);
    auto segment = Segment::create(dir.ring_file(ring.name), ring_bytes(shape));
    if (!segment) return fail_within("ring " + ring.name, segment);
    format_ring(segment->bytes(), shape);
  }
  return make_journals(plan, dir);
}

}  // namespace

Result<void> fill_session(SessionPlan& plan, const SessionDir& dir) {
  plan.directory = dir.path();
  if (auto put = put_parts(plan, dir); !put) {
    return fail_within("cannot make session '" + plan.name + "'", put);
  }
  return dir.set_state(SessionState::kPrepared);
}

Result<Attachment> Attachment::open(const std::string& session) {
  auto dir = SessionDir::open(session);
  if (!dir) return std::unexpected(dir.error());
  auto plan = load_resolved(dir->path());
  if (!plan) return fail_within("session '" + session + "'", plan);
  if (auto same = verify_files(*plan); !same) {
    return fail_within("session '" + session + "'", same);
  }
  auto clock = read_clock(dir->path());
  if (!clock) return std::unexpected(clock.error());
  return Attachment(std::move(*plan), std::move(*dir), SessionClock(*clock));
}

Result<StagePage*> Attachment::page(const std::string& stage) {
  auto& held = pages_[stage];
  if (held == nullptr) {
    auto opened = StagePageOwner::attach(dir_.page_file(stage));
    if (!opened) return fail_within("stage page of " + stage, opened);
    held = std::make_unique<StagePageOwner>(std::move(*opened));
  }
  return &held->page();
}

Result<RingView> Attachment::ring(const RingSpec& spec, bool as_producer) {
  auto lock = EndLock::acquire(
      as_producer ? dir_.producer_lock(spec.name) : dir_.consumer_lock(spec.name),
      std::string("the ") + (as_producer ? "producer" : "consumer") + " end of ring '" + spec.name +
          "'");
  if (!lock) return std::unexpected(lock.error());
  ends_.push_back(std::move(*lock));
  auto& held = rings_[spec.name];
  if (held == nullptr) {
    auto segment = Segment::open(dir_.ring_file(spec.name), false);
    if (!segment) return std::unexpected(segment.error());
    held = std::make_unique<Segment>(std::move(*segment));
    for (const std::string& w : held->warnings()) warnings_.push_back(w);
  }
  return attach_ring(held->bytes(), shape_of(spec));
}

Result<JournalWriter*> Attachment::journal(const StageSpec& stage) {
  if (!plan_.journal.on) return nullptr;
  auto lock = EndLock::acquire(dir_.journal_lock(stage.name),
                               "the writing end of the journal of '" + stage.name + "'");
  if (!lock) return std::unexpected(lock.error());
  ends_.push_back(std::move(*lock));
  const auto identity = identity_of(plan_, stage);
  if (!identity) return std::unexpected(identity.error());
  auto segment = Segment::open(dir_.journal_file(stage.name), false);
  if (!segment) return std::unexpected(segment.error());
  for (const std::string& w : segment->warnings()) warnings_.push_back(w);
  journals_.push_back(std::make_unique<Segment>(std::move(*segment)));
  auto writer = JournalWriter::attach(journals_.back()->bytes(), *identity);
  if (!writer) return std::unexpected(writer.error());
  writers_.push_back(std::make_unique<JournalWriter>(std::move(*writer)));
  return writers_.back().get();
}

Result<RunnerSetup> Attachment::attach(const StageSpec& stage, bool one_thread) {
  Wiring wiring;
  wiring.ring = [this](const RingSpec& spec, bool as_producer) { return ring(spec, as_producer); };
  wiring.park = [this, one_thread](const std::string& name) -> Result<ParkWord*> {
    const StageSpec* neighbour = plan_.stage(name);
    if (one_thread || neighbour == nullptr) return nullptr;
    auto mapped = page(name);
    if (!mapped) return std::unexpected(mapped.error());
    // Whoever attaches wakes its neighbours: a kill between clearing `parked` and the wake would
    // leave them asleep (protocol 1).
    wake_always((*mapped)->park);
    return may_park(neighbour->wait) ? &(*mapped)->park : nullptr;
  };
  auto writer = journal(stage);
  if (!writer) return fail_within("journal of " + stage.name, writer);
  auto setup = make_runner_setup(plan_, stage, wiring, clock_);
  if (setup) setup->journal = *writer;
  return setup;
}

}  // namespace pinstripe
