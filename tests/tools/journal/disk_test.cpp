// The journal on disk: what was written is read; whatever else is in the files is told by name.
#include "tests/tools/journal/journal_support.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

using JournalDisk = JournalFolder;

TEST_F(JournalDisk, GivesBackWhatWasWrittenOverManyFilesAndSegments) {
  const auto written = write_journal(dir_, 200, 4096);
  const auto files = list_journal_files(dir_);
  ASSERT_TRUE(files);
  EXPECT_GT(files->size(), 4U);
  const ReadAll sut = read_all(dir_);
  EXPECT_EQ(sut.error, "");
  EXPECT_EQ(sut.torn, "");
  EXPECT_EQ(sut.records, written);
}

TEST_F(JournalDisk, EveryByteChangedIsRefusedWithFileAndRecord) {
  const auto written = write_journal(dir_, 12);
  const std::string path = dir_ + "/" + disk_file_name(0);
  const std::vector<char> good = bytes_of_file(path);
  ASSERT_GT(good.size(), kDiskHeaderBytes + 1000);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::vector<char> bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1 << (at * 5 % 8));
    write_file(path, bad);
    const ReadAll sut = read_all(dir_);
    ASSERT_NE(sut.error, "") << "byte " << at;
    ASSERT_NE(sut.error.find(path), std::string::npos) << sut.error;
    ASSERT_NE(sut.error.find("record "), std::string::npos) << sut.error;
    ASSERT_NE(sut.error.find("offset "), std::string::npos) << sut.error;
    // Never a record that was not written.
    ASSERT_LT(sut.records.size(), written.size());
    for (std::size_t i = 0; i < sut.records.size(); ++i) ASSERT_EQ(sut.records[i], written[i]);
  }
}

TEST_F(JournalDisk, TruncatedBelowTheLastSyncIsRefusedAtEveryLength) {
  const auto written = write_journal(dir_, 12);
  const std::string path = dir_ + "/" + disk_file_name(0);
  const auto bytes = static_cast<std::size_t>(fs::file_size(path));
  for (std::size_t size = bytes - 1; size >= kDiskHeaderBytes; --size) {
    fs::resize_file(path, size);
    const ReadAll sut = read_all(dir_);
    ASSERT_NE(sut.error.find(path), std::string::npos) << sut.error;
    ASSERT_NE(sut.error.find("on disk up to record"), std::string::npos) << sut.error;
    ASSERT_LT(sut.records.size(), written.size());
    const auto writer = DiskWriter::open(dir_, small_identity(), options());
    ASSERT_FALSE(writer) << "nothing is written behind a damaged file";
    ASSERT_NE(writer.error().message.find(path), std::string::npos) << writer.error().message;
  }
}

