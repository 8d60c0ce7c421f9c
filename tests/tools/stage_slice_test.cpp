// Stages get slices of their own from the kernel's scheduler; who only helps keeps the usual ones.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

/// The slice that the scheduler gives the process, ns; 0: this kernel does not say.
std::uint64_t slice_ns(pid_t pid) {
  std::array<unsigned char, 48> attributes{};
  if (::syscall(SYS_sched_getattr, pid, attributes.data(), attributes.size(), 0) != 0) return 0;
  std::uint64_t runtime = 0;
  std::memcpy(&runtime, attributes.data() + 24, sizeof(runtime));
  return runtime;
}

class StageSliceTest : public CliTest {};

TEST_F(StageSliceTest, StagesHaveShortOnesAndTheSupervisorDoesNot) {
  const std::uint64_t usual = slice_ns(::getpid());
  if (usual == 0) GTEST_SKIP() << "this kernel knows no slices of a process's own (Linux 6.12)";
  const auto up = start({bin_ + "/pinstripe", "up", paced_config(), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto status = run({"status", "session", "--json"}).json();
  ASSERT_EQ(status.at("stages").size(), 5u);
  for (const auto& stage : status.at("stages")) {
    EXPECT_EQ(slice_ns(stage.at("pid").get<pid_t>()), 100'000u) << stage.at("name");
  }
  EXPECT_EQ(slice_ns(up.pid), usual);
  ::kill(up.pid, SIGINT);
  EXPECT_EQ(wait(up).exit, 0);
}

}  // namespace
}  // namespace pinstripe
