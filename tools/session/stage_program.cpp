#include "tools/session/stage_program.h"

#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "shm/run/float_env.h"
#include "shm/run/machine_time.h"
#include "shm/run/syscall_filter.h"

namespace pinstripe {
namespace {

struct Arguments {
  std::string session;
  std::string name;
  int supervisor_pid = 0;
};

Result<Arguments> parse(int argc, char** argv, StageKind kind) {
  Arguments a;
  a.name = kStageKindNames[static_cast<std::size_t>(kind)];
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    const bool known = key == "--session" || key == "--name" || key == "--supervised";
    if (!known) {
      return fail_usage("unknown argument '" + key + "'; allowed: --session, --name, --supervised");
    }
    if (i + 1 == argc) return fail_usage(key + " needs a value");
    const std::string value = argv[++i];
    if (key == "--session") a.session = value;
    if (key == "--name") a.name = value;
    if (key == "--supervised") a.supervisor_pid = std::atoi(value.c_str());
  }
  if (a.session.empty()) {
    return fail_usage("--session is missing; start one with `pinstripe up CONFIG --prepare`");
  }
  return a;
}

/// The stage's own core: pinned there, and no other stage of the session may run on it.
bool owns_core(const SessionPlan& plan, const StageSpec& spec) {
  const std::vector<int> mine = allowed_cores();
  if (mine.size() != 1) return false;
  for (const StageSpec& other : plan.topology.stages) {
    if (other.name != spec.name && (other.core == mine[0] || other.core < 0)) return false;
  }
  return true;
}

}  // namespace

bool StageProgram::help(int argc, char** argv, StageKind kind) {
  const char* name = kStageKindNames[static_cast<std::size_t>(kind)];
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") != 0 && std::strcmp(argv[i], "-h") != 0) continue;
    std::printf(
        "usage: pinstripe-%s --session S [--name N] [--supervised PID]\n\n"
        "Runs one %s stage of a prepared session until its data ends or SIGTERM asks it to stop.\n"
        "  --session S       session made by `pinstripe up CONFIG --prepare`\n"
        "  --name N          instance, where the session has several (default: %s)\n"
        "  --supervised PID  leave off when that process dies\n\n"
        "example: pinstripe up tools/configs/demo.json --prepare && "
        "taskset -c 1 pinstripe-%s --session demo\n",
        name, name, name, name);
    return true;
  }
  return false;
}

Result<StageProgram> StageProgram::start(int argc, char** argv, StageKind kind) {
  auto arguments = parse(argc, argv, kind);
  if (!arguments) return std::unexpected(arguments.error());
  auto attachment = Attachment::open(arguments->session);
  if (!attachment) return std::unexpected(attachment.error());
  const StageSpec* spec = attachment->plan().stage(arguments->name);
  if (spec == nullptr || spec->kind != kind) {
    std::string names;
    for (const StageSpec& s : attachment->plan().topology.stages) {
      if (s.kind == kind) names += (names.empty() ? "" : ", ") + s.name;
    }
    return fail_usage("session '" + arguments->session + "' has no " +
                      kStageKindNames[static_cast<std::size_t>(kind)] + " stage '" +
                      arguments->name + "'; it has: " + names);
  }
  StageProgram program(std::move(*attachment), *spec);
  if (auto settled = program.settle(arguments->supervisor_pid); !settled) {
    return std::unexpected(settled.error());
  }
  return program;
}

Result<void> StageProgram::settle(int supervisor_pid) {
  install_stop_signals();
  supervisor_pid_ = supervisor_pid;
  if (supervisor_pid > 0) {
    if (auto tied = die_with_parent(supervisor_pid); !tied) return tied;
  }
  if (spec_.core >= 0) {
    if (auto pinned = pin_to_core(spec_.core); !pinned) return pinned;
  }
  auto page = attachment_.page(spec_.name);
  if (!page) return std::unexpected(page.error());
  if (!register_membarrier()) {
    std::fprintf(stderr, "pinstripe-%s: no membarrier here; parking uses full fences\n",
                 spec_.name.c_str());
  }
  // The rings first: where another process holds their ends, the page is that process's to write.
  auto setup = attachment_.attach(spec_, false);
  if (!setup) return std::unexpected(setup.error());
  setup_ = std::move(*setup);
  // Where nobody minds the session, nobody makes checkpoints either.
  // Live nobody waits for one: how far it lies back shows in `journal_records`.
  if (supervisor_pid > 0 && !plan().live) {
    setup_.checkpoint_lag_max = plan().journal.checkpoint_lag_max;
  }
  page_ = *page;
  page_->pid.set(::getpid());
  page_->start_ticks.set(ProcessToken::self().start_ticks);
  page_->started_ns.set(realtime_ns());
  page_->starts.add(1);
  page_->set_state(StageState::kStarting);
  const bool own = owns_core(attachment_.plan(), spec_);
  wait_ = resolve_wait(spec_.wait, own);
  if (spec_.wait == WaitStrategy::kSpin && !own) {
    std::fprintf(stderr,
                 "pinstripe-%s: told to spin on a core that it shares; yields instead. Give it a "
                 "core of its own (`stages.%s.core`)\n",
                 spec_.name.c_str(), spec_.name.c_str());
  }
  page_->wait_actual.set(static_cast<std::uint32_t>(wait_));
  return {};
}

