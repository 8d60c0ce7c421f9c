#include "tools/journal/journal_life.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "shm/ring/end_lock.h"
#include "shm/ring/ring_word.h"
#include "shm/ring/session_dir.h"
#include "shm/run/machine_time.h"
#include "tools/journal/archive.h"
#include "tools/journal/carrier.h"
#include "tools/journal/journal_dir.h"

namespace pinstripe {

namespace {

constexpr int kClearWaitMs = 5'000;
/// The carrier tries again twice a second, and then syncs: so long its last word may be outdated.
constexpr int kLookAgainMs = 2'000;
constexpr int kLookEveryMs = 10;

void wait_for_a_look() {
  const timespec t{0, kLookEveryMs * 1'000'000};
  ::nanosleep(&t, nullptr);
}

/// The stage whose journal the disk does not take, looked for until there is none or the carrier
/// has surely tried again.
std::optional<JournalLife::Stage> unwell_stage(const SessionPlan& plan, JournalLife life) {
  const auto unwell = [](const JournalLife::Stage& s) { return s.state != "ok"; };
  for (int ms = 0;; ms += kLookEveryMs) {
    const auto first = std::find_if(life.stages.begin(), life.stages.end(), unwell);
    if (first == life.stages.end()) return std::nullopt;
    if (ms >= kLookAgainMs) return *first;
    wait_for_a_look();
    life = life_of_journal(plan, plan.journal.directory);
  }
}

}  // namespace

JournalLife life_of_journal(const SessionPlan& plan, const std::string& directory) {
  JournalLife life;
  const auto ended = read_ended(directory);
  life.state = ended && !ended->empty() ? "ended" : "open";
  if (!in_shared_memory(plan)) return life;
  life.in_memory = true;
  const auto info = session_info(plan.name);
  if (info && life.state != "ended") {
    life.state = info->live ? "running" : kSessionStateNames[static_cast<int>(info->state)];
  }
  std::int64_t oldest_ns = INT64_MAX;
  for (const StageSpec& stage : plan.topology.stages) {
    const auto memory = live_journal_memory(plan, stage.name);
    if (!memory || memory->bytes().size() < sizeof(JournalHeader)) continue;
    const auto* h = reinterpret_cast<const JournalHeader*>(memory->bytes().data());
    const std::uint32_t state = ring_word::load_acquire(&h->state);
    const bool known = state < std::size(kJournalStateNames);
    life.stages.push_back({stage.name, known ? kJournalStateNames[state] : "?",
                           std::string(h->error, ::strnlen(h->error, sizeof(h->error)))});
    life.halted = life.halted || ring_word::load_relaxed(&h->halt) != 0;
    oldest_ns = std::min(oldest_ns, ring_word::load_relaxed(&h->synced_ns));
  }
  if (oldest_ns > 0 && oldest_ns < INT64_MAX && life.state == "running") {
    life.uncopied_ns = std::max<std::int64_t>(realtime_ns() - oldest_ns, 0);
  }
  return life;
}

Result<void> clear_halt(const SessionPlan& plan) {
  const std::string dir = session_path(plan.name);
  const JournalLife life = life_of_journal(plan, plan.journal.directory);
  if (!life.halted) return fail_usage("session '" + plan.name + "' is not halted by its journal");
  if (const auto unwell = unwell_stage(plan, life)) {
    return fail("session '" + plan.name + "' stays halted: the journal of '" + unwell->name +
                "' has " + unwell->problem + "; clear it when the disk takes the journal again");
  }
  if (!EndLock::holder(dir + "/" + kCarrierLockName)) {
    return fail("session '" + plan.name + "' has no carrier (pinstripe-journal); nothing carries "
                "its journal: end it with 'pinstripe down'");
  }
  const std::string word = dir + "/" + kJournalClearName;
  const int fd = ::open(word.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail("cannot write '" + word + "': " + std::strerror(errno));
  ::close(fd);
  for (int ms = 0; ms < kClearWaitMs; ms += kLookEveryMs) {
    if (!life_of_journal(plan, plan.journal.directory).halted) return {};
    wait_for_a_look();
  }
  return fail("session '" + plan.name + "' is still halted after 5 s; look at 'pinstripe journal "
              "info " + plan.name + "'");
}

}  // namespace pinstripe
