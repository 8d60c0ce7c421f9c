// The carrier of one stage: everything committed gets to disk once and in order, whatever fails and
// whenever the carrier is killed; memory is freed only behind what is synced.
#include "tools/journal/stage_carrier.h"

#include <cerrno>
#include <functional>

#include "tests/tools/journal/journal_support.h"

namespace pinstripe {
namespace {

constexpr JournalShape kShape{1024, 8};
constexpr std::int64_t kRound = 2'000'000;

/// Stands for a kill: leaves the carrier in the middle of a system call.
struct Killed {};

/// The real calls, with what a test wants to go wrong.
class FaultyCalls final : public FileCalls {
 public:
  std::function<ssize_t(int fd, const std::byte* from, std::size_t bytes, off_t at)> on_write;
  std::function<int(int fd)> on_sync;

  ssize_t write(int fd, const std::byte* from, std::size_t bytes, off_t at) override {
    return on_write ? on_write(fd, from, bytes, at) : FileCalls::write(fd, from, bytes, at);
  }
  int sync(int fd) override { return on_sync ? on_sync(fd) : FileCalls::sync(fd); }
};

class StageCarrierTest : public JournalFolder {
 protected:
  void SetUp() override {
    JournalFolder::SetUp();
    options_.calls = &calls_;
    options_.file_bytes = 4096;
    options_.copy_bytes = 700;
    restart_memory();
  }

  void restart_memory() {
    memory_ = std::make_unique<PrivateJournal>(kShape, small_identity());
    writer_.emplace(*JournalWriter::attach(memory_->memory(), small_identity()));
    written_.clear();
  }
  const JournalHeader& line() const { return *memory_->view().header(); }

  /// Appends drawn records until `count` are written or there is no room.
  void write_up_to(std::uint64_t count) {
    while (written_.size() < count) {
      RecordCopy r = drawn_record(3, written_.size());
      if (!append(*writer_, r)) break;
      written_.push_back(std::move(r));
    }
    writer_->publish_progress();
  }
  Result<StageCarrier> open() { return StageCarrier::open(memory_->view(), dir_, options_); }
  void expect_all_on_disk() {
    const JournalIdentity id = small_identity();
    const ReadAll all = read_all(dir_, &id);
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.records, written_);
  }