Probe StageProgram::probe() const noexcept {
  const SessionPlan& p = plan();
  return Probe(*page_, attachment_.clock(), p.budget_ns[index_of(spec_.kind)], p.path_budget_ns);
}

Result<void> StageProgram::begin(std::span<const std::string> counter_names, std::size_t outputs) {
  if (auto named = page_->name_counters(counter_names); !named) return named;
  page_->input_count.set(
      static_cast<std::uint32_t>(setup_.inputs.empty() ? 1 : setup_.inputs.size()));
  page_->output_count.set(static_cast<std::uint32_t>(outputs));
  if (const std::string warning = lock_all_memory(); !warning.empty()) {
    page_->log_error(1, warning, realtime_ns());
    std::fprintf(stderr, "pinstripe-%s: %s\n", spec_.name.c_str(), warning.c_str());
  }
  if (plan().seccomp && can_be_filtered(spec_.kind)) {
    const std::string missing = filter_system_calls();
    if (!missing.empty()) warn("its system calls are not filtered: " + missing);
  }
  page_->cpu.set(current_core());
  check_float_environment();
  // What starting cost explains no outlier: the page holds it as a debt, which the end pays.
  const KernelCounts k = kernel_counts();
  page_->voluntary_switches.set(-k.voluntary_switches);
  page_->involuntary_switches.set(-k.involuntary_switches);
  page_->minor_faults.set(-k.minor_faults);
  page_->major_faults.set(-k.major_faults);
  page_->set_state(StageState::kRunning);
  wake_always(page_->park);
  return {};
}

void StageProgram::heartbeat(std::int64_t now_ns) noexcept {
  page_->heartbeat_ns.set(now_ns);
  page_->heartbeat_ticks.set(read_counter());
}

void StageProgram::seal() noexcept {
  sealed_at_ = kernel_counts();
  seal_heap();
}

void StageProgram::unseal() noexcept {
  unseal_heap();
  const KernelCounts k = kernel_counts();
  page_->hot_path_faults.set(k.minor_faults - sealed_at_.minor_faults + k.major_faults -
                             sealed_at_.major_faults);
}

void sleep_for_journal() noexcept {
  constexpr long kSleepNs = 200'000;
  const timespec t{0, kSleepNs};
  ::nanosleep(&t, nullptr);
}

bool StageProgram::asked_to_stop() const noexcept {
  const std::uint32_t wish = page_->stop.load(std::memory_order_relaxed);
  return stop_requested() || (wish != kGoOn && wish != kCancelAll);
}

bool StageProgram::asked_to_cancel() const noexcept {
  return page_->stop.load(std::memory_order_relaxed) == kCancelAll;
}

/// To leave off between two inputs, so that the session can be resumed, instead of ending the
/// stream: when told so, and when the supervisor is gone (its death sends the same SIGTERM).
bool StageProgram::is_to_suspend() const noexcept {
  if (setup_.journal == nullptr) return false;
  if (page_->stop.load(std::memory_order_relaxed) == kSuspend) return true;
  return supervisor_pid_ > 0 && ::getppid() != supervisor_pid_;
}

/// A supervised session with journals waits for a dead neighbour's successor, and for a disk that
/// is full: its supervisor says when that makes no sense any more.
bool StageProgram::may_give_up() const noexcept {
  return supervisor_pid_ == 0 || setup_.journal == nullptr;
}

int StageProgram::end(Left left, std::uint64_t state_hash) {
  const KernelCounts k = kernel_counts();
  page_->voluntary_switches.add(k.voluntary_switches);
  page_->involuntary_switches.add(k.involuntary_switches);
  page_->minor_faults.add(k.minor_faults);
  page_->major_faults.add(k.major_faults);
  page_->allocations_after_seal.set(static_cast<std::int64_t>(allocations_after_seal()));
  heartbeat(attachment_.clock().monotonic_ns());
  switch (left) {
    case Left::kSuspended:
      page_->set_state(StageState::kSuspended);
      return static_cast<int>(Exit::kDone);
    case Left::kNoRoomInJournal:
      return fail_with(Error{"stopped before the end of its inputs: its journal has no room; see "
                             "'pinstripe status' for what keeps it from the disk"});
    case Left::kGaveUp:
      return fail_with(Error{"stopped before the end of its inputs: a neighbour is gone"});
    case Left::kDone: break;
  }
  page_->state_hash.set(state_hash);
  page_->set_state(StageState::kDone);
  return static_cast<int>(Exit::kDone);
}

void StageProgram::warn(const std::string& text) {
  std::fprintf(stderr, "pinstripe-%s: warning: %s\n", spec_.name.c_str(), text.c_str());
  page_->log_error(2, text, realtime_ns());
}

int StageProgram::fail_with(const Error& error) {
  std::fprintf(stderr, "pinstripe-%s: %s\n", spec_.name.c_str(), error.message.c_str());
  if (page_ != nullptr) {
    page_->log_error(3, error.message, realtime_ns());
    page_->set_state(StageState::kFailed);
  }
  return static_cast<int>(error.exit);
}

}  // namespace pinstripe
