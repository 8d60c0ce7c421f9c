// Live sessions over markets that are played: whatever came when, the journals say it again; a
// killed stage goes on; a reader that is too slow is told; a signal that is too old is refused.
#include <signal.h>
#include <unistd.h>

#include <map>

#include "tests/support/captures.h"
#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class LiveSession : public CliTest {
 protected:
  /// A market that trades often, twenty times as fast as it was; `more`: a comma behind each key.
  /// An order for every signal, so that nothing has to warm up.
  std::string live_config(const std::string& more = "", int seconds = 60) {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"mode": "live", "speed": 20, "for_ns": )" + std::to_string(seconds) +
                      R"(000000000, )" + more + R"(
      "market": {"seed": 5, "rate_per_s": 150},
      "models": {"decision_interval_ns": 20000000, "threshold": 0.01, "min_voters": 1,
                 "members": [{"file": "model.json"}]},
      "risk": {"policy": "every_signal"},
      "checkpoint": {"every": 1000},
      "supervision": {"backoff_first_ms": 0, "lift_kill_limit": true,
                      "heartbeat_limit_ms": 120000, "stopped_limit_ms": 120000}})",
                  "live");
  }
  StartedCommand start_live(const std::string& file) {
    const auto up = start({bin_ + "/pinstripe", "up", file, "--json", "--session", "live"});
    EXPECT_TRUE(wait_until_running("live"));
    return up;
  }
  /// The replay of its journals gives the digests of the account.
  nlohmann::json expect_replayed(const CommandResult& up) {
    EXPECT_EQ(up.exit, 0) << up.err;
    if (up.exit != 0) return {};
    const auto account = up.json();
    EXPECT_EQ(account.at("mode"), "live");
    EXPECT_EQ(account.at("lost"), 0);
    const CommandResult replay = run({"replay", account.at("session"), "--json"});
    EXPECT_EQ(replay.exit, 0) << replay.err;
    if (replay.exit != 0) return account;
    for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
      EXPECT_EQ(replay.json().at(key), account.at(key)) << key;
    }
    return account;
  }
  nlohmann::json status(const std::string& stage) {
    const auto shown = run({"status", "live", "--json"});
    if (shown.exit != 0) return {};
    const auto told = shown.json();
    for (const auto& s : told.at("stages")) {
      if (s.at("name") == stage) return s;
    }
    return {};
  }
  pid_t pid_of(const std::string& stage) { return status(stage).value("pid", 0); }
  /// kill -9, and another process runs in its place.
  void strike(const std::string& stage, const StartedCommand& up) {
    const pid_t victim = pid_of(stage);
    ASSERT_GT(victim, 0) << stage;
    kill(victim, SIGKILL);
    for (int i = 0; i < 6'000; ++i) {
      ASSERT_FALSE(has_ended(up)) << "the session ended when " << stage << " was killed";
      const auto s = status(stage);
      if (!s.is_null() && s.at("pid") != victim && s.at("state") == "running") return;
      usleep(10'000);
    }
    FAIL() << stage << " did not come back";
  }
  /// Stops it for so long, then lets it go on.
  void pause(const std::string& stage, int milliseconds) {
    const pid_t pid = pid_of(stage);
    ASSERT_GT(pid, 0) << stage;
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    usleep(static_cast<useconds_t>(milliseconds) * 1'000);
    ASSERT_EQ(kill(pid, SIGCONT), 0);
  }
};

/// A budget for which no machine is too slow.
constexpr const char* kPatient = R"("path_budget_ns": 60000000000,)";

TEST_F(LiveSession, IsJournaledAndItsReplayDecidesTheSame) {
  const auto account = expect_replayed(run({"up", live_config(kPatient), "--json"}));
  ASSERT_FALSE(account.is_null());
  EXPECT_GT(account.at("events"), 5'000);
  EXPECT_GT(account.at("orders"), 0);
  EXPECT_GT(account.at("fills"), 0);
  EXPECT_GT(account.at("tick_to_order_ns").at("count"), 0);
  EXPECT_GE(account.at("simulated_ns"), 2'900'000'000) << "60 s at twenty times real time";
}

TEST_F(LiveSession, SoIsARecordedOnePlayedLive) {
  PINSTRIPE_NEED_DATA(file, capture_name("usdm_btcusdt_20240808"));
  const auto account = expect_replayed(
      run({"up", "tools/configs/recorded.json", "--json", "--set", "mode=live", "--set", "speed=20",
           "--for", "60s", "--data", file}));
  ASSERT_FALSE(account.is_null());
  EXPECT_GT(account.at("events"), 1'000);
  EXPECT_EQ(account.at("bad_lines"), 0);
}

TEST_F(LiveSession, StagesThatAreKilledGoOnAndFeedSaysThatItMissedFrames) {
  const auto up = start_live(live_config(kPatient, 600));
  for (const char* stage : {"features", "models", "risk", "exec", "feed", "exec", "feed"}) {
    strike(stage, up);
    if (HasFatalFailure()) break;
  }
  kill(up.pid, SIGINT);
  const auto account = expect_replayed(wait(up));
  ASSERT_FALSE(account.is_null());
  EXPECT_GE(account.at("gaps"), 2) << "each new feed begins with a gap";
  EXPECT_GT(account.at("orders"), 0);
}

TEST_F(LiveSession, AReaderThatIsTooSlowIsLeftOutAndHoldsUpNobody) {
  const auto up = start_live(live_config(
      std::string(kPatient) + R"("rings": {"feed.features": {"capacity": 512}},)", 600));
  const auto before = status("exec").at("turns").get<std::int64_t>();
  pause("features", 1'500);
  EXPECT_GT(status("exec").at("turns").get<std::int64_t>(), before + 1'000);
  usleep(500'000);
  kill(up.pid, SIGINT);
  const auto account = expect_replayed(wait(up));
  ASSERT_FALSE(account.is_null());
  EXPECT_GT(account.at("dropped_by_policy"), 1'000);
}

TEST_F(LiveSession, ASignalPastItsBudgetIsRefused) {
  const auto up = start_live(live_config(R"("path_budget_ns": 1000000000,)", 600));
  usleep(500'000);
  pause("models", 3'000);
  usleep(500'000);
  kill(up.pid, SIGINT);
  const auto account = expect_replayed(wait(up));
  ASSERT_FALSE(account.is_null());
  EXPECT_GT(account.at("denials").value("stale", 0), 0) << account.at("denials");
}

TEST_F(LiveSession, AStageLostForGoodHasAllOrdersCancelledAndTheSessionIsResumed) {
  const std::string text = live_config(kPatient, 600);
  const auto up = start({bin_ + "/pinstripe", "up", text, "--json", "--session", "live", "--set",
                         "supervision.restarts_max=0", "--set",
                         "supervision.lift_kill_limit=false"});
  ASSERT_TRUE(wait_until_running("live"));
  usleep(500'000);
  ASSERT_EQ(kill(pid_of("models"), SIGKILL), 0);
  const CommandResult lost = wait(up);
  EXPECT_EQ(lost.exit, 1);
  EXPECT_TRUE(lost.json().at("resumable").get<bool>());
  EXPECT_NE(lost.err.find("all orders are cancelled first"), std::string::npos) << lost.err;
  EXPECT_NE(lost.err.find("no order works any more"), std::string::npos) << lost.err;
  EXPECT_EQ(status("risk").at("state"), "suspended");
  EXPECT_EQ(status("risk").at("counters").at("controls"), 1);
  EXPECT_EQ(status("risk").at("counters").at("working_orders"), 0);
  EXPECT_EQ(status("exec").at("counters").at("resting_now"), 0);
  // It goes on where it left off: the new feed has missed what came meanwhile, and says so.
  const auto resumed = start({bin_ + "/pinstripe", "up", "--resume", "live", "--json"});
  ASSERT_TRUE(wait_until_running("live"));
  usleep(1'000'000);
  kill(resumed.pid, SIGINT);
  const auto account = expect_replayed(wait(resumed));
  ASSERT_FALSE(account.is_null());
  EXPECT_GE(account.at("gaps"), 1);
  EXPECT_GT(account.at("orders"), lost.json().at("orders"));
}

TEST_F(LiveSession, WithRiskItselfGoneTheOrdersAreSaidToRemain) {
  const auto up = start({bin_ + "/pinstripe", "up", live_config(kPatient, 600), "--json",
                         "--session", "live", "--set", "supervision.restarts_max=0", "--set",
                         "supervision.lift_kill_limit=false"});
  ASSERT_TRUE(wait_until_running("live"));
  ASSERT_EQ(kill(pid_of("risk"), SIGKILL), 0);
  const CommandResult lost = wait(up);
  EXPECT_EQ(lost.exit, 1);
  EXPECT_NE(lost.err.find("orders that work are not cancelled: risk or exec is gone"),
            std::string::npos) << lost.err;
}

TEST_F(LiveSession, InOneThreadItIsRefused) {
  const CommandResult sut = run({"up", live_config(), "--in-process", "--json"});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("mode=recorded"), std::string::npos) << sut.err;
}

TEST_F(LiveSession, ItsConfigServesARecordedSessionToo) {
  const std::string file = live_config();
  const CommandResult recorded =
      run({"up", file, "--set", "mode=recorded", "--speed", "max", "--json"});
  ASSERT_EQ(recorded.exit, 0) << recorded.err;
  EXPECT_EQ(recorded.json().at("mode"), "recorded");
}

}  // namespace
}  // namespace pinstripe