  FaultyCalls calls_;
  CarrierOptions options_;
  std::unique_ptr<PrivateJournal> memory_;
  std::optional<JournalWriter> writer_;
  std::vector<RecordCopy> written_;
  std::int64_t now_ = 1'000'000'000;
};

TEST_F(StageCarrierTest, CarriesMoreThanMemoryHoldsAndFreesBehindIt) {
  auto sut = open();
  ASSERT_TRUE(sut) << sut.error().message;
  options_.sync_bytes = 1500;
  sut = open();
  ASSERT_TRUE(sut) << sut.error().message;
  for (int round = 0; written_.size() < 500 && round < 5'000; ++round, now_ += kRound) {
    write_up_to(std::min<std::uint64_t>(written_.size() + 7, 500));
    sut->carry(now_);
  }
  ASSERT_EQ(written_.size(), 500U) << "segments are freed as the carrier goes";
  ASSERT_TRUE(sut->drain(now_));
  EXPECT_TRUE(sut->caught_up());
  EXPECT_EQ(line().carried_records, writer_->records());
  EXPECT_EQ(line().carried_position, writer_->position());
  EXPECT_GT(line().freed, 10U);
  expect_all_on_disk();
}

TEST_F(StageCarrierTest, SaysUpToWhenEverythingIsOnDisk) {
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(5);
  sut->carry(now_);
  EXPECT_EQ(line().synced_ns, now_) << "the first sync is due at once";
  const std::int64_t synced = now_;
  write_up_to(10);
  now_ += kRound;
  sut->carry(now_);
  EXPECT_EQ(line().synced_ns, synced) << "copied, not yet synced";
  EXPECT_LT(line().carried_records, 10U);
  now_ += options_.sync_ns;
  sut->carry(now_);
  EXPECT_EQ(line().synced_ns, now_);
  EXPECT_EQ(line().carried_records, writer_->records());
  now_ += kRound;
  EXPECT_FALSE(sut->carry(now_));
  EXPECT_EQ(line().synced_ns, now_) << "with nothing new the tail has no age";
}

TEST_F(StageCarrierTest, KilledInAnySystemCallItGoesOnWithoutLossOrDoubling) {
  std::uint64_t kills = 0;
  for (std::uint64_t at = 0;; ++at) {
    std::filesystem::remove_all(dir_);
    restart_memory();
    std::uint64_t calls = 0;
    bool killed = false;
    // The call number `at` is cut off at a third, at the start or at the end, and never returns.
    // (A sync mark lies within one sector: it is written or it is not.)
    calls_.on_write = [&](int fd, const std::byte* from, std::size_t bytes, off_t where) {
      if (calls++ != at) return calls_.FileCalls::write(fd, from, bytes, where);
      const bool mark = bytes == sizeof(SyncMark);
      const std::size_t part = at % 3 == 1 ? 0 : at % 3 == 2 || mark ? bytes : bytes / 3;
      if (part > 0) calls_.FileCalls::write(fd, from, part, where);
      killed = true;
      throw Killed{};
    };
    calls_.on_sync = [&](int fd) {
      if (calls++ != at) return calls_.FileCalls::sync(fd);
      killed = true;
      throw Killed{};
    };
    std::optional<StageCarrier> sut;
    for (int round = 0; round < 400; ++round, now_ += options_.sync_ns) {
      write_up_to(std::min<std::uint64_t>(written_.size() + 9, 150));
      try {
        if (!sut) sut.emplace(*open());
        sut->carry(now_);
      } catch (const Killed&) {
        sut.reset();
      }
    }
    ASSERT_EQ(written_.size(), 150U) << at;
    ASSERT_TRUE(sut && sut->caught_up()) << at;
    ASSERT_EQ(line().carried_records, writer_->records());
    expect_all_on_disk();
    if (!killed) break;
    ++kills;
  }
  EXPECT_GT(kills, 50U);
}

TEST_F(StageCarrierTest, WithTheDiskFullItSaysSoTheStageWaitsAndNothingIsLost) {
  std::size_t room = 6000;
  calls_.on_write = [&](int fd, const std::byte* from, std::size_t bytes, off_t at) -> ssize_t {
    const std::size_t part = std::min(bytes, room);
    if (part == 0) {
      errno = ENOSPC;
      return -1;
    }
    room -= part;
    return calls_.FileCalls::write(fd, from, part, at);
  };
  auto sut = open();
  ASSERT_TRUE(sut) << sut.error().message;
  for (int round = 0; round < 300; ++round, now_ += options_.sync_ns) {
    write_up_to(400);
    sut->carry(now_);
  }
  const std::size_t stuck = written_.size();
  EXPECT_LT(stuck, 400U) << "the stage waits when its segments are used up";
  EXPECT_FALSE(writer_->has_room(192));
  EXPECT_FALSE(writer_->halted());
  EXPECT_EQ(line().state, static_cast<std::uint32_t>(JournalState::kFull));
  const std::string said = line().error;
  EXPECT_NE(said.find("disk full"), std::string::npos) << said;
  EXPECT_NE(sut->problem().find(dir_), std::string::npos) << sut->problem();
  EXPECT_NE(sut->problem().find("make room"), std::string::npos) << sut->problem();
  EXPECT_NE(sut->problem().find("record "), std::string::npos) << sut->problem();
  EXPECT_FALSE(sut->drain(now_));

  room = 1 << 30;
  for (int round = 0; round < 300; ++round, now_ += options_.sync_ns) {
    write_up_to(400);
    sut->carry(now_);
  }
  EXPECT_EQ(written_.size(), 400U);
  EXPECT_EQ(line().state, static_cast<std::uint32_t>(JournalState::kOk));
  EXPECT_STREQ(line().error, "");
  EXPECT_EQ(sut->problem(), "");
  ASSERT_TRUE(sut->drain(now_));
  expect_all_on_disk();
}

TEST_F(StageCarrierTest, TriesAgainOnlyAfterAWhile) {
  auto sut = open();
  ASSERT_TRUE(sut);
  int tries = 0;
  calls_.on_write = [&](int, const std::byte*, std::size_t, off_t) -> ssize_t {
    ++tries;
    errno = EIO;
    return -1;
  };
  write_up_to(5);
  for (int round = 0; round < 250; ++round, now_ += kRound) sut->carry(now_);
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(sut->state(), JournalState::kError);
  EXPECT_NE(sut->problem().find("I/O error"), std::string::npos) << sut->problem();
  sut->carry(now_);
  EXPECT_EQ(tries, 2);
}

TEST_F(StageCarrierTest, AFailedSyncMayHaveLostEverythingSinceTheLastOne) {
  auto sut = open();
  ASSERT_TRUE(sut);
  int syncs = 0;
  std::uint64_t synced_bytes = kDiskHeaderBytes;
  calls_.on_sync = [&](int fd) {
    const auto bytes = std::filesystem::file_size("/proc/self/fd/" + std::to_string(fd));
    if (++syncs % 3 != 0) {
      synced_bytes = bytes;
      return calls_.FileCalls::sync(fd);
    }
    // As Linux does it: the pages are clean now, what they held is gone, the next sync succeeds.
    const std::vector<std::byte> zeroes(bytes - std::min<std::uint64_t>(bytes, synced_bytes));
    (void)!::pwrite(fd, zeroes.data(), zeroes.size(), static_cast<off_t>(synced_bytes));
    errno = EIO;
    return -1;
  };
  options_.file_bytes = kDiskFileBytes;
  sut = open();
  ASSERT_TRUE(sut);
  for (int round = 0; written_.size() < 300 && round < 2'000; ++round) {
    write_up_to(std::min<std::uint64_t>(written_.size() + 9, 300));
    sut->carry(now_);
    now_ += options_.retry_ns;
  }
  ASSERT_EQ(written_.size(), 300U);
  EXPECT_GT(syncs, 20);
  calls_.on_sync = nullptr;
  ASSERT_TRUE(sut->drain(now_));
  expect_all_on_disk();
}

TEST_F(StageCarrierTest, HaltedItGivesUpTheOldestRecordsAndTheStageGoesOn) {
  options_.halt_on_error = true;
  options_.hole_mark = (folder_ / "hole").string();
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(20);
  sut->carry(now_);
  const std::uint64_t before = sut->place().record;
  bool broken = true;
  calls_.on_write = [&](int fd, const std::byte* from, std::size_t bytes, off_t at) -> ssize_t {
    if (!broken) return calls_.FileCalls::write(fd, from, bytes, at);
    errno = EIO;
    return -1;
  };
  write_up_to(25);
  sut->carry(now_ += options_.sync_ns);
  EXPECT_EQ(sut->state(), JournalState::kError);
  EXPECT_FALSE(std::filesystem::exists(options_.hole_mark)) << "there is room yet";
  for (int round = 0; round < 500; ++round, now_ += kRound) {
    write_up_to(300);
    sut->carry(now_);
  }
  EXPECT_EQ(written_.size(), 300U) << "no checkpoint is needed";
  EXPECT_TRUE(std::filesystem::exists(options_.hole_mark));
  EXPECT_EQ(line().checkpoint_records, 0U);
  broken = false;
  now_ += options_.retry_ns;
  ASSERT_TRUE(sut->drain(now_));
  EXPECT_EQ(sut->state(), JournalState::kOk);
  EXPECT_EQ(sut->place().record, writer_->records());
  EXPECT_TRUE(std::filesystem::exists(options_.hole_mark)) << "a hole stays";

  auto reader = JournalReader::open(dir_, nullptr, {});
  ASSERT_TRUE(reader);
  JournalEntry e;
  std::vector<std::uint64_t> numbers;
  std::uint64_t holes = 0, hole_from = 0, hole_to = 0;
  for (auto found = reader->next(e); found && *found; found = reader->next(e)) {
    if (e.kind == JournalKind::kHole) {
      ++holes;
      hole_from = e.number;
      hole_to = reader->place().record;
    } else {
      numbers.push_back(e.number);
    }
  }
  EXPECT_EQ(holes, 1U);
  EXPECT_EQ(hole_from, before) << "what was synced before stays";
  EXPECT_GT(hole_to, hole_from);
  std::vector<std::uint64_t> kept;
  for (const RecordCopy& r : written_) {
    if (r.number < hole_from || r.number >= hole_to) kept.push_back(r.number);
  }
  EXPECT_EQ(numbers, kept);
}

TEST_F(StageCarrierTest, AHaltedCarrierThatIsKilledKnowsItsHoleAgain) {
  options_.halt_on_error = true;
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(20);
  sut->carry(now_);
  calls_.on_write = [](int, const std::byte*, std::size_t, off_t) -> ssize_t {
    errno = EIO;
    return -1;
  };
  for (int round = 0; round < 500; ++round, now_ += kRound) {
    write_up_to(300);
    sut->carry(now_);
  }
  ASSERT_EQ(written_.size(), 300U);
  calls_.on_write = nullptr;
  sut = open();
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_TRUE(sut->drain(now_));
  EXPECT_EQ(sut->place().record, writer_->records());
  EXPECT_EQ(read_all(dir_).error, "");

  // With the policy `wait` such a journal is never continued: something was lost.
  std::filesystem::remove_all(dir_);
  options_.halt_on_error = false;
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("memory begins behind it"), std::string::npos)
      << refused.error().message;
}

