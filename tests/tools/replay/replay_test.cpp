// `pinstripe replay`: every stage says over its journal what it said in the session; whatever was
// changed is named.
#include <signal.h>

#include <fstream>

#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/msg/order_command.h"
#include "tests/support/data.h"
#include "tests/tools/replay/replay_support.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

const std::vector<std::string> kStages{"feed", "features", "models", "risk", "exec"};

TEST_F(ReplayTest, EachStageSaysAgainWhatItSaidInManyProcessesOrOne) {
  for (const bool in_process : {false, true}) {
    const auto account = account_of(in_process);
    const std::string journal = account.at("journal");
    const auto sut = replay(journal);
    ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
    const auto told = sut.json();
    for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
      EXPECT_EQ(told.at(key), account.at(key)) << key;
    }
    EXPECT_TRUE(told.at("difference").is_null());
    ASSERT_EQ(told.at("stages").size(), 5U);
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      const auto& stage = told.at("stages").at(i);
      EXPECT_EQ(stage.at("stage"), kStages[i]);
      EXPECT_EQ(stage.at("ended"), true);
      EXPECT_EQ(stage.at("uncompared"), 0) << "its readers have taken all of it";
      EXPECT_GT(stage.at("outputs"), 0) << kStages[i];
      const auto alone = replay(journal, {"--stage", kStages[i]});
      ASSERT_EQ(alone.exit, 0) << alone.err;
      EXPECT_EQ(alone.json().at("stages").at(0), stage) << "a stage needs no other";
      EXPECT_TRUE(alone.json().at("orders_digest").is_null());
    }
  }
}

TEST_F(ReplayTest, TwoLanesWithSmallJournalsReplayToo) {
  const auto up = run({"up", trading_config(R"(
      "journal": {"mode": "on", "segments": 2, "segment_bytes": 65536},
      "lanes": [{"name": "a", "instruments": ["SYNTHETIC:PINUSD"]},
                {"name": "b", "instruments": ["SYNTHETIC:QINUSD"]}],)"), "--json"});
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto account = up.json();
  const auto sut = replay(account.at("journal"));
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  ASSERT_EQ(sut.json().at("stages").size(), 8U);
  for (const auto& stage : sut.json().at("stages")) EXPECT_EQ(stage.at("uncompared"), 0) << stage;
  EXPECT_EQ(sut.json().at("orders_digest"), account.at("orders_digest"));
  EXPECT_EQ(sut.json().at("state_hash"), account.at("state_hash"));
}

TEST_F(ReplayTest, AChangedPriceOfAnOrderIsNamedWithBothValues) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  std::uint64_t record = 0, number = 0;
  std::int64_t price = 0;
  rewrite_journal(journal + "/exec", [&](const JournalEntry& e, std::byte* payload) {
    auto& order = *reinterpret_cast<OrderCommand*>(payload);
    if (e.kind != JournalKind::kMessage || order.h.type != MsgType::kOrderCommand) return;
    if (e.message_number() != 5) return;
    record = e.number;
    number = e.message_number();
    price = order.price_ticks.value;
    order.price_ticks.value += 1;
  });
  ASSERT_EQ(number, 5U);
  const auto sut = replay(journal, {"--stage", "risk"});
  EXPECT_EQ(sut.exit, 3) << sut.err;
  const auto difference = sut.json().at("difference");
  EXPECT_EQ(difference.at("stage"), "risk");
  EXPECT_EQ(difference.at("ring"), "risk.exec");
  EXPECT_EQ(difference.at("sequence"), 5);
  EXPECT_EQ(difference.at("field"), "price_ticks");
  EXPECT_EQ(difference.at("journal"), std::to_string(price + 1));
  EXPECT_EQ(difference.at("replay"), std::to_string(price));
  EXPECT_EQ(difference.at("reader"), "exec");
  EXPECT_EQ(difference.at("reader_record"), record);
  const auto text = run({"replay", journal, "--stage", "risk"});
  EXPECT_NE(text.out.find("output 5 of risk.exec differs in price_ticks: journal " +
                          std::to_string(price + 1) + ", replay " + std::to_string(price) +
                          " (record " + std::to_string(record) + " of exec)"),
            std::string::npos) << text.out;
}

TEST_F(ReplayTest, AChangedInputShowsInTheStageThatTookIt) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  std::uint64_t record = 0;
  rewrite_journal(journal + "/features", [&](const JournalEntry& e, std::byte* payload) {
    auto& event = *reinterpret_cast<MarketEvent*>(payload);
    if (e.kind != JournalKind::kMessage || event.h.type != MsgType::kTrade) return;
    if (e.number < 2000 || record != 0) return;
    record = e.number;
    event.b += 1'000'000;
  });
  ASSERT_GT(record, 0U);
  const auto sut = replay(journal, {"--stage", "features"});
  EXPECT_EQ(sut.exit, 3) << sut.err;
  const auto difference = sut.json().at("difference");
  EXPECT_EQ(difference.at("stage"), "features");
  EXPECT_GE(difference.at("record"), record);
  EXPECT_EQ(difference.at("ring"), "features.models");
  EXPECT_EQ(difference.at("reader"), "models");
  EXPECT_NE(difference.at("journal"), difference.at("replay"));
  // All stages: the feed comes first, and it never sent that.
  const auto feed = replay(journal);
  EXPECT_EQ(feed.exit, 3);
  EXPECT_EQ(feed.json().at("difference").at("stage"), "feed");
  EXPECT_EQ(feed.json().at("difference").at("reader_record"), record);
}

