// kill -9 and SIGSTOP of the stages of real sessions, at drawn journal records, while they start,
// rejoin and drain: the session decides what the undisturbed one decides, and loses nothing.
#include <cstdio>
#include <cstdlib>

#include "tests/pipeline/kill_support.h"

namespace pinstripe {
namespace {

class KillTest : public KillSessions {
 protected:
  static KillPlan plan(std::uint64_t seed) {
    KillPlan p;
    p.seed = seed;
    p.kills = 10;
    return p;
  }
};

TEST_F(KillTest, TwoHundredKillsAtFullSpeedChangeNoDecision) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  ASSERT_GT(expected.fills, 10);
  for (std::uint64_t seed = 1; report_.total() < 200 && !HasFailure(); ++seed) {
    ASSERT_LT(seed, 60u) << "sessions end before their kills";
    EXPECT_EQ(killed(config, plan(seed)), expected) << "seed " << seed;
  }
  std::printf("%d sessions, %s\n", sessions(), report_.text().c_str());
  for (const auto& [stage, kills] : report_.kills) EXPECT_GT(kills, 20u) << stage;
  EXPECT_GE(report_.held_both * 2, report_.total())
      << "a position was open at " << report_.held_position << ", an order worked at "
      << report_.held_order;
  EXPECT_GT(report_.stopped, 0u);
  EXPECT_GT(report_.again, 0u);
}

TEST_F(KillTest, SoDoKillsAtTwentyTimesRealTime) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  for (std::uint64_t seed = 1001; report_.total() < 40 && !HasFailure(); ++seed) {
    ASSERT_LT(seed, 1020u) << "sessions end before their kills";
    EXPECT_EQ(killed(config, plan(seed), {"--speed", "20"}), expected) << "seed " << seed;
  }
}

/// The long mode: PINSTRIPE_KILLS=1000 kills each stage so often; PINSTRIPE_SEED begins elsewhere,
/// PINSTRIPE_SPEED runs the sessions at that speed.
TEST_F(KillTest, SoDoAsManyAsAreAskedFor) {
  const auto asked = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
  };
  const std::uint64_t wanted = asked("PINSTRIPE_KILLS", 0);
  if (wanted == 0) GTEST_SKIP() << "PINSTRIPE_KILLS is not set: no long run";
  std::vector<std::string> more;
  if (const char* speed = std::getenv("PINSTRIPE_SPEED")) more = {"--speed", speed};
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  KillPlan next = plan(asked("PINSTRIPE_SEED", 10'000));
  for (;; ++next.seed) {
    next.stages.clear();
    for (const auto& [stage, records] : records_) {
      if (report_.kills[stage] < wanted) next.stages.push_back(stage);
    }
    if (next.stages.empty()) break;
    ASSERT_EQ(killed(config, next, more), expected) << "seed " << next.seed;
    if (next.seed % 20 == 0) std::printf("seed %lu: %s\n", next.seed, report_.text().c_str());
  }
  std::printf("%s\n", report_.text().c_str());
}

}  // namespace
}  // namespace pinstripe
