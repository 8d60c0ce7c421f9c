#include "tools/session/snapshot.h"

#include <linux/seccomp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "shm/ring/ring_word.h"
#include "shm/ring/session_dir.h"
#include "shm/ring/stage_page.h"
#include "shm/run/journal_layout.h"
#include "shm/run/machine_time.h"
#include "shm/run/process.h"

namespace pinstripe {

std::int64_t StageShot::counter(std::string_view counter_name) const {
  const auto found = counters.find(counter_name);
  return found == counters.end() ? 0 : found->second;
}

bool StageShot::has_counter(std::string_view counter_name) const {
  return counters.contains(counter_name);
}

const StageShot* SessionShot::stage(std::string_view stage_name) const {
  for (const StageShot& s : stages) {
    if (s.name == stage_name) return &s;
  }
  return nullptr;
}

std::int64_t SessionShot::total(StageKind kind, std::string_view counter_name) const {
  std::int64_t sum = 0;
  for (const StageShot& s : stages) {
    if (s.kind == kind) sum += s.counter(counter_name);
  }
  return sum;
}

const OutputShot* SessionShot::output(std::string_view ring) const {
  for (const StageShot& s : stages) {
    for (const OutputShot& o : s.outputs) {
      if (o.ring == ring) return &o;
    }
  }
  return nullptr;
}

const InputShot* SessionShot::input(std::string_view ring) const {
  for (const StageShot& s : stages) {
    for (const InputShot& i : s.inputs) {
      if (i.ring == ring) return &i;
    }
  }
  return nullptr;
}

namespace {

LatencyShot shot_of(const Histogram& live) {
  const HistogramSnapshot h(live);
  return {h.count(), h.percentile(0.5), h.percentile(0.99), h.percentile(0.999), h.max()};
}

std::string wait_name(std::uint32_t wait) {
  return wait < std::size(kWaitNames) ? kWaitNames[wait] : "?";
}

void read_life(const StagePage& page, const StagePageView& view, StageShot& s) {
  s.pid = page.pid.get();
  ProcessToken token = ProcessToken::self();  // this boot
  token.pid = s.pid;
  token.start_ticks = page.start_ticks.get();
  s.alive = s.pid > 0 && token.alive();
  s.cpu = page.cpu.get();
  s.wait = wait_name(page.wait_actual.get());
  s.wait_configured = wait_name(page.wait_configured.get());
  s.state = s.pid == 0 ? "absent" : kStageStateNames[static_cast<std::size_t>(view.state())];
  const StageState state = view.state();
  const bool over = state == StageState::kDone || state == StageState::kFailed ||
                    state == StageState::kSuspended;
  // In the one-thread pipeline the page names no process of its own.
  if (s.pid != 0 && token.start_ticks != 0 && !s.alive && !over) s.state = "dead";
  s.heartbeat_age_ns = s.alive ? view.heartbeat_age_ns() : -1;
  s.event_ns = page.event_ns.get();
}

/// What the kernel says of a live process; zeros where it is gone.
struct ProcessShot {
  KernelCounts counts;
  bool filtered = false;
};

ProcessShot look_at_process(int pid) {
  ProcessShot shot;
  KernelCounts& k = shot.counts;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream status(folder + "/status");
  for (std::string name; status >> name;) {
    if (name == "voluntary_ctxt_switches:") status >> k.voluntary_switches;
    if (name == "nonvoluntary_ctxt_switches:") status >> k.involuntary_switches;
    if (name == "Seccomp:") {
      int mode = 0;
      status >> mode;
      shot.filtered = mode == SECCOMP_MODE_FILTER;
    }
  }
  std::ifstream stat(folder + "/stat");
  std::string line;
  std::getline(stat, line);
  // Behind the name in parentheses: state and six numbers, then minflt, cminflt, majflt.
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 7; ++i) fields >> skipped;
  fields >> k.minor_faults >> skipped >> k.major_faults;
  return shot;
}

/// The page of a running stage holds what starting cost as a debt.
void read_kernel_counts(const StagePage& page, StageShot& s) {
  const bool runs = s.alive && s.state == "running" && page.start_ticks.get() != 0;
  const ProcessShot process = runs ? look_at_process(s.pid) : ProcessShot{};
  const KernelCounts& more = process.counts;
  if (runs) s.filtered = process.filtered;
  const auto sum = [](std::int64_t page_value, std::int64_t counted) {
    return std::max<std::int64_t>(page_value + counted, 0);
  };
  s.voluntary_switches = sum(page.voluntary_switches.get(), more.voluntary_switches);
  s.involuntary_switches = sum(page.involuntary_switches.get(), more.involuntary_switches);
  s.minor_faults = sum(page.minor_faults.get(), more.minor_faults);
  s.major_faults = sum(page.major_faults.get(), more.major_faults);
}

void read_work(const StagePage& page, const StagePageView& view, StageShot& s) {
  s.queueing = shot_of(page.queueing);
  s.service = shot_of(page.service);
  s.tick_to_order = shot_of(page.tick_to_order);
  s.longest_turn_ns = page.longest_turn_ns.get();
  s.turns = static_cast<std::int64_t>(page.turns.get());
  read_kernel_counts(page, s);
  s.allocations_after_seal = page.allocations_after_seal.get();
  s.hot_path_faults = page.hot_path_faults.get();
  s.recoveries = page.recoveries.get();
  s.recovery_records = page.recovery_records.get();
  s.recovery_load_ns = page.recovery_load_ns.get();
  s.recovery_replay_ns = page.recovery_replay_ns.get();
  s.journal_records = page.journal_records.get();
  s.journal_waits = page.journal_waits.get();
  s.state_hash = page.state_hash.get();
  s.budget_breaches = page.budget_breaches_queueing.get() + page.budget_breaches_service.get() +
                      page.budget_breaches_path.get();
  for (const auto& [name, value] : view.counters()) s.counters[name] = value;
  for (const StageError& e : view.errors()) s.errors.push_back({e.code, e.text, e.count});
}

/// Inputs and outputs stand in the page in topology order.
void read_rings(const SessionPlan& plan, const StagePage& page, StageShot& s) {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  for (const RingSpec& r : plan.topology.rings) {
    if (r.consumer == s.name && inputs < page.inputs.size()) {
      InputShot in{r.name, page.inputs[inputs].taken.get(), {}};
      if (inputs < page.input_queueing.size()) in.queueing = shot_of(page.input_queueing[inputs]);
      s.inputs.push_back(std::move(in));
      ++inputs;
    }
    if (r.producer == s.name && outputs < page.outputs.size()) {
      const StagePage::Output& out = page.outputs[outputs++];
      s.outputs.push_back({r.name, out.published.get(), out.digest.get(), out.last_event_ns.get(),
                           out.dropped.get()});
    }
  }
}

}  // namespace