TEST_F(ReplayTest, WithoutTheReadersJournalDigestsCompare) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  std::filesystem::remove_all(journal + "/exec");
  auto sut = replay(journal, {"--stage", "risk"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto risk = sut.json().at("stages").at(0);
  EXPECT_EQ(risk.at("uncompared"), risk.at("outputs"));
  bool changed = false;
  rewrite_journal(journal + "/risk", [&](const JournalEntry& e, std::byte* payload) {
    auto& report = *reinterpret_cast<ExecReport*>(payload);
    if (changed || e.kind != JournalKind::kMessage || report.h.type != MsgType::kExecReport) return;
    if (report.last_lots.value == 0) return;
    report.last_lots.value += 1;
    changed = true;
  });
  ASSERT_TRUE(changed);
  sut = replay(journal, {"--stage", "risk"});
  EXPECT_EQ(sut.exit, 3) << sut.out;
  const auto difference = sut.json().at("difference");
  EXPECT_TRUE(difference.at("field") == "digest" || difference.at("field") == "count" ||
              difference.at("field") == "state_hash") << difference;
  EXPECT_TRUE(difference.at("reader").is_null());
}

TEST_F(ReplayTest, ItStopsBehindARecordOrATime) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  const auto whole = replay(journal, {"--stage", "risk"}).json().at("stages").at(0);
  const auto sut = replay(journal, {"--stage", "risk", "--until", "999"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto part = sut.json().at("stages").at(0);
  EXPECT_LE(part.at("records"), 1000) << "records that end a segment are not acted on";
  EXPECT_GT(part.at("records"), 990);
  EXPECT_EQ(part.at("ended"), false);
  EXPECT_NE(part.at("state_hash"), whole.at("state_hash"));

  const auto dump = run({"journal", "dump", journal, "--stage", "risk", "--from", "999", "--count",
                         "1", "--json"});
  const std::int64_t at = dump.json().at("records").at(0).at("now_ns");
  const auto timed = replay(journal, {"--until", std::to_string(at)});
  ASSERT_EQ(timed.exit, 0) << timed.err;
  EXPECT_EQ(timed.json().at("stages").size(), 5U);
  EXPECT_TRUE(timed.json().at("orders_digest").is_null());
  const auto feed = timed.json().at("stages").at(0);
  EXPECT_GT(feed.at("outputs"), 0);
  EXPECT_LT(feed.at("outputs"), replay(journal, {"--stage", "feed"})
                                    .json().at("stages").at(0).at("outputs"));

  const auto wrong = run({"replay", journal, "--until", "999"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_NE(wrong.err.find("name one with --stage"), std::string::npos) << wrong.err;
  EXPECT_EQ(run({"replay", journal, "--until", "noon"}).exit, 2);
  const auto near = run({"replay", journal, "--stage", "rosk"});
  EXPECT_EQ(near.exit, 2);
  EXPECT_NE(near.err.find("did you mean 'risk'"), std::string::npos) << near.err;
}

TEST_F(ReplayTest, AnUntilOutsideTheJournalIsTold) {
  const std::string journal = account_of(true).at("journal");
  const auto whole = replay(journal);
  ASSERT_EQ(whole.exit, 0) << whole.err;
  EXPECT_EQ(whole.json().at("until_past_end"), false) << "nothing was asked for";
  const auto stages = whole.json().at("stages");
  std::int64_t last = 0;
  for (const auto& s : stages) last = std::max(last, s.at("last_ns").get<std::int64_t>());

  const auto behind = replay(journal, {"--until", std::to_string(last + 1)});
  EXPECT_EQ(behind.exit, 0) << behind.err;
  EXPECT_EQ(behind.json().at("until_past_end"), true);
  EXPECT_EQ(behind.json().at("stages"), stages);
  EXPECT_NE(behind.err.find("lies behind the journal's last record"), std::string::npos);
  const auto at = replay(journal, {"--until", std::to_string(last)});
  EXPECT_EQ(at.json().at("until_past_end"), false);
  EXPECT_EQ(at.err.find("lies behind"), std::string::npos) << at.err;
  const auto record = replay(journal, {"--stage", "risk", "--until", "99999999"});
  EXPECT_EQ(record.json().at("until_past_end"), true);
  EXPECT_EQ(replay(journal, {"--stage", "risk", "--until", "99"}).json().at("until_past_end"),
            false);

  const auto before = run({"replay", journal, "--until", "2001-01-01T00:00:00Z", "--json"});
  EXPECT_EQ(before.exit, 2);
  const std::string error = before.json().at("error");
  EXPECT_NE(error.find("--until 2001-01-01T00:00:00.000000000Z lies before the journal, which goes "
                       "from "), std::string::npos) << error;
  EXPECT_NE(error.find(" to " + shown_time(last)), std::string::npos) << error;
}

TEST_F(ReplayTest, AChangedConfigIsRefusedWithBothValues) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  std::ifstream in(journal + "/config.json");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  in.close();
  const std::string key = "\"drain_ns\": ";
  const auto at = text.find(key);
  ASSERT_NE(at, std::string::npos) << text.substr(0, 2000);
  std::ofstream(journal + "/config.json") << text.insert(at + key.size(), "1");
  const auto sut = run({"replay", journal});
  EXPECT_EQ(sut.exit, 2) << sut.err;
  EXPECT_NE(sut.err.find("config_digest is 0x"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find(", expected 0x"), std::string::npos) << sut.err;
  EXPECT_EQ(run({"replay", journal, "--any-build"}).exit, 2) << "it is no matter of the build";
}

TEST_F(ReplayTest, AnotherBuildIsRefusedUnlessAskedFor) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  for (const std::string& stage : kStages) {
    rewrite_journal(journal + "/" + stage, [](const JournalEntry&, std::byte*) {},
                    [](JournalIdentity& id) { set_identity_name(id.build_id, "anotherbuild"); });
  }
  const auto sut = run({"replay", journal});
  EXPECT_EQ(sut.exit, 2) << sut.err;
  EXPECT_NE(sut.err.find("build_id is 'anotherbuild', expected '"), std::string::npos) << sut.err;
  const auto all_the_same = replay(journal, {"--any-build"});
  EXPECT_EQ(all_the_same.exit, 0) << all_the_same.err;
  EXPECT_NE(all_the_same.err.find("anotherbuild"), std::string::npos);
  EXPECT_EQ(all_the_same.json().at("orders_digest"), account.at("orders_digest"));
}

TEST_F(ReplayTest, ADamagedJournalOrModelIsRefusedByName) {
  const auto account = account_of(true);
  const std::string journal = account.at("journal");
  rewrite_journal(journal + "/models", [](const JournalEntry&, std::byte*) {});
  const std::string file = journal + "/models/000000000000.pjl";
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(20'000);
  bytes.put('\x55');
  bytes.close();
  const auto sut = run({"replay", journal});
  EXPECT_EQ(sut.exit, 3) << sut.err;
  EXPECT_NE(sut.err.find(file + "': record "), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find(" at offset "), std::string::npos) << sut.err;

  std::string model;
  for (const auto& entry : std::filesystem::directory_iterator(journal + "/inputs")) {
    model = entry.path().string();
  }
  std::ofstream(model, std::ios::app) << " ";
  const auto edited = run({"replay", journal});
  EXPECT_EQ(edited.exit, 3);
  EXPECT_NE(edited.err.find("'" + model + "' was changed"), std::string::npos) << edited.err;
}

TEST_F(ReplayTest, ASessionThatStillRunsIsReplayedAsFarAsItIs) {
  const auto up = start({bin_ + "/pinstripe", "up",
                         paced_config(R"("journal": {"mode": "on"},)"), "--json"});
  ASSERT_TRUE(wait_until_running("session"));
  const auto sut = replay("session");
  EXPECT_EQ(sut.exit, 0) << sut.err << sut.out;
  ASSERT_EQ(sut.json().at("stages").size(), 5U);
  EXPECT_EQ(sut.json().at("stages").at(1).at("ended"), false);
  EXPECT_TRUE(sut.json().at("state_hash").is_null());
  kill(up.pid, SIGINT);
  const CommandResult ended = wait(up);
  ASSERT_EQ(ended.exit, 0) << ended.err;
  const auto whole = replay(ended.json().at("journal"));
  EXPECT_EQ(whole.exit, 0) << whole.err << whole.out;
  EXPECT_EQ(whole.json().at("state_hash"), ended.json().at("state_hash")) << "stopped, not ended";
}

TEST_F(ReplayTest, ARealCaptureIsReplayed) {
  PINSTRIPE_NEED_DATA(capture, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const auto up = run({"up", recorded_config(), "--data", capture, "--json"});
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto account = up.json();
  const auto sut = replay(account.at("journal"));
  ASSERT_EQ(sut.exit, 0) << sut.err << sut.out;
  for (const char* key : {"orders_digest", "signals_digest", "state_hash"}) {
    EXPECT_EQ(sut.json().at(key), account.at(key)) << key;
  }
}

}  // namespace
}  // namespace pinstripe
