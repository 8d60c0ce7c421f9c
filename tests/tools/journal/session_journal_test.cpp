// A whole session's journal: carried, ended, archived, and looked at with `pinstripe journal`.
#include <fstream>
#include <regex>

#include "tests/tools/journal/session_journal_support.h"
#include "tools/journal/archive.h"
#include "tools/journal/export.h"
#include "tools/journal/journal_life.h"
#include "tools/journal/verify.h"
#include "tools/session/message_json.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

TEST_F(SessionJournal, EndsArchivedMarkedAndWhole) {
  const JournalDir journal = ended_journal(3'000);
  EXPECT_EQ(journal.stages.size(), 5U);
  EXPECT_TRUE(verify_directory(journal));
  for (const std::string& stage : journal.stages) {
    const auto sut = verify_stage(journal, stage);
    ASSERT_TRUE(sut) << sut.error().message;
    EXPECT_GE(sut->records, 3'001U);
    EXPECT_EQ(sut->on_disk, sut->records);
    EXPECT_TRUE(sut->ended);
    EXPECT_GT(sut->files, 0U);
    EXPECT_EQ(sut->archives, sut->files);
    EXPECT_EQ(sut->first_ns, 1'700'000'000'000'000'000);
    EXPECT_EQ(sut->last_ns, 1'700'000'001'000'000'000);
    for (const std::string& file : files_of(journal, stage)) {
      EXPECT_TRUE(file.ends_with(".pjl.zst")) << file;
    }
    const auto looked = look_at_stage(journal, stage);
    ASSERT_TRUE(looked);
    EXPECT_EQ(looked->records, sut->records);
    EXPECT_EQ(looked->ended, sut->ended);
  }
  // It stands alone: no session, no model file from outside.
  fs::remove_all(plan_.directory);
  fs::remove(folder_ / "model.json");
  const auto alone = run({"journal", "verify", journal.path, "--json"});
  ASSERT_EQ(alone.exit, 0) << alone.err;
  EXPECT_EQ(alone.json().at("state"), "ended");
  EXPECT_EQ(alone.json().at("stages").size(), 5U);
  const auto by_name = run({"journal", "info", "session", "--json"});
  ASSERT_EQ(by_name.exit, 0) << by_name.err;
  EXPECT_EQ(by_name.json().at("journal"), journal.path);
  EXPECT_EQ(by_name.json().at("session_id"), session_id_text(plan_));
}

TEST_F(SessionJournal, AnArchiveReadsAsItsFileDid) {
  make();
  Carrier sut = carrier();
  write(0, 400);
  sut.round(clock_ns_);
  ASSERT_TRUE(sut.finish(clock_ns_));  // not ended: not archived
  const auto journal = open_journal(plan_.journal.directory);
  ASSERT_TRUE(journal) << journal.error().message;
  const std::string dir = journal->stage_dir("risk");
  const auto read = [&dir] {
    std::vector<RecordCopy> all;
    auto reader = JournalReader::open(dir, nullptr, {});
    EXPECT_TRUE(reader);
    JournalEntry e;
    auto found = reader->next(e);
    for (; found && *found; found = reader->next(e)) all.push_back(copy_of(e));
    EXPECT_TRUE(found) << found.error().message;
    return all;
  };
  const std::vector<RecordCopy> before = read();
  ASSERT_EQ(before.size(), 400U);
  const std::string file = files_of(*journal, "risk").front();
  ASSERT_TRUE(file.ends_with(".pjl"));
  fs::copy_file(file, file + ".aside");
  ASSERT_TRUE(archive_stage(dir));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(read(), before);
  // Broken off between the renaming and the removal, both are there: the file counts.
  fs::rename(file + ".aside", file);
  EXPECT_EQ(read(), before);
  EXPECT_EQ(files_of(*journal, "risk"), std::vector{file});
  ASSERT_TRUE(archive_stage(dir));
  EXPECT_EQ(read(), before);

  const std::string archive = file + ".zst";
  std::ifstream in(archive, std::ios::binary);
  const std::vector<char> good((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 200) {
    std::vector<char> bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    std::ofstream(archive, std::ios::binary).write(bad.data(), static_cast<long>(bad.size()));
    const auto verdict = verify_stage(*journal, "risk");
    // Some bits of the compressed form say nothing about the content.
    if (verdict) {
      EXPECT_EQ(read(), before) << at;
    } else {
      EXPECT_EQ(verdict.error().exit, Exit::kCheckFailed);
      EXPECT_NE(verdict.error().message.find(archive), std::string::npos)
          << verdict.error().message;
    }
  }
  std::ofstream(archive, std::ios::binary).write(good.data(), static_cast<long>(good.size() / 2));
  const auto cut = verify_stage(*journal, "risk");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("truncated"), std::string::npos) << cut.error().message;
}

TEST_F(SessionJournal, VerifyNamesWhatIsMissingForeignOrEdited) {
  const JournalDir journal = ended_journal(500);
  const auto verify = [&] { return run({"journal", "verify", journal.path}); };
  ASSERT_EQ(verify().exit, 0);
  const std::string risk = files_of(journal, "risk").front();
  const std::string aside = (folder_ / "aside").string();

  fs::rename(risk, aside);
  auto sut = verify();
  EXPECT_EQ(sut.exit, 3);
  EXPECT_NE(sut.err.find("risk"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("missing"), std::string::npos) << sut.err;
  fs::rename(aside, risk);

  // One stage's file in another's place.
  const std::string exec = files_of(journal, "exec").front();
  fs::rename(exec, aside);
  fs::copy_file(risk, exec);
  sut = verify();
  EXPECT_EQ(sut.exit, 3);
  EXPECT_NE(sut.err.find(fs::path(exec).parent_path().string()), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("stage"), std::string::npos) << sut.err;
  fs::rename(aside, exec);

  const std::string model = journal.path + "/inputs/model-0-model.json";
  fs::copy_file(model, aside);
  std::ofstream(model, std::ios::app) << " ";
  sut = verify();
  EXPECT_EQ(sut.exit, 3);
  EXPECT_NE(sut.err.find(model), std::string::npos) << sut.err;
  fs::rename(aside, model);

  // A changed config is another session's.
  const std::string config = journal.path + "/config.json";
  std::ifstream in(config);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string changed = std::regex_replace(text, std::regex("\"drain_ns\": *\\d+"),
                                                 "\"drain_ns\": 1");
  ASSERT_NE(changed, text);
  std::ofstream(config) << changed;
  sut = verify();
  EXPECT_EQ(sut.exit, 3);
  EXPECT_NE(sut.err.find("config_digest"), std::string::npos) << sut.err;
  std::ofstream(config) << text;

  fs::create_directory(journal.path + "/other");
  sut = verify();
  EXPECT_EQ(sut.exit, 3);
  EXPECT_NE(sut.err.find(journal.path + "/other"), std::string::npos) << sut.err;
  fs::remove(journal.path + "/other");
  EXPECT_EQ(verify().exit, 0);
}

TEST_F(SessionJournal, AnEndThatWasCutAtARecordIsSeen) {
  make();
  Carrier sut = carrier();
  write(0, 300);
  sut.round(clock_ns_ += 1'000'000'000);
  write(300, 1);
  end();
  sut.round(clock_ns_ += 1'000'000'000);
  ASSERT_TRUE(sut.finish(clock_ns_));
  const JournalDir journal = *open_journal(plan_.journal.directory);
  // A journal that ended one record earlier, whole in itself, in the place of the real one.
  const auto whole = read_ended(journal.path);
  ASSERT_TRUE(whole);
  std::vector<EndedStage> other = *whole;
  for (EndedStage& s : other) ++s.records;
  ASSERT_TRUE(write_ended(journal.path, other));
  const auto cut = verify_stage(journal, "risk");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("last files are missing or cut"), std::string::npos);
  other = *whole;
  for (EndedStage& s : other) s.chain ^= 1;
  ASSERT_TRUE(write_ended(journal.path, other));
  EXPECT_FALSE(verify_stage(journal, "risk"));
  ASSERT_TRUE(write_ended(journal.path, *whole));
  EXPECT_TRUE(verify_stage(journal, "risk"));
}

TEST_F(SessionJournal, DumpAndExportShowMessagesByTheirFields) {
  const JournalDir journal = ended_journal(100);
  auto sut = run({"journal", "dump", journal.path, "--stage", "risk", "--from", "30", "--count",
                  "2", "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto records = sut.json().at("records");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].at("record"), 30);
  EXPECT_EQ(records[0].at("stage"), "risk");
  EXPECT_EQ(records[0].at("ring"), "feed.risk");
  EXPECT_EQ(records[0].at("message").at("type"), "touch");
  EXPECT_EQ(records[0].at("message").at("seq"), 30);
  sut = run({"journal", "dump", journal.path, "--stage", "risk", "--from", "98", "--count", "0"});
  EXPECT_NE(sut.out.find("risk 99 "), std::string::npos) << sut.out;
  EXPECT_NE(sut.out.find("end reason=ended"), std::string::npos) << sut.out;
  sut = run({"journal", "dump", journal.path, "--stage", "rsk"});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("did you mean 'risk'"), std::string::npos) << sut.err;

  const std::string out = (folder_ / "csv").string();
  sut = run({"journal", "export", journal.path, "--out", out, "--json"});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  EXPECT_EQ(sut.json().at("files").at("touch.csv"), 34);
  EXPECT_EQ(sut.json().at("files").at("trade.csv"), 66);
  std::ifstream csv(out + "/trade.csv");
  std::string head, line;
  std::getline(csv, head);
  std::getline(csv, line);
  EXPECT_EQ(head, csv_head("market_event", MsgType::kTrade));
  EXPECT_EQ(head.find("stage,record,now_ns,ring,seq,side,event_ns,origin_ns,"), 0U) << head;
  EXPECT_EQ(line.substr(0, line.find(",buy")), "risk,1,1700000000000001000,feed.risk,1");
  EXPECT_EQ(std::count(head.begin(), head.end(), ','), std::count(line.begin(), line.end(), ','));
  EXPECT_EQ(run({"journal", "export", journal.path, "--out", out}).exit, 2) << "not empty";

  const std::string lines = (folder_ / "lines").string();
  sut = run({"journal", "export", journal.path, "--format", "ndjson", "--type", "touch", "--out",
             lines});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  std::ifstream json(lines + "/touch.ndjson");
  std::getline(json, line);
  const auto first = nlohmann::json::parse(line);
  EXPECT_EQ(first.at("record"), 0);
  EXPECT_EQ(first.at("message").at("type"), "touch");
  EXPECT_FALSE(fs::exists(lines + "/trade.ndjson"));
  sut = run({"journal", "export", journal.path, "--type", "tuoch", "--out", lines + "2"});
  EXPECT_EQ(sut.exit, 2);
  EXPECT_NE(sut.err.find("touch"), std::string::npos) << "the types that there are: " << sut.err;
}

TEST_F(SessionJournal, ALiveSessionsJournalIsReadFromDiskAndMemory) {
  make();
  Carrier sut = carrier();
  write(0, 200);
  sut.round(clock_ns_ += 1'000'000'000);
  write(200, 100);  // not carried yet
  const auto info = run({"journal", "info", "session", "--json"});
  ASSERT_EQ(info.exit, 0) << info.err;
  EXPECT_EQ(info.json().at("state"), "running") << "its carrier lives";
  for (const auto& stage : info.json().at("stages")) {
    EXPECT_EQ(stage.at("records"), 300);
    EXPECT_EQ(stage.at("on_disk"), 200);
    EXPECT_EQ(stage.at("state"), "ok");
    EXPECT_FALSE(stage.at("ended"));
  }
  const auto dump = run({"journal", "dump", "session", "--stage", "risk", "--from", "295",
                         "--count", "0"});
  EXPECT_NE(dump.out.find("risk 299 "), std::string::npos) << dump.out;
  EXPECT_EQ(run({"journal", "verify", "session"}).exit, 0);
  const auto second = Carrier::open(plan_.directory);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("is held by pid"), std::string::npos)
      << second.error().message;
}

/// A disk that takes nothing while it is broken.
struct BreakableCalls : FileCalls {
  bool broken = false;
  ssize_t write(int fd, const std::byte* from, std::size_t bytes, off_t at) override {
    if (!broken) return FileCalls::write(fd, from, bytes, at);
    errno = EIO;
    return -1;
  }
};

TEST_F(SessionJournal, ABrokenDiskHaltsUntilTheOperatorClearsIt) {
  make(R"(, "on_error": "halt")");
  BreakableCalls calls;
  Carrier sut = carrier(calls);
  write(0, 50);
  sut.round(clock_ns_ += 1'000'000'000);
  EXPECT_FALSE(writers_[0].halted());
  calls.broken = true;
  write(50, 50);
  sut.round(clock_ns_ += 1'000'000'000);
  for (const JournalWriter& w : writers_) EXPECT_TRUE(w.halted()) << "all stages know";
  const auto refused = clear_halt(plan_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("I/O error"), std::string::npos)
      << refused.error().message;
  const auto info = run({"journal", "info", "session"});
  EXPECT_NE(info.out.find("trading is halted"), std::string::npos) << info.out;
  EXPECT_NE(info.out.find("I/O error"), std::string::npos) << info.out;

  calls.broken = false;
  sut.round(clock_ns_ += 1'000'000'000);
  EXPECT_TRUE(writers_[0].halted()) << "only the operator ends it";
  const StartedCommand clear = start({bin_ + "/pinstripe", "journal", "clear", "session"});
  for (int i = 0; i < 2'000 && writers_[0].halted(); ++i) {
    sut.round(clock_ns_ += 100'000'000);
    usleep(2'000);
  }
  const CommandResult cleared = wait(clear);
  EXPECT_EQ(cleared.exit, 0) << cleared.err;
  for (const JournalWriter& w : writers_) EXPECT_FALSE(w.halted());
  EXPECT_FALSE(clear_halt(plan_)) << "nothing is halted any more";
  EXPECT_TRUE(verify_stage(*open_journal("session"), "risk"));
}

TEST_F(SessionJournal, ClearLooksAgainWhereTheDiskHasJustComeBack) {
  make(R"(, "on_error": "halt")");
  BreakableCalls calls;
  Carrier sut = carrier(calls);
  calls.broken = true;
  write(0, 50);
  sut.round(clock_ns_ += 1'000'000'000);
  ASSERT_TRUE(writers_[0].halted());
  calls.broken = false;  // and the carrier has not tried again yet
  const StartedCommand clear = start({bin_ + "/pinstripe", "journal", "clear", "session"});
  usleep(200'000);
  for (int i = 0; i < 2'000 && writers_[0].halted(); ++i) {
    sut.round(clock_ns_ += 100'000'000);
    usleep(2'000);
  }
  const CommandResult cleared = wait(clear);
  EXPECT_EQ(cleared.exit, 0) << cleared.err;
  EXPECT_FALSE(writers_[0].halted());
}

TEST_F(SessionJournal, RetentionTakesTheOldestAndNeverWhatMayBeResumed) {
  constexpr std::int64_t kDay = 86'400 * kNsPerSecond;
  const JournalDir first = ended_journal(100);
  const std::string root = plan_.journal.root;
  const auto copy_to = [&](const std::string& name) {
    const std::string path = root + "/session/" + name;
    fs::copy(first.path, path, fs::copy_options::recursive);
    return path;
  };
  const std::string second = copy_to("20300101T000000Z-00000000");
  fs::create_directories(root + "/session/not-a-journal");
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  const std::int64_t now = t.tv_sec * kNsPerSecond;
  const std::uint64_t all = std::uint64_t{1} << 40;
  EXPECT_TRUE(remove_old_journals(root, {all, 7}, now, "").empty());
  EXPECT_TRUE(remove_old_journals(root, {0, 7}, now, "").empty())
      << "their session is still in shared memory";
  fs::remove_all(plan_.directory);
  EXPECT_EQ(remove_old_journals(root, {0, 7}, now, second), std::vector{first.path});
  EXPECT_TRUE(fs::exists(second));
  EXPECT_EQ(remove_old_journals(root, {all, 7}, now + 8 * kDay, ""), std::vector{second});
  EXPECT_TRUE(fs::exists(root + "/session/not-a-journal")) << "only journals are removed";
}

TEST_F(SessionJournal, WhatIsNoJournalIsRefusedWithAWayOut) {
  const auto nothing = run({"journal", "info", "nosuch"});
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_NE(nothing.err.find("nosuch"), std::string::npos) << nothing.err;
  const JournalDir journal = ended_journal(50);
  const auto part = run({"journal", "info", journal.stage_dir("risk")});
  EXPECT_EQ(part.exit, 2);
  EXPECT_NE(part.err.find("is a part of a journal; give '" + journal.path + "'"),
            std::string::npos) << part.err;
  const auto clear = run({"journal", "clear", "session"});
  EXPECT_EQ(clear.exit, 2);
  EXPECT_NE(clear.err.find("not halted"), std::string::npos) << clear.err;
}

}  // namespace
}  // namespace pinstripe
