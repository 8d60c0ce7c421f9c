// The checkpoint helper over real sessions: what it saves is what a straight replay has there, and
// counts only when the rings show it.
#include <signal.h>
#include <sys/resource.h>

#include "shm/ring/end_lock.h"
#include "shm/ring/ring_word.h"
#include "tests/tools/replay/replay_support.h"
#include "tools/journal/checkpoint_file.h"
#include "tools/journal/journal_dir.h"
#include "tools/replay/checkpointer.h"
#include "tools/session/journal_marks.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

class CheckpointerTest : public ReplayTest {
 protected:
  static constexpr const char* kOften = R"("checkpoint": {"every": 3000, "lag_max": 40000},)";

  /// A session that has ended and left its rings and journals in shared memory.
  nlohmann::json kept_session() {
    const std::string more = std::string(R"("journal": {"mode": "on"},)") + kOften;
    const auto up = run({"up", trading_config(more), "--json", "--keep", "--in-process"});
    EXPECT_EQ(up.exit, 0) << up.err;
    return up.json();
  }
  std::string session() const { return (root_ / "pinstripe-session").string(); }
  static Checkpointer opened(const std::string& directory) {
    auto helper = Checkpointer::open(directory);
    EXPECT_TRUE(helper) << helper.error().message;
    return std::move(*helper);
  }
  static void work_to_end(Checkpointer& helper) {
    for (auto worked = helper.round();; worked = helper.round()) {
      ASSERT_TRUE(worked) << worked.error().message;
      if (!*worked) return;
    }
  }
  /// The count that the helper has told the stage.
  std::uint64_t told(const std::string& stage) const {
    auto memory = Segment::open(session() + "/" + journal_memory_name(stage), true);
    EXPECT_TRUE(memory);
    const auto* h = reinterpret_cast<const JournalHeader*>(memory->bytes().data());
    return ring_word::load_acquire(&h->checkpoint_records);
  }
};

