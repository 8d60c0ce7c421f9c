// Sessions that keep journals: the same decisions, everything on disk, whoever dies meanwhile.
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "shm/ring/end_lock.h"
#include "shm/ring/session_dir.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class JournalSessionTest : public CliTest {
 protected:
  std::string journaled(const std::string& more = "", const std::string& journal = "") {
    return trading_config(R"("journal": {"mode": "on")" + journal + "}," + more);
  }
  /// `journal verify` of what the account names.
  CommandResult verified(const nlohmann::json& account) {
    return run({"journal", "verify", account.at("journal"), "--json"});
  }
  void kill_a_feed();
  static std::uint64_t records(const nlohmann::json& account) {
    std::uint64_t sum = 0;
    for (const auto& hop : account.at("hops")) {
      sum += hop.at("journal_records").get<std::uint64_t>();
    }
    return sum;
  }
  /// The process that carries the session's journals.
  pid_t carrier() const {
    const auto holder =
        EndLock::holder((root_ / "pinstripe-session/journal.carrier.lock").string());
    return holder ? holder->pid : 0;
  }
};

TEST_F(JournalSessionTest, OnOrOffInManyProcessesOrOneTheDecisionsAreTheSame) {
  const auto off = run({"up", trading_config(R"("journal": {"mode": "off"},)"), "--json",
                        "--in-process"});
  ASSERT_EQ(off.exit, 0) << off.err;
  EXPECT_TRUE(off.json().at("journal").is_null());
  const std::string small = R"(, "segments": 2, "segment_bytes": 65536)";
  for (const std::string& journal : {std::string(), small}) {
    for (const bool in_process : {true, false}) {
      std::vector<std::string> command{"up", journaled("", journal), "--json"};
      if (in_process) command.push_back("--in-process");
      const auto sut = run(command);
      ASSERT_EQ(sut.exit, 0) << sut.err;
      const auto account = sut.json();
      for (const char* key : {"orders_digest", "signals_digest", "state_hash", "fills"}) {
        EXPECT_EQ(account.at(key), off.json().at(key)) << key;
      }
      EXPECT_GT(records(account), 10'000U);
      const auto checked = verified(account);
      EXPECT_EQ(checked.exit, 0) << checked.err << checked.out;
    }
  }
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(JournalSessionTest, TheHotLoopFaultsNoPage) {
  const auto sut = run({"up", journaled(), "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto account = sut.json();
  for (const auto& hop : account.at("hops")) {
    EXPECT_EQ(hop.at("hot_path_faults"), 0) << hop.at("stage");
    EXPECT_EQ(hop.at("allocations_after_seal"), 0) << hop.at("stage");
  }
}

TEST_F(JournalSessionTest, AKilledCarrierIsStartedAgainAndNothingIsMissing) {
  const auto up = start({bin_ + "/pinstripe", "up", journaled(R"("speed": 10,)"), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const pid_t first = carrier();
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  const CommandResult sut = wait(up);
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_NE(sut.err.find("the carrier of the journals (pid " + std::to_string(first) +
                         ") died: killed by signal 9 (Killed); it is started again"),
            std::string::npos)
      << sut.err;
  const auto checked = verified(sut.json());
  EXPECT_EQ(checked.exit, 0) << checked.err << checked.out;
}

TEST_F(JournalSessionTest, WhatADeadSupervisorsStagesStillWriteIsCarried) {
  const auto up = start({bin_ + "/pinstripe", "up", journaled(R"("speed": 1,)"), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto status = run({"status", "session", "--json"}).json();
  ASSERT_EQ(status.at("journal").at("state"), "ok");
  kill(up.pid, SIGKILL);
  (void)wait(up);
  for (int i = 0; i < 500 && carrier() != 0; ++i) usleep(20'000);
  EXPECT_EQ(carrier(), 0) << "it ends when nobody writes any more";
  const auto checked =
      run({"journal", "verify", status.at("journal").at("directory"), "--json"});
  EXPECT_EQ(checked.exit, 0) << checked.err << checked.out;
}

TEST_F(JournalSessionTest, StatusTellsOfTheJournal) {
  const auto up = start({bin_ + "/pinstripe", "up", journaled(R"("speed": 1,)"), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto journal = run({"status", "session", "--json"}).json().at("journal");
  EXPECT_GT(journal.at("records"), 0);
  EXPECT_EQ(journal.at("state"), "ok");
  EXPECT_EQ(journal.at("halted"), false);
  EXPECT_TRUE(journal.at("problem").is_null());
  EXPECT_NE(run({"status", "session"}).out.find(journal.at("directory").get<std::string>()),
            std::string::npos);
  kill(up.pid, SIGINT);
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("journal"), journal.at("directory"));
}

TEST_F(JournalSessionTest, AHelperOfADeadSupervisorDrivesNothing) {
  ASSERT_EQ(run({"up", journaled(), "--prepare"}).exit, 0);
  const auto lock = EndLock::acquire((root_ / "pinstripe-session/checkpoint.lock").string(), "it");
  ASSERT_TRUE(lock) << lock.error().message;
  const auto by_hand = run({"status", "session"});
  EXPECT_NE(by_hand.out.find("live, without a supervisor"), std::string::npos) << by_hand.out;
  // What a supervisor leaves that was killed while it ran.
  const auto dir = SessionDir::open("session");
  ASSERT_TRUE(dir && dir->set_state(SessionState::kRunning) && dir->mark_resumable());
  const auto sut = run({"status", "session"});
  EXPECT_EQ(sut.out.find("driven by"), std::string::npos) << sut.out;
  EXPECT_NE(sut.out.find("its supervisor has died"), std::string::npos) << sut.out;
  EXPECT_NE(sut.out.find("pinstripe up --resume session"), std::string::npos) << sut.out;
  const auto json = run({"status", "session", "--json"}).json();
  EXPECT_EQ(json.at("state"), "live");
  EXPECT_TRUE(json.at("holder").is_null());
}

TEST_F(JournalSessionTest, AFolderThatCannotBeMadeIsRefusedByName) {
  const std::string file = (folder_ / "taken").string();
  std::ofstream(file) << "no folder";
  const auto sut = run({"up", journaled("", R"(, "dir": "taken")")});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find(file), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

/// Starts the feed of the prepared session alone, kills it once it has published something.
void JournalSessionTest::kill_a_feed() {
  const auto feed = start({bin_ + "/pinstripe-feed", "--session", "session"});
  const auto published = [&] {
    const auto status = run({"status", "session", "--json"}).json();
    return status.at("stages").at(0).at("turns").get<std::int64_t>() > 0;
  };
  for (int i = 0; i < 1'000 && !published(); ++i) usleep(10'000);
  kill(feed.pid, SIGKILL);
  (void)wait(feed);
}

TEST_F(JournalSessionTest, AStageThatWorkedBeforeIsNotStartedWithoutItsMemory) {
  ASSERT_EQ(run({"up", trading_config(), "--prepare"}).exit, 0);
  kill_a_feed();
  const CommandResult sut = wait(start({bin_ + "/pinstripe-feed", "--session", "session"}));
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("without a journal it would go on without its memory"),
            std::string::npos)
      << sut.err;
}

TEST_F(JournalSessionTest, WithAJournalItRejoinsByHandToo) {
  const std::string file = journaled();
  const auto calm = run({"up", file, "--json", "--in-process"});
  ASSERT_EQ(calm.exit, 0) << calm.err;
  ASSERT_EQ(run({"up", file, "--prepare"}).exit, 0);
  kill_a_feed();
  const auto launched = run_program({"tools/launch.sh", file, "--bin", bin_});
  ASSERT_EQ(launched.exit, 0) << launched.err;
  const auto sut = run({"down", "session", "--json"}).json().at("account");
  EXPECT_EQ(sut.at("orders_digest"), calm.json().at("orders_digest"));
  EXPECT_EQ(sut.at("state_hash"), calm.json().at("state_hash"));
  EXPECT_EQ(sut.at("lost"), 0);
  EXPECT_EQ(sut.at("hops").at(0).at("recoveries"), 1);
}

TEST_F(JournalSessionTest, LaunchedByHandTheJournalsAreCarriedToo) {
  const std::string file = journaled();
  ASSERT_EQ(run({"up", file, "--prepare"}).exit, 0);
  const auto launched = run_program({"tools/launch.sh", file, "--bin", bin_});
  ASSERT_EQ(launched.exit, 0) << launched.err;
  const auto down = run({"down", "session", "--json"});
  ASSERT_EQ(down.exit, 0) << down.err;
  const auto account = down.json().at("account");
  const auto checked = verified(account);
  EXPECT_EQ(checked.exit, 0) << checked.err << checked.out;
  EXPECT_TRUE(leftovers().empty());
}

}  // namespace
}  // namespace pinstripe
