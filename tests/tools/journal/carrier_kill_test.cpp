// A carrier process that dies by kill -9 at drawn moments, again and again, while the stage writes
// on: the journal on disk is always a gapless prefix of what was written, and whole in the end.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/tools/journal/journal_support.h"
#include "tools/journal/stage_carrier.h"

namespace pinstripe {
namespace {

constexpr JournalShape kShape{4096, 8};
constexpr int kKills = 100;

/// Memory that parent and child share.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
    at_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  ~SharedMemory() { ::munmap(at_, bytes_); }
  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(at_), bytes_}; }

 private:
  void* at_;
  std::size_t bytes_;
};

void pause_us(std::uint64_t us) {
  const timespec t{0, static_cast<long>(us * 1000)};
  ::nanosleep(&t, nullptr);
}

class CarrierKill : public JournalFolder {
 protected:
  /// A child that carries until it is killed, syncing all the time.
  pid_t start(const JournalView& view) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    CarrierOptions options;
    options.sync_ns = 1;
    options.sync_bytes = 2048;
    options.copy_bytes = 1500;
    options.file_bytes = 16 * 1024;
    auto carrier = StageCarrier::open(view, dir_, options);
    if (!carrier) {
      std::fprintf(stderr, "%s\n", carrier.error().message.c_str());
      ::_exit(3);
    }
    for (std::int64_t now = 1;; ++now) carrier->carry(now);
  }
};

TEST_F(CarrierKill, ADrawnKillNeverLosesOrDoublesARecord) {
  const std::uint64_t seed = 2024;
  const JournalIdentity id = small_identity();
  const SharedMemory memory(journal_bytes(kShape));
  format_journal(memory.bytes(), kShape, id);
  auto writer = JournalWriter::attach(memory.bytes(), id);
  ASSERT_TRUE(writer);
  const JournalView view = *attach_journal(memory.bytes(), &id);
  std::vector<RecordCopy> written;
  auto follower = JournalReader::open(dir_, &id, {});
  ASSERT_TRUE(follower);
  std::uint64_t grown = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t pid = start(view);
    ASSERT_GT(pid, 0);
    // Some die while they open the journal, some in the middle of their work.
    const std::uint64_t life_us = random_draw(seed, 1, static_cast<std::uint64_t>(kill), 0) % 3000;
    for (std::uint64_t us = 0; us < life_us; us += 100) {
      for (int i = 0; i < 20; ++i) {
        RecordCopy r = drawn_record(seed, written.size());
        if (!append(*writer, r)) break;
        written.push_back(std::move(r));
      }
      writer->publish_progress();
      pause_us(100);
    }
    ::kill(pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "kill " << kill;
    // One reader follows through all lives: what it was given once stays true.
    const std::uint64_t carried = view.header()->carried_records;
    if (!std::filesystem::exists(dir_)) continue;
    JournalEntry e;
    for (;;) {
      const auto found = follower->next(e);
      ASSERT_TRUE(found) << "kill " << kill << ": " << found.error().message;
      if (!*found) break;
      ASSERT_LT(grown, written.size());
      ASSERT_EQ(copy_of(e), written[grown]) << "kill " << kill << " record " << grown;
      ++grown;
    }
    ASSERT_GE(follower->place().record, carried) << "said to be carried, and is not there";
  }
  EXPECT_GT(grown, 1000U);
  auto last = StageCarrier::open(view, dir_, {});
  ASSERT_TRUE(last) << last.error().message;
  ASSERT_TRUE(last->drain(1));
  const ReadAll all = read_all(dir_, &id);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.torn, "");
  EXPECT_EQ(all.records, written);
}

}  // namespace
}  // namespace pinstripe
