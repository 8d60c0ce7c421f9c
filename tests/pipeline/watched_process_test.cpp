// The real stage programs at work, watched by ptrace: a stage that spins makes no system call at
// all, one that yields only sched_yield. (One thread, every turn: quiet_path_test.cpp.)
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>

#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

struct WatchedProcessTest : CliTest {
  /// Messages that each stage has taken so far, by stage.
  std::map<std::string, std::int64_t> taken() {
    std::map<std::string, std::int64_t> by_stage;
    const auto rings = run({"rings", "session", "--json"});
    EXPECT_EQ(rings.exit, 0) << rings.err;
    const auto json = rings.json();
    for (const auto& ring : json.at("rings")) {
      by_stage[ring.at("consumer").at("stage")] += ring.at("taken").get<std::int64_t>();
      by_stage[ring.at("producer").at("stage")] += 0;
    }
    for (const auto& ring : json.at("rings")) {
      if (ring.at("producer").at("stage") == "feed") {
        by_stage["feed"] += ring.at("published").get<std::int64_t>();
      }
    }
    return by_stage;
  }
};

/// System calls of `pid` during `watch`, by number; empty and `refused` where nobody may watch.
std::map<long, int> calls_of(pid_t pid, std::chrono::milliseconds watch, bool& refused) {
  std::map<long, int> calls;
  refused = ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACESYSGOOD) != 0;
  if (refused) return calls;
  ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  int status = 0;
  waitpid(pid, &status, __WALL);
  ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
  const auto end = std::chrono::steady_clock::now() + watch;
  while (std::chrono::steady_clock::now() < end) {
    if (waitpid(pid, &status, __WALL | WNOHANG) != pid) {
      usleep(50);
      continue;
    }
    if (!WIFSTOPPED(status)) return calls;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info{};
      ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
      if (info.op == PTRACE_SYSCALL_INFO_ENTRY) ++calls[static_cast<long>(info.entry.nr)];
    }
    ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
  }
  ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  waitpid(pid, &status, __WALL);
  ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return calls;
}

struct Watched {
  std::string stage, wait;
};

/// How gtest shows it; without this the test's name holds addresses.
void PrintTo(const Watched& w, std::ostream* out) { *out << w.stage << ' ' << w.wait; }

class WatchedStageTest : public WatchedProcessTest, public testing::WithParamInterface<Watched> {
 protected:
  /// The watched stage alone on the last core, the others on the first one.
  std::string config_for(const Watched& w, int last_core) {
    std::string stages;
    for (const char* stage : {"feed", "features", "models", "risk", "exec"}) {
      const bool watched = stage == w.stage;
      stages += (stages.empty() ? "" : ", ") + ("\"" + std::string(stage)) + "\": {\"core\": " +
                std::to_string(watched ? last_core : 0) + ", \"wait\": \"" +
                (watched ? w.wait : "yield") + "\"}";
    }
    return paced_config(R"("stages": {)" + stages + "},");
  }
};

TEST_P(WatchedStageTest, CallsTheSystemOnlyAsItsWaitStrategySays) {
  cpu_set_t mine;
  sched_getaffinity(0, sizeof(mine), &mine);
  if (CPU_COUNT(&mine) < 2 || !CPU_ISSET(0, &mine) || !CPU_ISSET(1, &mine)) {
    GTEST_SKIP() << "needs cores 0 and 1";
  }
  const auto up = start({bin_ + "/pinstripe", "up", config_for(GetParam(), 1), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  pid_t pid = 0;
  const auto status = run({"status", "session", "--json"}).json();
  for (const auto& stage : status.at("stages")) {
    if (stage.at("name") != GetParam().stage) continue;
    pid = stage.at("pid").get<pid_t>();
    EXPECT_EQ(stage.at("wait"), GetParam().wait);
  }
  const auto before = taken();
  auto after = before;
  std::map<long, int> calls;
  bool refused = false;
  // Long enough that it had work and had to wait; at once so, unless others hold its core.
  for (int i = 0; i < 100 && !refused; ++i) {
    for (const auto& [number, count] : calls_of(pid, std::chrono::milliseconds(300), refused)) {
      calls[number] += count;
    }
    after = taken();
    const bool worked = after.at(GetParam().stage) > before.at(GetParam().stage);
    if (worked && (GetParam().wait == "spin" || !calls.empty())) break;
  }
  kill(up.pid, SIGINT);
  const CommandResult ended = wait(up);
  if (refused) GTEST_SKIP() << "this machine lets nobody watch system calls";
  EXPECT_EQ(ended.exit, 0) << ended.err;
  for (const auto& [number, count] : calls) {
    EXPECT_TRUE(GetParam().wait == "yield" && number == SYS_sched_yield)
        << count << " times system call " << number;
  }
  EXPECT_EQ(calls.empty(), GetParam().wait == "spin") << "a stage that yields is seen to yield";
  EXPECT_GT(after.at(GetParam().stage), before.at(GetParam().stage)) << "it did nothing meanwhile";
  for (const auto& hop : ended.json().at("hops")) {
    EXPECT_EQ(hop.at("allocations_after_seal"), 0) << hop.at("stage");
  }
}

INSTANTIATE_TEST_SUITE_P(
    EachStage, WatchedStageTest,
    testing::Values(Watched{"feed", "spin"}, Watched{"features", "spin"},
                    Watched{"models", "spin"}, Watched{"risk", "spin"}, Watched{"exec", "spin"},
                    Watched{"feed", "yield"}, Watched{"features", "yield"},
                    Watched{"models", "yield"}, Watched{"risk", "yield"},
                    Watched{"exec", "yield"}),
    [](const auto& one) { return one.param.stage + "_" + one.param.wait; });

TEST_F(WatchedProcessTest, TheNextFileOfAJoinedStreamIsOpenedWithoutAnAllocation) {
  PINSTRIPE_NEED_DATA(first, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  PINSTRIPE_NEED_DATA(second, "binance_l2_raw/usdm_btcusdt_20230405.txt.gz");
  const auto sut = run({"up", "tools/configs/recorded.json", "--json", "--for", "120s", "--data",
                        first, second});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_GT(sut.json().at("events"), 13'384) << "it went on into the second file";
  const auto account = sut.json();
  for (const auto& hop : account.at("hops")) {
    EXPECT_EQ(hop.at("allocations_after_seal"), 0) << hop.at("stage");
  }
}

}  // namespace
}  // namespace pinstripe