TEST_F(StageCarrierTest, AFileThatIsMovedAwayIsAnErrorUntilItIsBack) {
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(10);
  sut->carry(now_ += options_.sync_ns);
  ASSERT_EQ(sut->state(), JournalState::kOk);
  const std::uint64_t there = line().carried_records;
  std::filesystem::rename(dir_, dir_ + ".elsewhere");
  write_up_to(20);
  sut->carry(now_ += options_.sync_ns);
  EXPECT_EQ(sut->state(), JournalState::kError);
  EXPECT_EQ(line().carried_records, there) << "what is written there now is nobody's";
  EXPECT_NE(std::string(line().error).find("move it back or end the session"), std::string::npos)
      << line().error;
  EXPECT_FALSE(sut->drain(now_));
  std::filesystem::rename(dir_ + ".elsewhere", dir_);
  sut->carry(now_ += options_.retry_ns);
  EXPECT_EQ(sut->state(), JournalState::kOk);
  EXPECT_STREQ(line().error, "");
  ASSERT_TRUE(sut->drain(now_));
  expect_all_on_disk();
}

TEST_F(StageCarrierTest, ADeletedFolderIsNoticedAtTheNextSyncAndNothingMoreIsFreed) {
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(10);
  sut->carry(now_ += options_.sync_ns);
  std::filesystem::remove_all(dir_);
  const std::uint64_t freed = line().freed;
  for (int round = 0; round < 50; ++round) {
    write_up_to(400);
    sut->carry(now_ += options_.sync_ns);
    ASSERT_EQ(sut->state(), JournalState::kError) << round;
  }
  EXPECT_EQ(line().freed, freed);
  EXPECT_LT(written_.size(), 400U) << "the stage waits";
  EXPECT_FALSE(sut->ended());
}

