// Two processes over one ring in /dev/shm, either of which is killed at a drawn instruction
// thousands of times, in mid-write and between act and release. Nothing may be lost, doubled or
// torn.
#include <gtest/gtest.h>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <random>

#include "shm/ring/end_lock.h"
#include "shm/ring/segment.h"
#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::TempDir;

constexpr std::uint64_t kCapacity = 8;
constexpr int kKills = 3000;
constexpr std::uint64_t kTail = 1000;  // messages after the last kill

/// The consumer's journal and the test's controls, shared by all processes.
struct Shared {
  std::atomic<std::uint64_t> acted{0};      // messages acted on
  std::atomic<std::uint64_t> last{0};       // > 0: number of messages to end with
  std::atomic<std::uint64_t> half_written{0};
  std::atomic<std::uint64_t> seen_again{0};
  std::atomic<std::uint64_t> refused{0};       // ends not taken over
  std::atomic<std::uint64_t> torn{0};
  std::atomic<std::uint64_t> lost{0};
};

/// Dies by its own kill -9 at the step drawn beforehand: as exact as a debugger, and repeatable.
struct Fuse {
  std::int64_t steps;  // < 0: never
  void step() noexcept {
    if (steps-- == 0) ::kill(::getpid(), SIGKILL);
  }
};

/// Writes a message piece by piece, so that it can die between any two.
void write_slowly(MarketEvent& e, std::uint64_t n, Fuse& fuse) noexcept {
  MarketEvent whole;
  ring_test::fill(whole, n);
  for (std::size_t at = 8; at < sizeof(MarketEvent); at += 8) {
    std::memcpy(reinterpret_cast<std::byte*>(&e) + at,
                reinterpret_cast<const std::byte*>(&whole) + at, 8);
    asm volatile("" : : : "memory");  // eight bytes at a time, in this order
    fuse.step();
  }
}

[[noreturn]] void produce(const RingView& view, Shared& shared, const std::string& lock,
                          Fuse fuse) {
  const auto end = EndLock::acquire(lock, "the producer end");
  if (!end) {
    shared.refused.fetch_add(1);
    ::_exit(3);
  }
  RingProducer<MarketEvent> ring(view);
  if (view.slot(ring.published())->word % 2 == 1) shared.half_written.fetch_add(1);
  while (true) {
    const std::uint64_t last = shared.last.load();
    if (last > 0 && ring.published() >= last) ::_exit(0);
    if (!ring.has_room(1)) {
      ::sched_yield();
      continue;
    }
    const std::uint64_t n = ring.published();
    MarketEvent& e = ring.claim();
    fuse.step();
    write_slowly(e, n, fuse);
    ring.commit();
    fuse.step();
  }
}

[[noreturn]] void consume(const RingView& view, Shared& shared, const std::string& lock,
                          Fuse fuse) {
  const auto end = EndLock::acquire(lock, "the consumer end");
  if (!end) {
    shared.refused.fetch_add(1);
    ::_exit(3);
  }
  RingConsumer<> ring(view);
  while (true) {
    const std::uint64_t last = shared.last.load();
    if (last > 0 && shared.acted.load() >= last) ::_exit(0);
    const MsgHeader* head = ring.peek();
    if (head == nullptr) {
      ring.release();
      ::sched_yield();
      continue;
    }
    const std::uint64_t n = ring.taken();
    if (!ring_test::holds(ring_test::event(head), n)) shared.torn.fetch_add(1);
    fuse.step();
    if (n == shared.acted.load()) {
      shared.acted.store(n + 1);  // the act, journaled
    } else if (n < shared.acted.load()) {
      shared.seen_again.fetch_add(1);  // acted on before the kill, not released: skipped
    } else {
      shared.lost.fetch_add(1);
    }
    fuse.step();
    ring.advance();
    if (n % 3 == 0) ring.release();
    fuse.step();
  }
}

TEST(RingKill, NothingIsLostDoubledOrTornWhenEitherEndIsKilledThousandsOfTimes) {
  const TempDir dir;
  const RingShape shape = ring_test::shape(kCapacity);
  auto segment = Segment::create(dir.file("a.b.ring"), ring_bytes(shape));
  ASSERT_TRUE(segment.has_value()) << segment.error().message;
  format_ring(segment->bytes(), shape);
  auto view = attach_ring(segment->bytes(), shape);
  ASSERT_TRUE(view.has_value());
  auto control = Segment::create(dir.file("control"), sizeof(Shared));
  ASSERT_TRUE(control.has_value());
  auto& shared = *new (control->bytes().data()) Shared();

  std::mt19937_64 rng(20240607);
  auto start = [&](bool producer, bool dies) -> pid_t {
    const Fuse fuse{dies ? static_cast<std::int64_t>(rng() % 120) : -1};
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    if (producer) produce(*view, shared, dir.file("a.b.producer.lock"), fuse);
    consume(*view, shared, dir.file("a.b.consumer.lock"), fuse);
  };
  pid_t producer = start(true, true);
  pid_t consumer = start(false, true);
  for (int kills = 0; kills < kKills; ++kills) {
    int status = 0;
    const pid_t dead = ::waitpid(-1, &status, 0);
    ASSERT_TRUE(dead == producer || dead == consumer);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
    const bool dies = kills + 2 < kKills;
    (dead == producer ? producer : consumer) = start(dead == producer, dies);
    if (kills + 2 == kKills) break;
  }
  // One end may still carry a fuse; let it die, then let both run to an agreed end.
  shared.last.store(ring_published(*view) + kTail);
  for (int ended = 0; ended < 2;) {
    int status = 0;
    const pid_t dead = ::waitpid(-1, &status, 0);
    ASSERT_TRUE(dead == producer || dead == consumer);
    if (WIFSIGNALED(status)) {
      (dead == producer ? producer : consumer) = start(dead == producer, false);
    } else {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      ++ended;
    }
  }
  EXPECT_EQ(shared.refused.load(), 0U);
  EXPECT_EQ(shared.torn.load(), 0U);
  EXPECT_EQ(shared.lost.load(), 0U);
  EXPECT_EQ(shared.acted.load(), shared.last.load());
  EXPECT_EQ(ring_published(*view), shared.last.load());
  EXPECT_GT(shared.half_written.load(), 100U) << "the kills must hit messages being written";
  EXPECT_GT(shared.seen_again.load(), 100U) << "the kills must hit between act and release";
}

}  // namespace
}  // namespace pinstripe
