#include "tools/commands/killer.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "shm/ring/end_lock.h"
#include "shm/ring/ring_word.h"
#include "shm/ring/session_dir.h"
#include "shm/run/journal_layout.h"

namespace pinstripe {
namespace {

constexpr useconds_t kLookEveryUs = 200;

std::uint64_t records_of(const Segment& journal) {
  const auto* header = reinterpret_cast<const JournalHeader*>(journal.bytes().data());
  return ring_word::load_acquire(&header->records);
}

bool is_over(const StagePageView& page) {
  const StageState state = page.state();
  return state == StageState::kDone || state == StageState::kFailed;
}

}  // namespace

std::uint64_t KillReport::total() const {
  std::uint64_t sum = 0;
  for (const auto& [stage, count] : kills) sum += count;
  return sum;
}

KillReport& KillReport::operator+=(const KillReport& more) {
  for (const auto& [stage, count] : more.kills) kills[stage] += count;
  stopped += more.stopped;
  again += more.again;
  held_position += more.held_position;
  held_order += more.held_order;
  held_both += more.held_both;
  return *this;
}

std::string KillReport::text() const {
  std::string line = std::to_string(total()) + " kills:";
  for (const auto& [stage, count] : kills) line += " " + stage + " " + std::to_string(count);
  return line + "; by SIGSTOP " + std::to_string(stopped) + ", while rejoining " +
         std::to_string(again) + "; with a position " + std::to_string(held_position) +
         ", a working order " + std::to_string(held_order) + ", both " + std::to_string(held_both);
}

Result<Killer> Killer::attach(const std::string& session, const KillPlan& plan,
                              const std::function<bool()>& goes_on) {
  const std::string folder = session_path(session);
  for (;;) {
    const auto info = session_info(session);
    if (info && info->live && info->state == SessionState::kRunning) break;
    if (!goes_on()) return fail("session '" + session + "' ended before it began to run");
    usleep(kLookEveryUs);
  }
  auto loaded = load_resolved(folder);
  if (!loaded) return fail_within("session '" + session + "'", loaded);
  Killer killer(plan, std::move(*loaded));
  for (const StageSpec& stage : killer.session_.topology.stages) {
    auto shown = StagePageView::open(folder + "/" + stage.name + ".page");
    if (!shown) return fail_within("page of " + stage.name, shown);
    auto page = std::make_shared<StagePageView>(std::move(*shown));
    if (stage.kind == StageKind::kExec) killer.exec_pages_.push_back(page);
    const auto& wanted = plan.stages;
    if (!wanted.empty() && std::ranges::find(wanted, stage.name) == wanted.end()) continue;
    auto journal = Segment::open(folder + "/" + stage.name + ".journal", true);
    if (!journal) return fail_within("journal of " + stage.name, journal);
    killer.victims_.push_back({stage.name, std::move(*journal), page});
  }
  return killer;
}

/// In the order of their places, so that one pass over the session meets them all.
std::vector<Killer::Kill> Killer::draw() const {
  std::mt19937_64 rng(plan_.seed);
  const auto share = [&rng] { return static_cast<double>(rng() >> 11) * 0x1p-53; };
  std::vector<Kill> kills;
  for (std::uint64_t i = 0; i < plan_.kills; ++i) {
    Kill kill{(plan_.seed + i) % victims_.size(), 0, false, false, false};
    kill.at = share() * 1.02 - 0.01;  // some before the first record, some behind the last
    kill.stop = share() < plan_.stop_share;
    kill.again = share() < plan_.again_share;
    kill.held = share() < plan_.held_share;
    kills.push_back(kill);
  }
  std::ranges::stable_sort(kills, {}, &Kill::at);
  return kills;
}

bool Killer::await_place(const Kill& kill, const std::function<bool()>& goes_on) const {
  const Victim& v = victims_[kill.victim];
  const auto known = plan_.records.find(v.name);
  const double all = known == plan_.records.end() ? 0 : static_cast<double>(known->second);
  const auto place = static_cast<std::uint64_t>(std::max(0.0, kill.at * all));
  while (records_of(v.journal) < place || v.page->page().pid.get() == 0) {
    if (is_over(*v.page) || !goes_on()) return false;
    usleep(kLookEveryUs);
  }
  if (!kill.held) return true;
  // Not for ever: the kills behind this one have their places too.
  const auto patience = static_cast<std::uint64_t>(all * 0.3);
  for (Held held = what_is_held(); !held.position || !held.order; held = what_is_held()) {
    if (is_over(*v.page) || !goes_on()) return false;
    if (all > 0 && records_of(v.journal) > place + patience) return true;
    usleep(kLookEveryUs);
  }
  return true;
}

Killer::Held Killer::what_is_held() const {
  Held held;
  for (const auto& page : exec_pages_) {
    for (const auto& [name, value] : page->counters()) {
      if (name == "resting_now" || name == "in_flight_now") held.order = held.order || value > 0;
      if (name.ends_with("position_lots")) held.position = held.position || value != 0;
    }
  }
  return held;
}

bool Killer::strike(const Kill& kill, KillReport& report) {
  const Victim& v = victims_[kill.victim];
  const StagePage& page = v.page->page();
  ProcessToken token = ProcessToken::self();
  token.pid = page.pid.get();
  token.start_ticks = page.start_ticks.get();
  if (token.pid <= 0 || !token.alive()) return false;
  const Held held = what_is_held();
  report.held_position += held.position;
  report.held_order += held.order;
  report.held_both += held.position && held.order;
  if (::kill(token.pid, kill.stop ? SIGSTOP : SIGKILL) != 0) return false;
  ++report.kills[v.name];
  report.stopped += kill.stop;
  return true;
}

bool Killer::await_successor(const Victim& v, std::int32_t pid, std::uint64_t recoveries,
                             const std::function<bool()>& goes_on) const {
  const StagePage& page = v.page->page();
  while (page.pid.get() == pid || (page.recoveries.get() == recoveries && !is_over(*v.page))) {
    if (!goes_on()) return false;
    // A stage that was killed before it had any record begins anew and recovers nothing.
    if (page.pid.get() != pid && v.page->state() == StageState::kRunning) return true;
    usleep(kLookEveryUs);
  }
  return true;
}

KillReport Killer::run(const std::function<bool()>& goes_on) {
  KillReport report;
  for (const Kill& kill : draw()) {
    if (!await_place(kill, goes_on)) continue;
    const Victim& v = victims_[kill.victim];
    std::int32_t pid = v.page->page().pid.get();
    const std::uint64_t recoveries = v.page->page().recoveries.get();
    if (!strike(kill, report)) continue;
    if (kill.again) {
      while (goes_on() && v.page->page().pid.get() == pid) usleep(kLookEveryUs);
      const std::int32_t next = v.page->page().pid.get();
      Kill second = kill;
      second.stop = false;
      // A successor may be too young to be known for certain: then it lives, and is awaited.
      if (strike(second, report)) {
        ++report.again;
        pid = next;
      }
    }
    if (!await_successor(v, pid, recoveries, goes_on)) break;
  }
  return report;
}

}  // namespace pinstripe
