// A small journal: records of drawn kinds and sizes, in shared memory of a few small segments.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shm/base/hash.h"
#include "shm/run/journal_writer.h"
#include "tools/journal/disk_file.h"
#include "tools/journal/reader.h"

namespace pinstripe {

inline constexpr JournalShape kSmallShape{1024, 4};

inline JournalIdentity small_identity(const std::string& stage = "risk") {
  JournalIdentity id;
  id.session_id = {0x1122334455667788ULL, 42};
  set_identity_name(id.session, "small");
  set_identity_name(id.stage, stage);
  set_identity_name(id.build_id, "0123456789abcdef");
  id.kind = 3;
  id.config_digest = 77;
  return id;
}

/// What was written or read, to be compared.
struct RecordCopy {
  std::uint64_t number = 0;
  std::int64_t now = 0;
  JournalKind kind{};
  std::uint8_t input = 0;
  std::uint16_t ring = 0;
  std::vector<std::byte> payload;
  bool operator==(const RecordCopy&) const = default;
};

inline RecordCopy copy_of(const JournalEntry& e) {
  return {e.number, e.now.value, e.kind, e.input, e.ring, {e.payload.begin(), e.payload.end()}};
}

/// Record number n of the journal of `seed`: a timer or a message of 64 to 192 bytes. The same
/// wherever it is asked for.
inline RecordCopy drawn_record(std::uint64_t seed, std::uint64_t n) {
  RecordCopy r;
  const std::uint64_t draw = random_draw(seed, 1, n, 0);
  r.now = static_cast<std::int64_t>(n * 10);
  if (draw % 5 == 0) {
    r.kind = JournalKind::kTimer;
    r.ring = kNoRing;
    return r;
  }
  r.kind = JournalKind::kMessage;
  r.input = static_cast<std::uint8_t>(draw >> 8 & 1);
  r.ring = static_cast<std::uint16_t>(3 + r.input);
  r.payload.resize(64 * (1 + (draw >> 16) % 3));
  for (std::size_t at = 0; at < r.payload.size(); at += 8) {
    const std::uint64_t word = random_draw(seed, 2, n, at);
    std::memcpy(r.payload.data() + at, &word, 8);
  }
  const std::uint64_t word = 2 * n + 2;
  std::memcpy(r.payload.data(), &word, 8);
  return r;
}

/// Appends it where there is room; numbers what kSegmentEnd leaves out.
inline bool append(JournalWriter& writer, RecordCopy& r) {
  const auto payload = static_cast<std::uint32_t>(r.payload.size());
  if (!writer.has_room(payload)) return false;
  r.number = writer.records();
  writer.append(r.kind, r.input, r.ring, TimeNs(r.now), r.payload.data(), payload);
  return true;
}

/// A folder of its own, gone at the end.
class JournalFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    // In memory: a sync costs nothing there, and there are thousands.
    folder_ = std::filesystem::path("/dev/shm") /
              (std::string("pinstripe-journal-") + test->name() + "-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    dir_ = (folder_ / "risk").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  DiskWriterOptions options(std::uint64_t file_bytes = kDiskFileBytes) const {
    DiskWriterOptions o;
    o.segment_bytes = kSmallShape.segment_bytes;
    o.file_bytes = file_bytes;
    return o;
  }

  /// Writes `count` drawn records to `dir` as the carrier would, synced at the end when `synced`.
  std::vector<RecordCopy> write_journal(const std::string& dir, std::uint64_t count,
                                        std::uint64_t file_bytes = kDiskFileBytes,
                                        bool synced = true,
                                        const JournalIdentity& id = small_identity()) {
    std::vector<RecordCopy> all;
    PrivateJournal memory(kSmallShape, id);
    auto writer = JournalWriter::attach(memory.memory(), id);
    auto disk = DiskWriter::open(dir, id, options(file_bytes));
    EXPECT_TRUE(writer && disk);
    if (!writer || !disk) return all;
    JournalWalk walk(memory.view());
    for (std::uint64_t n = 0; n < count; ++n) {
      RecordCopy r = drawn_record(7, n);
      EXPECT_TRUE(append(*writer, r));
      all.push_back(std::move(r));
      carry(walk, *disk);
      free_journal_segments(memory.view(), walk.at().position / kSmallShape.segment_bytes);
    }
    EXPECT_TRUE(!synced || disk->sync());
    return all;
  }

  /// Carries every committed record behind `walk`.
  static void carry(JournalWalk& walk, DiskWriter& disk) {
    JournalEntry e;
    while (walk.next(e) == JournalLook::kRecord) {
      const auto bytes = journal_record_bytes(e);
      std::vector<std::byte> copy(bytes.begin(), bytes.end());
      const auto written = disk.append(copy);
      EXPECT_TRUE(written) << written.error().message;
    }
  }

  struct ReadAll {
    std::vector<RecordCopy> records;
    std::string torn;
    std::string error;
  };
  static ReadAll read_all(const std::string& dir, const JournalIdentity* expected = nullptr,
                          std::span<std::byte> memory = {}) {
    ReadAll all;
    auto reader = JournalReader::open(dir, expected, memory);
    if (!reader) return {{}, "", reader.error().message};
    JournalEntry e;
    for (;;) {
      const auto found = reader->next(e);
      if (!found) {
        all.error = found.error().message;
        break;
      }
      if (!*found) break;
      all.records.push_back(copy_of(e));
    }
    all.torn = reader->torn();
    return all;
  }

  static std::vector<char> bytes_of_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write_file(const std::string& path, const std::vector<char>& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(),
                                                static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path folder_;
  std::string dir_;  // of the stage "risk"
};

}  // namespace pinstripe
