// Archives only save room: whatever comes between, a journal that has ended stays ended.
#include "tests/tools/journal/session_journal_support.h"
#include "tools/journal/archive.h"
#include "tools/journal/verify.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

TEST_F(SessionJournal, ACarrierThatDiedWhileItArchivedIsFollowedByOneThatFinishes) {
  make();
  const std::string aside = (folder_ / "aside").string();
  {
    Carrier first = carrier();
    write(0, 300);
    end();
    for (int i = 0; i < 3; ++i) first.round(clock_ns_ += 1'000'000'000);
    fs::copy(plan_.journal.directory + "/risk", aside, fs::copy_options::recursive);
    ASSERT_TRUE(first.finish(clock_ns_ += 1'000'000'000));
  }
  // As a kill between two archives leaves it: all marked, risk's file still to be archived.
  fs::remove_all(plan_.journal.directory + "/risk");
  fs::rename(aside, plan_.journal.directory + "/risk");
  const JournalDir journal = *open_journal(plan_.journal.directory);
  ASSERT_TRUE(files_of(journal, "risk").front().ends_with(".pjl"));
  {
    Carrier second = carrier();
    EXPECT_FALSE(second.round(clock_ns_ += 1'000'000'000)) << "everything was carried";
    EXPECT_FALSE(second.written_to());
    const auto finished = second.finish(clock_ns_ += 1'000'000'000);
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_TRUE(second.warnings().empty());
  }
  for (const std::string& stage : journal.stages) {
    EXPECT_TRUE(files_of(journal, stage).front().ends_with(".pjl.zst")) << stage;
    EXPECT_TRUE(verify_stage(journal, stage)) << stage;
  }
  // A mark that is not this session's is no reason to leave its records.
  std::vector<EndedStage> other = *read_ended(journal.path);
  other.front().records -= 1;
  ASSERT_TRUE(write_ended(journal.path, other));
  const auto refused = Carrier::open(plan_.directory);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("marked as ended with"), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find(other.front().name), std::string::npos)
      << refused.error().message;
}

TEST_F(SessionJournal, NoRoomForAnArchiveIsAWarningAndTheJournalEndsWell) {
  make();
  std::string blocker;
  {
    Carrier sut = carrier();
    write(0, 300);
    end();
    sut.round(clock_ns_ += 1'000'000'000);
    const JournalDir journal = *open_journal(plan_.journal.directory);
    blocker = files_of(journal, "risk").front() + ".zst.new";
    fs::create_directory(blocker);  // nothing can be written under that name
    const auto finished = sut.finish(clock_ns_ += 1'000'000'000);
    ASSERT_TRUE(finished) << finished.error().message;
    ASSERT_EQ(sut.warnings().size(), 1U);
    EXPECT_NE(sut.warnings()[0].find("'risk' is whole but not archived"), std::string::npos);
    EXPECT_NE(sut.warnings()[0].find(blocker), std::string::npos) << sut.warnings()[0];
  }
  fs::remove(blocker);
  const JournalDir journal = *open_journal(plan_.journal.directory);
  EXPECT_TRUE(files_of(journal, "risk").front().ends_with(".pjl"));
  EXPECT_TRUE(files_of(journal, "exec").front().ends_with(".pjl.zst")) << "the others were";
  const auto checked = run({"journal", "verify", journal.path, "--json"});
  EXPECT_EQ(checked.exit, 0) << checked.err;
  EXPECT_EQ(checked.json().at("state"), "ended");
  Carrier later = carrier();
  ASSERT_TRUE(later.finish(clock_ns_ += 1'000'000'000));
  EXPECT_TRUE(later.warnings().empty());
  EXPECT_TRUE(files_of(journal, "risk").front().ends_with(".pjl.zst"));
}

}  // namespace
}  // namespace pinstripe
