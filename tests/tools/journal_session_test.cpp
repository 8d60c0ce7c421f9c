// Sessions that keep journals: the same decisions, everything on disk, whoever dies meanwhile.
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "shm/ring/end_lock.h"
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
                         ") died: killed by signal 9 (Killed); started again"),
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

TEST_F(JournalSessionTest, AFolderThatCannotBeMadeIsRefusedByName) {
  const std::string file = (folder_ / "taken").string();
  std::ofstream(file) << "no folder";
  const auto sut = run({"up", journaled("", R"(, "dir": "taken")")});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find(file), std::string::npos) << sut.err;
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(JournalSessionTest, AStageThatHasTakenSomethingIsNotStartedWithoutItsMemory) {
  ASSERT_EQ(run({"up", journaled(), "--prepare"}).exit, 0);
  const auto stage = [&] {
    return start({bin_ + "/pinstripe-feed", "--session", "session"});
  };
  const auto first = stage();
  for (int i = 0; i < 500; ++i) {
    const auto status = run({"status", "session", "--json"}).json();
    if (status.at("journal").at("records") > 0) break;
    usleep(10'000);
  }
  kill(first.pid, SIGKILL);
  (void)wait(first);
  const CommandResult sut = wait(stage());
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("records already"), std::string::npos) << sut.err;
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
