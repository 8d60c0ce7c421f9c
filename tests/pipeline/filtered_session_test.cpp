// Whole sessions under the filter of system calls (shm/run/syscall_filter.h): who has it, and what
// becomes of a real stage program that is made to ask for a socket.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <map>

#include "shm/run/syscall_filter.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class FilteredSessionTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    const std::string missing = syscall_filter_missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  /// The session's stages as `status` shows them, by name.
  std::map<std::string, nlohmann::json> stages() {
    std::map<std::string, nlohmann::json> by_name;
    const auto status = run({"status", "session", "--json"}).json();
    for (const auto& stage : status.at("stages")) by_name[stage.at("name")] = stage;
    return by_name;
  }
  /// Waits until another process than `before` runs as `stage`.
  bool comes_back(const std::string& stage, pid_t before) {
    for (int i = 0; i < 1'000; ++i) {
      const auto now = stages().at(stage);
      if (now.at("pid") != before && now.at("state") == "running") return true;
      usleep(20'000);
    }
    return false;
  }
};

#if defined(__x86_64__)
/// Turns the next system call of `pid` into socket(...), before the kernel asks the filter. False
/// where nobody may watch.
bool make_it_ask_for_a_socket(pid_t pid) {
  if (ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACESYSGOOD) != 0) return false;
  ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  int status = 0;
  while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
    __ptrace_syscall_info info{};
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, orig_rax), SYS_socket);
      return ptrace(PTRACE_DETACH, pid, nullptr, nullptr) == 0;
    }
    ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
  }
  return false;
}

TEST_F(FilteredSessionTest, AStageThatAsksForASocketDiesIsNamedAndItsSuccessorRejoins) {
  const auto up = start({bin_ + "/pinstripe", "up", "--json",
                         paced_config(R"("journal": {"mode": "on"},
      "stages": {"features": {"wait": "yield"}, "models": {"wait": "yield"},
                 "risk": {"wait": "yield"}},)")});
  ASSERT_TRUE(wait_until_running("session"));
  bool watched = true;
  for (const char* stage : {"features", "models", "risk"}) {
    const pid_t victim = stages().at(stage).at("pid").get<pid_t>();
    watched = watched && make_it_ask_for_a_socket(victim);
    EXPECT_TRUE(!watched || comes_back(stage, victim)) << stage;
  }
  const auto left = stages();
  kill(up.pid, SIGINT);
  const CommandResult sut = wait(up);
  if (!watched) GTEST_SKIP() << "this machine lets nobody watch system calls";
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("lost"), 0);
  for (const char* stage : {"features", "models", "risk"}) {
    const std::string died = "stage '" + std::string(stage) + "' (pid ";
    const std::size_t at = sut.err.find(died);
    ASSERT_NE(at, std::string::npos) << sut.err;
    const std::string line = sut.err.substr(at, sut.err.find("rejoins", at) - at);
    EXPECT_NE(line.find("a system call that its filter refuses a stage"), std::string::npos);
    EXPECT_NE(line.find("refused call 41 (socket)"), std::string::npos) << line;
    EXPECT_EQ(left.at(stage).at("recoveries"), 1);
    EXPECT_EQ(left.at(stage).at("seccomp"), true) << "the successor has its filter as well";
  }
}
#endif

TEST_F(FilteredSessionTest, ThreeStagesHaveTheFilterAndFeedAndExecHaveNot) {
  const auto up = start({bin_ + "/pinstripe", "up", "--json", paced_config()});
  ASSERT_TRUE(wait_until_running("session"));
  const auto shown = stages();
  kill(up.pid, SIGINT);
  EXPECT_EQ(wait(up).exit, 0);
  for (const char* stage : {"features", "models", "risk"}) {
    EXPECT_EQ(shown.at(stage).at("seccomp"), true) << stage;
  }
  for (const char* stage : {"feed", "exec"}) {
    EXPECT_EQ(shown.at(stage).at("seccomp"), false) << stage;
  }
}

TEST_F(FilteredSessionTest, TheConfigSwitchesItOffAndStatusSaysSo) {
  const auto up =
      start({bin_ + "/pinstripe", "up", "--json", paced_config(R"("seccomp": "off",)")});
  ASSERT_TRUE(wait_until_running("session"));
  const auto shown = stages();
  const CommandResult text = run({"status", "session"});
  kill(up.pid, SIGINT);
  EXPECT_EQ(wait(up).exit, 0);
  for (const auto& [name, stage] : shown) EXPECT_EQ(stage.at("seccomp"), false) << name;
  EXPECT_NE(text.out.find("system calls: not filtered"), std::string::npos) << text.out;
}

TEST_F(FilteredSessionTest, DoctorSaysWhetherTheKernelFilters) {
  const CommandResult sut = run({"doctor", "--json"});
  const auto told = sut.json();
  for (const auto& finding : told.at("machine")) {
    if (finding.at("name") != "seccomp") continue;
    EXPECT_EQ(finding.at("health"), "good");
    return;
  }
  FAIL() << sut.out;
}

}  // namespace
}  // namespace pinstripe