StageShot read_stage(const SessionPlan& plan, const StageSpec& stage, const StagePageView& view) {
  StageShot s;
  s.has_page = true;
  s.name = stage.name;
  s.kind = stage.kind;
  s.lane = stage.lane;
  read_life(view.page(), view, s);
  read_work(view.page(), view, s);
  read_rings(plan, view.page(), s);
  return s;
}

namespace {

/// Nothing was synced yet: nothing is older than the journal.
std::int64_t made_ns(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return realtime_ns();
  return info.st_ctim.tv_sec * kNsPerSecond + info.st_ctim.tv_nsec;
}

std::optional<JournalShot> read_journal(const SessionPlan& plan, const std::string& stage) {
  if (!plan.journal.on) return std::nullopt;
  const std::string path = plan.directory + "/" + stage + ".journal";
  auto segment = Segment::open(path, true);
  if (!segment) return std::nullopt;
  const auto view = attach_journal(segment->bytes(), nullptr);
  if (!view) return std::nullopt;
  const JournalHeader& h = *view->header();
  JournalShot j;
  // The carrier's count first: it is never ahead of the stage's.
  j.on_disk = ring_word::load_acquire(&h.carried_records);
  j.records = ring_word::load_acquire(&h.records);
  std::int64_t synced = ring_word::load_acquire(&h.synced_ns);
  if (synced == 0) synced = made_ns(path);
  if (j.on_disk < j.records) j.tail_ns = std::max<std::int64_t>(realtime_ns() - synced, 1);
  const std::uint32_t state = ring_word::load_acquire(&h.state);
  j.state = state < std::size(kJournalStateNames) ? kJournalStateNames[state] : "?";
  if (state != 0) j.problem = std::string(h.error, strnlen(h.error, sizeof(h.error)));
  j.halted = ring_word::load_acquire(&h.halt) != 0;
  return j;
}

}  // namespace

SessionShot take_snapshot(const SessionPlan& plan) {
  SessionShot shot;
  for (const StageSpec& stage : plan.topology.stages) {
    auto view = StagePageView::open(plan.directory + "/" + stage.name + ".page");
    if (view) {
      shot.stages.push_back(read_stage(plan, stage, *view));
      shot.stages.back().journal = read_journal(plan, stage.name);
    } else {
      StageShot absent;
      absent.name = stage.name;
      absent.kind = stage.kind;
      absent.lane = stage.lane;
      absent.state = "absent";
      shot.stages.push_back(std::move(absent));
    }
  }
  return shot;
}

}  // namespace pinstripe
