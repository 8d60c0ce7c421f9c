// The hot path of every stage is quiet: after warm-up its turns allocate nothing and make no system
// call. A seccomp filter makes the kernel kill whoever makes one.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>

#include "shm/ring/park.h"
#include "shm/run/clock.h"
#include "shm/run/idle.h"
#include "shm/run/sealed_heap.h"
#include "tests/pipeline/pipeline_support.h"
#include "tools/session/attach.h"
#include "tools/session/in_process.h"

namespace pinstripe {
namespace {

constexpr int kNoSeccomp = 77, kNotOpened = 78;

/// Shared with the child, which cannot tell otherwise once it is killed.
struct Report {
  std::array<std::int64_t, 5> steps, allocations;
  std::array<char[32], 5> names;
  std::size_t at_work;  // stage whose turn it is
  bool sealed_part_done;
  char error[512];
};

class QuietPathTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    void* page = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    report_ = static_cast<Report*>(page);
  }
  void TearDown() override {
    munmap(report_, sizeof(Report));
    CliTest::TearDown();
  }
  /// Runs `body` in a child that ends by the raw exit call; gives its wait status.
  int in_child(const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
      const int exit = body();
      while (true) syscall(SYS_exit, exit);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
  }
  Report* report_ = nullptr;
};

/// From now on the kernel kills this process at any system call but `allowed` and exit. A filter
/// and not seccomp's strict mode, which takes the time stamp counter away as well.
bool allow_only(unsigned allowed) {
  std::array<sock_filter, 5> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
bool forbid_system_calls() { return allow_only(SYS_exit); }
bool allow_only_yield() { return allow_only(SYS_sched_yield); }

using Stages = std::vector<std::unique_ptr<InProcessStage>>;

void quiet_rounds(Stages& stages, int rounds, Report& report) {
  for (int r = 0; r < rounds; ++r) {
    for (std::size_t i = 0; i < stages.size(); ++i) {
      report.at_work = i;
      report.steps[i] += stages[i]->step() ? 1 : 0;
    }
  }
}

void sealed_rounds(Stages& stages, int rounds, Report& report) {
  for (int r = 0; r < rounds; ++r) {
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const auto before = static_cast<std::int64_t>(allocations_after_seal());
      seal_heap();
      stages[i]->step();
      unseal_heap();
      report.allocations[i] += static_cast<std::int64_t>(allocations_after_seal()) - before;
    }
  }
}

int run_quietly(const std::string& session, Report& report) {
  constexpr int kWarmUp = 4'000, kSealed = 20'000, kForbidden = 20'000;
  auto attachment = Attachment::open(session);
  auto stages = attachment ? open_in_process(*attachment) : std::unexpected(attachment.error());
  if (!stages) {
    std::snprintf(report.error, sizeof(report.error), "%s", stages.error().message.c_str());
    return kNotOpened;
  }
  for (std::size_t i = 0; i < stages->size(); ++i) {
    std::snprintf(report.names[i], sizeof(report.names[i]), "%s", (*stages)[i]->name().c_str());
  }
  quiet_rounds(*stages, kWarmUp, report);
  report.steps.fill(0);
  sealed_rounds(*stages, kSealed, report);
  for (auto& stage : *stages) stage->publish();
  report.sealed_part_done = true;
  if (!forbid_system_calls()) return kNoSeccomp;
  quiet_rounds(*stages, kForbidden, report);
  syscall(SYS_exit, 0);  // nothing else is allowed any more
  return 0;
}

TEST_F(QuietPathTest, NoStageAllocatesOrCallsTheSystemOnItsTurns) {
  if (!heap_can_be_sealed()) GTEST_SKIP() << "a sanitizer brings its own malloc";
  write_imbalance_model((folder_ / "model.json").string());
  const std::string file = config(R"({
    "for_ns": 4000000000000,
    "stages": {"feed": {"batch_max": 16}},
    "market": {"seed": 5, "rate_per_s": 500, "gap_at_s": 200, "gap_resync_s": 1, "jump_at_s": 300,
               "burst_at_s": 400},
    "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
    "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})");
  const auto prepared = run({"up", file, "--prepare"});
  ASSERT_EQ(prepared.exit, 0) << prepared.err;
  const int status = in_child([&] { return run_quietly("session", *report_); });
  ASSERT_TRUE(report_->sealed_part_done) << "status " << status << " " << report_->error;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(report_->allocations[i], 0) << "stage " << report_->names[i];
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSeccomp) {
    GTEST_SKIP() << "this kernel offers no seccomp filter; only allocations were counted";
  }
  ASSERT_FALSE(WIFSIGNALED(status))
      << "killed by signal " << WTERMSIG(status) << " (" << SIGSYS
      << ": a system call) on the turn of stage " << report_->names.at(report_->at_work);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_GT(report_->steps[i], 50) << "stage " << report_->names[i] << " had hardly any work";
  }
  const auto down = run({"down", "session", "--json"});
  ASSERT_EQ(down.exit, 0) << down.err;
  const auto account = down.json().at("account");
  EXPECT_EQ(account.at("gaps"), 1) << "the break was on the measured path";
  EXPECT_GT(account.at("fills"), 10) << "orders were on the measured path";
}

class QuietWaitTest : public QuietPathTest {
 protected:
  /// 10,000 waits with `wait` under the lock that `forbid` puts on; the child's wait status.
  int waits_under(WaitStrategy wait, bool (*forbid)()) {
    return in_child([wait, forbid] {
      ParkWord park;
      const SessionClock clock(calibrate_clock());
      Idle idle(wait, park, clock);
      if (!forbid()) return kNoSeccomp;
      for (int i = 0; i < 10'000; ++i) idle.wait([] { return false; }, kNsPerMs);
      return 0;
    });
  }
};

TEST_F(QuietWaitTest, SpinningCallsNothingAndYieldingOnlySchedYield) {
  const int spin = waits_under(WaitStrategy::kSpin, forbid_system_calls);
  if (WIFEXITED(spin) && WEXITSTATUS(spin) == kNoSeccomp) {
    GTEST_SKIP() << "this kernel offers no seccomp filter";
  }
  EXPECT_TRUE(WIFEXITED(spin) && WEXITSTATUS(spin) == 0) << "spin: status " << spin;
  const int yield = waits_under(WaitStrategy::kYield, allow_only_yield);
  EXPECT_TRUE(WIFEXITED(yield) && WEXITSTATUS(yield) == 0) << "yield: status " << yield;
}

TEST_F(QuietWaitTest, TheLockItselfKillsWhoCallsTheSystem) {
  const int status = in_child([] {
    if (!forbid_system_calls()) return kNoSeccomp;
    sched_yield();
    return 0;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSeccomp) {
    GTEST_SKIP() << "this kernel offers no seccomp filter";
  }
  EXPECT_TRUE(WIFSIGNALED(status)) << "otherwise the tests above prove nothing";
}

}  // namespace
}  // namespace pinstripe