TEST_F(CheckpointerTest, ItsStatesAreThoseOfAStraightReplay) {
  const auto account = kept_session();
  const std::string journal = account.at("journal");
  Checkpointer helper = opened(session());
  work_to_end(helper);
  for (const auto& stage : helper.stages()) {
    EXPECT_TRUE(stage->ended()) << stage->stage();
    EXPECT_FALSE(stage->waits()) << stage->stage();
    const auto files = list_checkpoints(journal + "/" + stage->stage());
    ASSERT_FALSE(files.empty()) << stage->stage();
    EXPECT_LE(files.size(), 2U) << stage->stage();
    EXPECT_EQ(files.back().record, stage->saved());
    if (stage->stage() == "feed") {
      EXPECT_GE(told("feed"), 3'000U) << "frames, of which its journal names few";
      EXPECT_LT(files.back().record, 3'000U);
    } else {
      EXPECT_EQ(told(stage->stage()), files.back().record);
    }
  }
  const auto sut = replay(journal);
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  for (const auto& stage : sut.json().at("stages")) EXPECT_GE(stage.at("checkpoints"), 1) << stage;
  EXPECT_EQ(sut.json().at("stages").at(1).at("checkpoints"), 2);
  const auto checked = run({"journal", "verify", journal, "--json"});
  EXPECT_EQ(checked.exit, 0) << checked.err;
  EXPECT_EQ(checked.json().at("stages").at(2).at("checkpoints").size(), 2U);
}

TEST_F(CheckpointerTest, AReplicaThatLoadsOneEndsWhereAStraightOneDoes) {
  const auto account = kept_session();
  {
    Checkpointer helper = opened(session());
    work_to_end(helper);
  }
  // Taken up again from the newest checkpoints: every digest behind them and the end must hold.
  Checkpointer again = opened(session());
  for (const auto& stage : again.stages()) {
    EXPECT_GT(stage->saved(), 0U) << stage->stage();
    EXPECT_TRUE(stage->notes().empty());
  }
  work_to_end(again);
  for (const auto& stage : again.stages()) EXPECT_TRUE(stage->ended()) << stage->stage();
}

TEST_F(CheckpointerTest, ACandidateWaitsUntilTheRingsShowItsOutputs) {
  kept_session();
  const auto plan = load_resolved(session());
  ASSERT_TRUE(plan);
  const StageSpec& stage = *plan->stage("models");
  const RingSpec* ring = nullptr;
  for (const RingSpec& r : plan->topology.rings) {
    if (r.producer == "models") ring = &r;
  }
  PrivateRing held(shape_of(*ring));  // a ring on which nothing is published yet
  alignas(64) static JournalHeader line{};
  auto helper = StageCheckpointer::open(*plan, stage, {held.view()}, &line);
  ASSERT_TRUE(helper) << helper.error().message;
  for (int i = 0; i < 1'000 && !(*helper)->ended(); ++i) ASSERT_TRUE((*helper)->round());
  EXPECT_TRUE((*helper)->ended());
  EXPECT_TRUE((*helper)->waits());
  EXPECT_EQ((*helper)->saved(), 0U);
  EXPECT_EQ(line.checkpoint_records, 0U);
  EXPECT_TRUE(list_checkpoints(plan->journal.directory + "/models").empty());
  auto real = Segment::open(session() + "/" + ring->name + ".ring", true);
  ASSERT_TRUE(real);
  std::memcpy(held.memory().data(), real->bytes().data(), held.memory().size());
  ASSERT_TRUE((*helper)->round());
  EXPECT_FALSE((*helper)->waits());
  EXPECT_GT((*helper)->saved(), 0U);
  EXPECT_EQ(line.checkpoint_records, (*helper)->saved());
}

TEST_F(CheckpointerTest, ADiskThatTakesNoCheckpointIsToldAndTriedAgain) {
  kept_session();
  Checkpointer helper = opened(session());
  StageCheckpointer& models = *helper.stages().at(2);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto on_signal = signal(SIGXFSZ, SIG_IGN);
  const rlimit none{100, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  for (int i = 0; i < 1'000 && !models.ended(); ++i) {
    const auto worked = models.round(1'000);
    ASSERT_TRUE(worked) << worked.error().message;
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, on_signal);
  EXPECT_TRUE(models.ended()) << "it replays on meanwhile";
  EXPECT_TRUE(models.waits()) << "the state is kept";
  EXPECT_EQ(models.saved(), 0U);
  const auto status = run({"status", "session", "--json"}).json().at("journal");
  EXPECT_EQ(status.at("checkpoint_problem").get<std::string>().find("models: cannot write"), 0U);
  ASSERT_TRUE(models.round(1'100));
  EXPECT_EQ(models.saved(), 0U) << "not before a while has passed";
  ASSERT_TRUE(models.round(2'000));
  EXPECT_GT(models.saved(), 0U);
  EXPECT_EQ(checkpoint_problem(session(), "models"), "");
}

TEST_F(CheckpointerTest, BehindAHoleThereIsNothingToDoAndNothingWrong) {
  kept_session();
  Checkpointer helper = opened(session());
  StageCheckpointer& models = *helper.stages().at(2);
  ASSERT_TRUE(make_mark(hole_mark(session(), "models")));
  work_to_end(helper);
  EXPECT_GT(told("models"), std::uint64_t{1} << 60) << "it waits for none any more";
  EXPECT_EQ(models.saved(), 0U);
  EXPECT_FALSE(models.ended());
  EXPECT_TRUE(helper.stages().at(3)->ended()) << "the other stages' go on";
  EXPECT_GT(helper.stages().at(3)->saved(), 0U);
}

TEST_F(CheckpointerTest, ADamagedCheckpointIsPassedOverForTheOlderOne) {
  const auto account = kept_session();
  const std::string journal = account.at("journal");
  {
    Checkpointer helper = opened(session());
    work_to_end(helper);
  }
  const auto files = list_checkpoints(journal + "/risk");
  ASSERT_EQ(files.size(), 2U);
  std::fstream bytes(files[1].path, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(1'500);
  bytes.put('\x55');
  bytes.close();
  const Checkpointer again = opened(session());
  const auto& risk = *again.stages().at(3);
  EXPECT_EQ(risk.saved(), files[0].record);
  ASSERT_EQ(risk.notes().size(), 1U);
  EXPECT_NE(risk.notes()[0].find(files[1].path), std::string::npos) << risk.notes()[0];
  const auto checked = run({"journal", "verify", journal});
  EXPECT_EQ(checked.exit, 3);
  EXPECT_NE(checked.err.find(files[1].path), std::string::npos) << checked.err;
  const auto replayed = run({"replay", journal, "--stage", "risk"});
  EXPECT_EQ(replayed.exit, 3);
  EXPECT_NE(replayed.err.find(files[1].path), std::string::npos) << replayed.err;
}

TEST_F(CheckpointerTest, AStageThatDecidesOtherwiseIsAnAlarm) {
  const auto account = kept_session();
  bool changed = false;
  rewrite_journal(account.at("journal").get<std::string>() + "/features",
                  [&](const JournalEntry& e, std::byte* payload) {
                    if (changed || e.kind != JournalKind::kMessage || e.number < 1000) return;
                    payload[48] ^= std::byte{1};  // a price, as if the stage had seen another
                    changed = true;
                  });
  Checkpointer helper = opened(session());
  auto worked = helper.round();
  while (worked && *worked) worked = helper.round();
  ASSERT_FALSE(worked);
  EXPECT_EQ(worked.error().exit, Exit::kCheckFailed);
  EXPECT_NE(worked.error().message.find("ALARM: stage 'features'"), std::string::npos)
      << worked.error().message;
}

TEST_F(CheckpointerTest, ItWorksBesideALiveSessionAloneAndGoesOnWhenKilled) {
  const auto up = start({bin_ + "/pinstripe", "up",
                         trading_config(std::string(R"("journal": {"mode": "on"},)") + kOften),
                         "--for", "600s", "--speed", "40", "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const std::string lock = session() + "/" + kCheckpointLockName;
  const auto plan = load_resolved(session());
  ASSERT_TRUE(plan);
  const std::string features = plan->journal.directory + "/features";
  const auto newest = [&] {
    const auto all = list_checkpoints(features);
    return all.empty() ? 0 : all.back().record;
  };
  const auto wait_past = [&](std::uint64_t record) {
    for (int i = 0; i < 3'000 && newest() <= record && !has_ended(up); ++i) usleep(10'000);
    return newest() > record;
  };
  ASSERT_TRUE(wait_past(3'000));
  const auto holder = EndLock::holder(lock);
  ASSERT_TRUE(holder);
  const auto second = run_program({bin_ + "/pinstripe-checkpoint", "--session", "session"});
  EXPECT_EQ(second.exit, 1);
  EXPECT_NE(second.err.find("held by pid " + std::to_string(holder->pid)), std::string::npos)
      << second.err;
  kill(holder->pid, SIGKILL);
  EXPECT_TRUE(wait_past(newest())) << "another goes on from the newest checkpoint";
  kill(up.pid, SIGINT);
  const CommandResult ended = wait(up);
  ASSERT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.err.find("killed by signal 9"), std::string::npos) << ended.err;
  const auto sut = replay(ended.json().at("journal"));
  EXPECT_EQ(sut.exit, 0) << sut.err << sut.out;
  EXPECT_GT(sut.json().at("stages").at(1).at("checkpoints"), 0);
}

TEST_F(CheckpointerTest, StagesOnAShortLeashEndAndDecideTheSame) {
  const auto free_run = run({"up", trading_config(), "--json", "--in-process"});
  ASSERT_EQ(free_run.exit, 0) << free_run.err;
  // The shortest distance that a config may allow: the stages run into it at full speed, and each
  // must get a checkpoint that lets it go on.
  const auto up = run({"up", trading_config(R"("journal": {"mode": "on"},
                                               "checkpoint": {"every": 200, "lag_max": 16584},)"),
                       "--json"});
  ASSERT_EQ(up.exit, 0) << up.err;
  for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
    EXPECT_EQ(up.json().at(key), free_run.json().at(key)) << key;
  }
  const auto sut = replay(up.json().at("journal"));
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  EXPECT_GT(sut.json().at("stages").at(1).at("checkpoints"), 0) << "of features";
}

TEST_F(CheckpointerTest, ItsCommandLineIsChecked) {
  const auto help = run_program({bin_ + "/pinstripe-checkpoint", "--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_NE(help.out.find("Example:"), std::string::npos);
  EXPECT_EQ(run_program({bin_ + "/pinstripe-checkpoint"}).exit, 2);
  const auto none = run_program({bin_ + "/pinstripe-checkpoint", "--session", "absent"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_NE(none.err.find("absent"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace pinstripe
