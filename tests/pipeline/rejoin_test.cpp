// What becomes of a session that cannot go on by itself: its supervisor killed, a stage that dies
// of one record again and again, a stage that nobody lets live. It leaves off, and is resumed.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "shm/run/journal_scan.h"
#include "tests/pipeline/kill_support.h"
#include "tests/pipeline/pipeline_support.h"

namespace pinstripe {
namespace {

class RejoinTest : public KillSessions {
 protected:
  /// Of the session "session", by stage.
  std::map<std::string, pid_t> stage_pids() {
    std::map<std::string, pid_t> pids;
    const auto status = run({"status", "session", "--json"}).json();
    for (const auto& stage : status.at("stages")) pids[stage.at("name")] = stage.at("pid");
    return pids;
  }
  static bool all_gone(const std::map<std::string, pid_t>& pids) {
    for (int i = 0; i < 6'000; ++i) {
      if (std::ranges::none_of(pids, [](const auto& p) { return kill(p.second, 0) == 0; })) {
        return true;
      }
      usleep(10'000);
    }
    return false;
  }
  /// Runs the config in real time times 20, and kills its supervisor in the midst.
  void lose_supervisor(const std::string& config) {
    const auto up = start({bin_ + "/pinstripe", "up", config, "--json", "--speed", "20",
                           "--session", "session"});
    ASSERT_TRUE(wait_until_running("session"));
    usleep(300'000);
    const auto pids = stage_pids();
    kill(up.pid, SIGKILL);
    EXPECT_EQ(wait(up).exit, 128 + SIGKILL);
    ASSERT_TRUE(all_gone(pids)) << "a stage outlived its supervisor";
  }
  /// A session in which nothing comes for a long while: what dies there dies at one record.
  StartedCommand start_quiet(const std::string& more) {
    write_imbalance_model((folder_ / "model.json").string());
    const auto up = start({bin_ + "/pinstripe", "up", "--json", config("{" + more + R"(
        "speed": 0.001, "for_ns": 600000000000, "market": {"rate_per_s": 5},
        "models": {"members": [{"file": "model.json"}]}, "journal": {"mode": "on"}})")});
    EXPECT_TRUE(wait_until_running("session"));
    for (int same = 0, looks = 0; same < 10 && looks < 600; ++looks) {
      const std::int64_t before = turns();
      usleep(50'000);
      same = turns() == before ? same + 1 : 0;
    }
    return up;
  }
  /// Of all stages together.
  std::int64_t turns() {
    std::int64_t sum = 0;
    const auto status = run({"status", "session", "--json"}).json();
    for (const auto& stage : status.at("stages")) sum += stage.at("turns").get<std::int64_t>();
    return sum;
  }
  /// Sends `number` to the stage, waits for another process in its place; false where none comes.
  bool strike(const std::string& stage, int number, const StartedCommand& up) {
    const pid_t victim = stage_pids().at(stage);
    kill(victim, number);
    for (int i = 0; i < 6'000 && !has_ended(up); ++i) {
      const auto status = run({"status", "session", "--json"});
      if (status.exit != 0) continue;
      const auto stages = status.json();
      for (const auto& s : stages.at("stages")) {
        if (s.at("name") == stage && s.at("pid") != victim && s.at("state") == "running") {
          return true;
        }
      }
    }
    return false;
  }
};

TEST_F(RejoinTest, ASessionWhoseSupervisorIsKilledIsResumedAndDecidesTheSame) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  lose_supervisor(config);
  const CommandResult beside = run({"up", config, "--session", "session", "--json"});
  EXPECT_EQ(beside.exit, 2);
  EXPECT_NE(beside.err.find("--resume session"), std::string::npos) << beside.err;
  EXPECT_NE(beside.err.find("--discard"), std::string::npos) << beside.err;
  const CommandResult sut = run({"up", "--resume", "session", "--json"});
  EXPECT_EQ(decisions_of(sut), expected) << sut.err;
  EXPECT_TRUE(leftovers().empty());
  EXPECT_EQ(run({"up", "--resume", "session"}).exit, 2) << "there is nothing left to resume";
}

TEST_F(RejoinTest, DownRemovesNothingThatCanBeResumed) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  lose_supervisor(config);
  const CommandResult down = run({"down", "session", "--json"});
  EXPECT_EQ(down.exit, 1);
  EXPECT_NE(down.err.find("--resume session"), std::string::npos) << down.err;
  EXPECT_NE(down.err.find("--discard"), std::string::npos) << down.err;
  EXPECT_TRUE(down.json().at("resumable").get<bool>());
  EXPECT_GT(down.json().at("account").at("events"), 0);
  EXPECT_EQ(decisions_of(run({"up", "--resume", "session", "--json"})), expected);
}

TEST_F(RejoinTest, AHelperThatSomeoneStoppedIsReplaced) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  const auto up = start({bin_ + "/pinstripe", "up", config, "--session", "session", "--json",
                         "--speed", "10"});
  ASSERT_TRUE(wait_until_running("session"));
  const std::string mine = "--session session$";
  for (const char* helper : {"pinstripe-journal ", "pinstripe-checkpoint "}) {
    ASSERT_EQ(run_program({"pkill", "-STOP", "-P", std::to_string(up.pid), "-f", helper + mine}).exit,
              0) << helper;
  }
  const CommandResult sut = wait(up);
  EXPECT_EQ(decisions_of(sut), expected) << sut.err;
  EXPECT_NE(sut.err.find("carrier of the journals (pid"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("stopped by a signal (SIGSTOP); it is killed"), std::string::npos);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(RejoinTest, ASessionWhoseMakerWasKilledIsMadeAnew) {
  const std::string config = trading_config();
  for (const char* left : {"", "state"}) {
    const std::filesystem::path folder = root_ / "pinstripe-session";
    std::filesystem::create_directory(folder);
    if (*left != '\0') std::ofstream(folder / left) << "half-made\n";
    EXPECT_EQ(run({"status", "session"}).exit, 2);
    const CommandResult sut = run({"up", config, "--session", "session", "--json", "--for", "1s"});
    EXPECT_EQ(sut.exit, 0) << sut.err;
    EXPECT_TRUE(leftovers().empty());
    std::filesystem::create_directory(folder);
    EXPECT_EQ(run({"down", "session"}).exit, 0);
    EXPECT_TRUE(leftovers().empty());
  }
}

TEST_F(RejoinTest, DiscardedItIsGoneAndTheNextOneBeginsAnew) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  lose_supervisor(config);
  const CommandResult sut = run({"up", config, "--session", "session", "--discard", "--json"});
  EXPECT_EQ(decisions_of(sut), expected) << sut.err;
  EXPECT_NE(sut.err.find("discarded"), std::string::npos) << sut.err;
}

TEST_F(RejoinTest, AChangedModelIsRefusedByName) {
  const std::string config = busy_config();
  lose_supervisor(config);
  std::string model;
  for (const auto& file : std::filesystem::directory_iterator(root_ / "pinstripe-session/inputs")) {
    if (file.path().string().find("model") != std::string::npos) model = file.path().string();
  }
  ASSERT_FALSE(model.empty());
  std::filesystem::permissions(model, std::filesystem::perms::owner_all);
  std::fstream(model, std::ios::in | std::ios::out | std::ios::ate) << " ";
  const CommandResult sut = run({"up", "--resume", "session", "--json"});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find(std::filesystem::path(model).filename().string()), std::string::npos)
      << sut.err;
  EXPECT_FALSE(leftovers().empty()) << "it stays for who puts the model back";
}

TEST_F(RejoinTest, AnEditedCaptureIsRefusedWhateverItsTimeSays) {
  PINSTRIPE_NEED_DATA(spot, "binance_l2_raw/spot_btcusdt_20230405.txt.gz");
  std::vector<std::string> lines = lines_of(spot);
  const std::string capture = (folder_ / "capture.txt").string();
  write_lines(capture, lines);
  const auto time = std::filesystem::last_write_time(capture);
  const auto up = start({bin_ + "/pinstripe", "up", kRecordedConfig, "--data", capture, "--speed",
                         "1", "--session", "session", "--set", "journal.mode=on"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto pids = stage_pids();
  kill(up.pid, SIGKILL);
  (void)wait(up);
  ASSERT_TRUE(all_gone(pids));
  std::string& late = lines[lines.size() - 100];
  const std::size_t digit = late.rfind("00\"");
  ASSERT_NE(digit, std::string::npos) << late;
  late[digit] = '1';
  write_lines(capture, lines);
  std::filesystem::last_write_time(capture, time);
  const CommandResult sut = run({"up", "--resume", "session", "--json"});
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find(capture), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("was changed"), std::string::npos) << sut.err;
  EXPECT_FALSE(leftovers().empty()) << "it stays for who puts the capture back";
}

TEST_F(RejoinTest, AChangedInputOrConfigOfTheJournalIsRefusedByName) {
  lose_supervisor(busy_config());
  const auto journal = run({"journal", "info", "session", "--json"}).json();
  const std::filesystem::path folder = journal.at("journal").get<std::string>();
  std::vector<std::filesystem::path> files{folder / "config.json"};
  for (const auto& entry : std::filesystem::directory_iterator(folder / "inputs")) {
    files.push_back(entry.path());
  }
  ASSERT_GT(files.size(), 1U);
  for (const auto& file : files) {
    std::filesystem::copy_file(file, folder_ / "kept");
    std::fstream bytes(file, std::ios::in | std::ios::out);
    std::string text((std::istreambuf_iterator<char>(bytes)), {});
    const auto digit = text.find_last_of("12345678");
    ASSERT_NE(digit, std::string::npos) << file;
    bytes.clear();
    bytes.seekp(static_cast<std::streamoff>(digit));
    bytes.put('9');
    bytes.close();
    const CommandResult sut = run({"up", "--resume", "session", "--json"});
    EXPECT_EQ(sut.exit, 1) << file;
    EXPECT_NE(sut.err.find("'" + file.string() + "'"), std::string::npos) << sut.err;
    EXPECT_NE(sut.err.find("was changed"), std::string::npos) << sut.err;
    std::filesystem::remove(file);
    std::filesystem::rename(folder_ / "kept", file);
  }
  EXPECT_EQ(run({"up", "--resume", "session", "--json"}).exit, 0) << "all is put back";
}

TEST_F(RejoinTest, AnEditedByteOfAJournalInSharedMemoryIsRefusedByName) {
  lose_supervisor(busy_config());
  const std::string path = (root_ / "pinstripe-session/risk.journal").string();
  std::vector<std::pair<std::string, off_t>> places{{"the identity", 100}};
  {
    const auto memory = Segment::open(path, true);
    ASSERT_TRUE(memory) << memory.error().message;
    const auto view = attach_journal(memory->bytes(), nullptr);
    ASSERT_TRUE(view) << view.error().message;
    const auto offset = [&](const std::byte* at) { return static_cast<off_t>(at - view->base); };
    // The one before the newest: it is full, and still kept in memory.
    const std::uint64_t segment = std::max<std::uint64_t>(view->header()->segment, 1) - 1;
    const auto start = journal_segment_start(*view, segment);
    ASSERT_TRUE(start);
    JournalWalk walk(*view, *start);
    JournalEntry e;
    for (int i = 0; i < 3; ++i) ASSERT_EQ(walk.next(e), JournalLook::kRecord);
    const off_t record = offset(view->segment(segment)) +
                         static_cast<off_t>(e.position % view->segment_bytes);
    places.insert(places.end(), {{"a segment's number", offset(view->segment(segment)) + 16},
                                 {"the word of a record", record},
                                 {"its time", record + 8},
                                 {"its size", record + 16}});
    if (!e.payload.empty()) places.emplace_back("its payload", record + kJournalRecordBytes);
  }
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  const auto flip = [&](off_t at) {
    std::uint8_t byte = 0;
    ASSERT_EQ(pread(file, &byte, 1, at), 1);
    byte ^= 0x10;
    ASSERT_EQ(pwrite(file, &byte, 1, at), 1);
  };
  for (const auto& [what, at] : places) {
    flip(at);
    const CommandResult sut = run({"up", "--resume", "session", "--json"});
    EXPECT_EQ(sut.exit, 1) << what;
    EXPECT_NE(sut.err.find("cannot be resumed: journal of risk: "), std::string::npos)
        << what << ": " << sut.err;
    flip(at);
  }
  close(file);
  EXPECT_EQ(run({"up", "--resume", "session", "--json"}).exit, 0) << "every byte is back";
}

TEST_F(RejoinTest, AStageThatFailsTwiceAtOneRecordIsNotStartedAThirdTime) {
  const auto up = start_quiet("");
  ASSERT_TRUE(strike("features", SIGABRT, up)) << "the first failure is forgiven";
  ASSERT_FALSE(strike("features", SIGABRT, up));
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("journal record"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("died of that record before"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("--resume session"), std::string::npos) << sut.err;
  const auto left = run({"status", "session", "--json"}).json();
  for (const auto& stage : left.at("stages")) {
    EXPECT_EQ(stage.at("state"), stage.at("name") == "features" ? "dead" : "suspended") << stage;
  }
  // Nothing was wrong with that record: resumed, the session goes on, until it is stopped.
  const auto resumed = start({bin_ + "/pinstripe", "up", "--resume", "session", "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  kill(resumed.pid, SIGINT);
  const CommandResult end = wait(resumed);
  EXPECT_EQ(end.exit, 0) << end.err;
  EXPECT_EQ(end.json().at("lost"), 0);
}

TEST_F(RejoinTest, AStageThatIsKilledAgainAndAgainIsGivenUp) {
  const auto up = start_quiet(R"("supervision": {"restarts_max": 2},)");
  ASSERT_TRUE(strike("risk", SIGKILL, up));
  ASSERT_TRUE(strike("risk", SIGKILL, up));
  ASSERT_FALSE(strike("risk", SIGKILL, up));
  const CommandResult sut = wait(up);
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("without getting any further"), std::string::npos) << sut.err;
  EXPECT_EQ(run({"doctor", "--fix", "--json"}).exit, 0);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(RejoinTest, AKilledCarrierAndAKilledCheckpointHelperCostNothing) {
  const std::string config = busy_config();
  const Decisions expected = undisturbed(config);
  const auto up = start({bin_ + "/pinstripe", "up", config, "--json", "--session", "session",
                         "--speed", "20"});
  ASSERT_TRUE(wait_until_running("session"));
  for (const char* helper : {"pinstripe-journal", "pinstripe-checkpoint"}) {
    const auto killed = run_program({"pkill", "-KILL", "-P", std::to_string(up.pid), "-f", helper});
    EXPECT_EQ(killed.exit, 0) << "no " << helper << " is there";
  }
  const CommandResult sut = wait(up);
  EXPECT_EQ(decisions_of(sut), expected) << sut.err;
  EXPECT_NE(sut.err.find("the carrier of the journals"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("the checkpoint helper"), std::string::npos) << sut.err;
  EXPECT_EQ(run({"journal", "verify", "session"}).exit, 0);
}

}  // namespace
}  // namespace pinstripe