TEST_F(JournalDisk, ATornTailIsCutAndSaidAtEveryLength) {
  const auto written = write_journal(dir_, 12, kDiskFileBytes, false);
  const std::string path = dir_ + "/" + disk_file_name(0);
  const std::vector<char> good = bytes_of_file(path);
  std::size_t torn = 0;
  for (std::size_t size = 0; size <= good.size(); ++size) {
    write_file(path, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    const ReadAll before = size >= kDiskHeaderBytes ? read_all(dir_) : ReadAll{};
    ASSERT_EQ(before.error, "");
    auto writer = DiskWriter::open(dir_, small_identity(), options());
    ASSERT_TRUE(writer) << writer.error().message;
    // Said exactly where something was cut, by the reader and by the writer that goes on.
    const bool cut = fs::file_size(path) != size;
    EXPECT_EQ(writer->notes().size(), cut ? 1U : 0U) << size;
    EXPECT_EQ(before.torn.empty(), !cut || size < kDiskHeaderBytes) << size << before.torn;
    torn += cut ? 1 : 0;
    const ReadAll sut = read_all(dir_);
    ASSERT_EQ(sut.error, "");
    ASSERT_EQ(sut.torn, "");
    ASSERT_EQ(sut.records, before.records);
    for (std::size_t i = 0; i < sut.records.size(); ++i) ASSERT_EQ(sut.records[i], written[i]);
  }
  EXPECT_GT(torn, good.size() / 2);
}

TEST_F(JournalDisk, WhatACrashLeavesBehindTheLastSyncIsATornTail) {
  const auto written = write_journal(dir_, 12);
  const std::string path = dir_ + "/" + disk_file_name(0);
  const std::vector<char> good = bytes_of_file(path);
  const std::vector<std::vector<char>> tails{
      std::vector<char>(5, '\0'), std::vector<char>(4096, '\0'), std::vector<char>(700, '\x5a')};
  for (const auto& tail : tails) {
    std::vector<char> bad = good;
    bad.insert(bad.end(), tail.begin(), tail.end());
    write_file(path, bad);
    const ReadAll sut = read_all(dir_);
    EXPECT_EQ(sut.error, "");
    EXPECT_EQ(sut.records, written);
    EXPECT_NE(sut.torn.find(path), std::string::npos) << sut.torn;
    ASSERT_TRUE(DiskWriter::open(dir_, small_identity(), options()));
    EXPECT_EQ(fs::file_size(path), good.size());
  }
}

TEST_F(JournalDisk, AnEditInTheMiddleIsToldFromATornTailWithoutASync) {
  write_journal(dir_, 12, kDiskFileBytes, false);
  const std::string path = dir_ + "/" + disk_file_name(0);
  const std::vector<char> good = bytes_of_file(path);
  std::vector<char> bad = good;
  bad[kDiskHeaderBytes + kJournalRecordBytes + 9] ^= 1;
  write_file(path, bad);
  EXPECT_NE(read_all(dir_).error.find("edited"), std::string::npos);
}

TEST_F(JournalDisk, MissingSwappedAndForeignFilesAreNamed) {
  write_journal(dir_, 200, 4096);
  const std::vector<JournalFileName> files = *list_journal_files(dir_);
  ASSERT_GT(files.size(), 4U);
  const std::string second = files[1].path, third = files[2].path, aside = dir_ + "/aside";

  fs::rename(second, aside);
  ReadAll sut = read_all(dir_);
  EXPECT_NE(sut.error.find("missing"), std::string::npos) << sut.error;
  EXPECT_NE(sut.error.find(third), std::string::npos) << sut.error;
  EXPECT_NE(sut.error.find("records " + std::to_string(files[1].first_record) + " to "),
            std::string::npos) << sut.error;

  fs::rename(third, second);
  fs::rename(aside, third);
  sut = read_all(dir_);
  EXPECT_NE(sut.error.find(second), std::string::npos) << sut.error;
  EXPECT_NE(sut.error.find("renamed"), std::string::npos) << sut.error;
  fs::rename(third, aside);
  fs::rename(second, third);
  fs::rename(aside, second);
  ASSERT_EQ(read_all(dir_).error, "");

  fs::rename(files[0].path, aside);
  sut = read_all(dir_);
  EXPECT_NE(sut.error.find("missing"), std::string::npos) << sut.error;
  fs::rename(aside, files[0].path);

  // The same records, in a journal of another configuration.
  JournalIdentity other = small_identity();
  other.config_digest = 78;
  const std::string elsewhere = (folder_ / "other").string();
  write_journal(elsewhere, 200, 4096, true, other);
  fs::rename(second, aside);
  fs::copy_file(elsewhere + "/" + fs::path(second).filename().string(), second);
  sut = read_all(dir_);
  EXPECT_NE(sut.error.find(second), std::string::npos) << sut.error;
  EXPECT_NE(sut.error.find("foreign"), std::string::npos) << sut.error;
  fs::remove(second);
  fs::rename(aside, second);
  const JournalIdentity id = small_identity();
  EXPECT_EQ(read_all(dir_, &id).error, "");
  EXPECT_NE(read_all(dir_, &other).error.find("foreign"), std::string::npos);
}

TEST_F(JournalDisk, AFileOfAnotherRunWithTheSameIdentityDoesNotGoOn) {
  write_journal(dir_, 200, 4096);
  const std::string elsewhere = (folder_ / "other").string();
  write_journal(elsewhere, 200, 4096);
  const std::vector<JournalFileName> files = *list_journal_files(dir_);
  // One record of the other run differs, its chain made to fit: only the next file tells.
  const std::string path = elsewhere + "/" + fs::path(files[0].path).filename().string();
  std::vector<char> bytes = bytes_of_file(path);
  std::uint64_t chain = first_chain(small_identity());
  bool changed = false;
  for (std::size_t at = kDiskHeaderBytes; at < bytes.size();) {
    auto* record = reinterpret_cast<std::byte*>(bytes.data() + at);
    std::uint32_t payload = 0;
    std::memcpy(&payload, record + 16, 4);
    if (payload > 0 && !changed) record[60] ^= std::byte{1}, changed = true;
    chain = chain_after(chain, {record, kJournalRecordBytes + payload});
    std::memcpy(record, &chain, 8);
    at += kJournalRecordBytes + payload;
  }
  auto* header = reinterpret_cast<DiskHeader*>(bytes.data());
  header->mark.chain = chain;
  header->mark.hash = hash_of(header->mark);
  write_file(files[0].path, bytes);
  const ReadAll sut = read_all(dir_);
  EXPECT_NE(sut.error.find(files[1].path), std::string::npos) << sut.error;
  EXPECT_NE(sut.error.find("does not go on"), std::string::npos) << sut.error;
}

TEST_F(JournalDisk, GoesOnFromTheSharedMemoryAndBackToTheDisk) {
  const JournalIdentity id = small_identity();
  PrivateJournal memory(kSmallShape, id);
  auto writer = JournalWriter::attach(memory.memory(), id);
  auto disk = DiskWriter::open(dir_, id, options(4096));
  ASSERT_TRUE(writer && disk);
  auto reader = JournalReader::open(dir_, &id, memory.memory());
  ASSERT_TRUE(reader) << reader.error().message;
  JournalWalk walk(memory.view());
  std::vector<RecordCopy> written, read;
  for (std::uint64_t n = 0; n < 400; ++n) {
    RecordCopy r = drawn_record(9, n);
    ASSERT_TRUE(append(*writer, r));
    written.push_back(r);
    // The reader follows for a while, then lags until memory is gone, then follows again.
    const bool reads = n / 50 % 2 == 0;
    JournalEntry e;
    while (reads) {
      const auto found = reader->next(e);
      ASSERT_TRUE(found) << found.error().message;
      if (!*found) break;
      read.push_back(copy_of(e));
    }
    ASSERT_TRUE(!reads || read.size() == written.size());
    carry(walk, *disk);
    free_journal_segments(memory.view(), walk.at().position / kSmallShape.segment_bytes);
  }
  JournalEntry e;
  for (auto found = reader->next(e); found && *found; found = reader->next(e)) {
    read.push_back(copy_of(e));
  }
  EXPECT_EQ(read, written);
}

TEST_F(JournalDisk, SeeksToWhatACheckpointNamesAndRefusesAnotherPlace) {
  const auto written = write_journal(dir_, 200, 4096);
  auto all = JournalReader::open(dir_, nullptr, {});
  ASSERT_TRUE(all);
  JournalEntry e;
  for (std::size_t i = 0; i < written.size(); ++i) {
    ASSERT_TRUE(*all->next(e));
    if (i % 7 != 0) continue;
    auto sut = JournalReader::open(dir_, nullptr, {});
    ASSERT_TRUE(sut->seek(all->place())) << i;
    JournalEntry first;
    for (std::size_t k = i + 1; k < written.size() && k < i + 20; ++k) {
      ASSERT_TRUE(*sut->next(first)) << k;
      EXPECT_EQ(copy_of(first), written[k]);
    }
    JournalPlace wrong = all->place();
    wrong.chain ^= 1;
    EXPECT_FALSE(sut->seek(wrong));
  }
}

TEST_F(JournalDisk, AFollowerSeesWhatIsAppendedWithoutOpeningAgain) {
  const JournalIdentity id = small_identity();
  PrivateJournal memory(kSmallShape, id);
  auto writer = JournalWriter::attach(memory.memory(), id);
  auto disk = DiskWriter::open(dir_, id, options(2048));
  auto reader = JournalReader::open(dir_, &id, {});
  ASSERT_TRUE(writer && disk && reader);
  JournalWalk walk(memory.view());
  JournalEntry e;
  for (std::uint64_t n = 0; n < 300; ++n) {
    RecordCopy r = drawn_record(11, n);
    ASSERT_TRUE(append(*writer, r));
    carry(walk, *disk);
    free_journal_segments(memory.view(), walk.at().position / kSmallShape.segment_bytes);
    auto found = reader->next(e);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(*found) << n;
    ASSERT_EQ(copy_of(e), r);
    found = reader->next(e);
    ASSERT_TRUE(found && !*found) << n;
  }
}

TEST_F(JournalDisk, AHoleIsGivenAndCountedOver) {
  const JournalIdentity id = small_identity();
  auto disk = DiskWriter::open(dir_, id, options());
  ASSERT_TRUE(disk);
  const std::uint64_t behind = 5 * kSmallShape.segment_bytes + kJournalFirstRecordAt;
  ASSERT_TRUE(disk->append_hole(41, behind));
  EXPECT_EQ(disk->place().record, 41U);
  EXPECT_EQ(disk->place().position, behind);
  ASSERT_TRUE(disk->sync());
  auto reader = JournalReader::open(dir_, nullptr, {});
  JournalEntry e;
  ASSERT_TRUE(*reader->next(e));
  EXPECT_EQ(e.kind, JournalKind::kHole);
  EXPECT_EQ(e.number, 0U);
  EXPECT_EQ(reader->place().record, 41U);
  EXPECT_FALSE(*reader->next(e));
}

}  // namespace
}  // namespace pinstripe