TEST_F(StageCarrierTest, KnowsTheEndOfTheJournal) {
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(5);
  ASSERT_TRUE(sut->drain(now_));
  EXPECT_FALSE(sut->ended());
  const JournalEnd end{JournalEndReason::kEnded, 5, 99};
  ASSERT_TRUE(writer_->has_room(sizeof(end)));
  writer_->append(JournalKind::kEnd, 0, kNoRing, TimeNs(1), &end, sizeof(end));
  EXPECT_TRUE(sut->drain(now_));
  EXPECT_TRUE(sut->ended());
  sut = open();
  ASSERT_TRUE(sut);
  EXPECT_TRUE(sut->ended()) << "also when it was started again";
}

TEST_F(StageCarrierTest, ADamagedMemoryIsAnErrorThatNamesTheRecord) {
  auto sut = open();
  ASSERT_TRUE(sut);
  write_up_to(3);
  // The second record's size, as only a stray store leaves it.
  const std::uint32_t absurd = 0xFFFFFF01;
  std::byte* first = memory_->view().segment(0) + kJournalFirstRecordAt;
  std::memcpy(first + 16, &absurd, 4);
  sut->carry(now_);
  EXPECT_EQ(sut->state(), JournalState::kError);
  EXPECT_NE(sut->problem().find("record 0"), std::string::npos) << sut->problem();
}

}  // namespace
}  // namespace pinstripe
