// Checkpoints on disk: what is written is read, two are kept, one changed byte is refused by name.
#include "tests/tools/journal/journal_support.h"
#include "tools/journal/checkpoint_file.h"

namespace pinstripe {
namespace {

class CheckpointFile : public JournalFolder {
 protected:
  void SetUp() override {
    JournalFolder::SetUp();
    std::filesystem::create_directories(dir_);
  }
  /// A checkpoint behind `record` records with that many messages on each of two rings.
  static CheckpointHead head(std::uint64_t record) {
    CheckpointHead h;
    h.identity = small_identity();
    h.record = record;
    h.position = record * 100;
    h.chain = record + 7;
    h.state_hash = record + 9;
    h.progress = record;
    h.outputs = 2;
    h.published = {record, record + 1};
    return h;
  }
  static std::vector<std::byte> state(std::uint64_t record) {
    std::vector<std::byte> bytes(203);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(record + i);
    return bytes;
  }
  void write(std::uint64_t record) {
    const auto written = write_checkpoint(dir_, head(record), state(record));
    ASSERT_TRUE(written) << written.error().message;
  }
  std::optional<Checkpoint> newest(std::uint64_t record_max = UINT64_MAX,
                                   std::uint64_t published = UINT64_MAX,
                                   const JournalIdentity& identity = small_identity()) {
    refused_.clear();
    return newest_checkpoint(dir_, identity, record_max, std::vector{published, published},
                             refused_);
  }
  std::string path(std::uint64_t record) const {
    char name[40];
    std::snprintf(name, sizeof(name), "/checkpoint-%012d.pck", static_cast<int>(record));
    return dir_ + name;
  }
  std::vector<std::string> refused_;
};

TEST_F(CheckpointFile, TheNewestIsReadAndTwoAreKept) {
  EXPECT_FALSE(newest());
  for (const std::uint64_t record : {100, 200, 300}) write(record);
  const auto all = list_checkpoints(dir_);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].path, path(200));
  EXPECT_EQ(all[1].record, 300U);
  const auto sut = newest();
  ASSERT_TRUE(sut);
  EXPECT_EQ(sut->path, path(300));
  EXPECT_EQ(sut->head.state_hash, 309U);
  EXPECT_EQ(sut->head.place().chain, 307U);
  EXPECT_EQ(sut->head.published[1], 301U);
  EXPECT_EQ(sut->state, state(300));
  EXPECT_TRUE(refused_.empty());
}

TEST_F(CheckpointFile, AnyChangedByteIsRefusedByNameAndTheOlderOneTaken) {
  write(100);
  write(200);
  const auto whole = bytes_of_file(path(200));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write_file(path(200), changed);
    const auto sut = newest();
    ASSERT_TRUE(sut) << at;
    ASSERT_EQ(sut->head.record, 100U) << "byte " << at;
    ASSERT_EQ(refused_.size(), 1U);
    ASSERT_NE(refused_[0].find(path(200)), std::string::npos) << refused_[0];
  }
}

TEST_F(CheckpointFile, OneThatIsCutOrTooLongIsRefused) {
  write(100);
  const auto whole = bytes_of_file(path(100));
  for (std::size_t bytes = 0; bytes <= whole.size() + 1; ++bytes) {
    auto changed = whole;
    changed.resize(bytes);
    write_file(path(100), changed);
    ASSERT_EQ(newest().has_value(), bytes == whole.size()) << bytes;
  }
}

TEST_F(CheckpointFile, OneThatIsAheadOfTheJournalOrOfARingIsPassedOver) {
  write(100);
  write(200);
  EXPECT_EQ(newest(200)->head.record, 200U);
  EXPECT_EQ(newest(199)->head.record, 100U);
  EXPECT_NE(refused_.at(0).find("the journal has 199"), std::string::npos);
  EXPECT_EQ(newest(200, 200)->head.record, 100U);
  EXPECT_NE(refused_.at(0).find("201 messages of output 1, but the ring shows 200"),
            std::string::npos) << refused_.at(0);
  EXPECT_FALSE(newest(99));
}

TEST_F(CheckpointFile, AForeignOneIsRefusedWithBothValues) {
  write(100);
  auto other = small_identity();
  other.config_digest = 78;
  EXPECT_FALSE(newest(UINT64_MAX, UINT64_MAX, other));
  EXPECT_NE(refused_.at(0).find("config_digest is 0x000000000000004d, expected "
                                "0x000000000000004e"),
            std::string::npos) << refused_.at(0);
}

TEST_F(CheckpointFile, WhatWasBeingWrittenByAHelperThatDiedDoesNotCount) {
  write(100);
  write_file(path(200) + ".new", bytes_of_file(path(100)));
  std::filesystem::copy(path(100), path(300));  // renamed by hand
  EXPECT_EQ(newest()->head.record, 100U);
  EXPECT_NE(refused_.at(0).find("its name says 300"), std::string::npos) << refused_.at(0);
}

}  // namespace
}  // namespace pinstripe
