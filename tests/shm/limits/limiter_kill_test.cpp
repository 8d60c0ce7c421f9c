// Several processes hammer one limiter; most of them die by kill -9 at a drawn step, in the midst
// of changing the state. An independent list of what was sent shows that no window ever held more
// than its limit, and afterwards nothing is blocked or lost.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <map>
#include <random>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using namespace limits_test;

constexpr std::size_t kSentMax = 200'000;

/// Written by every process: time, and what was sent.
struct Sent {
  std::int64_t at_ns;
  std::uint32_t b_weight, b_connects, a_weight;
};
struct Shared {
  std::atomic<std::int64_t> clock_ns{kStart};  // moves on with each call of any process
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> stop{false};
  Sent list[kSentMax];
};

struct Mapping {
  Mapping() {
    void* p = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0);
    shared = new (p) Shared;
  }
  ~Mapping() { ::munmap(shared, sizeof(Shared)); }
  Shared* shared;
};

/// Dies by its own kill -9 at the step drawn beforehand.
struct KillFuse {
  std::int64_t steps;  // < 0: never
  static void step(void* context) {
    if (static_cast<KillFuse*>(context)->steps-- == 0) ::kill(::getpid(), SIGKILL);
  }
};

void send_one(Limiter& limiter, Shared& shared, std::mt19937_64& rng) {
  static constexpr LimitScope kConnects{"B", LimitKind::kConnects, ""};
  const auto weight = 1 + static_cast<std::uint32_t>(rng() % 9);
  const bool to_a = rng() % 4 == 0, connects = !to_a && rng() % 8 == 0;
  const LimitCharge charges[] = {{to_a ? kA : kB, weight}, {kConnects, 1}};
  LimitRequest r;
  r.charges = {charges, connects ? 2u : 1u};
  r.priority = static_cast<Priority>(rng() % kPriorities);
  r.patience_ns = rng() % 2 == 0 ? 0 : 400 * kSec;
  const std::int64_t step = static_cast<std::int64_t>(rng() % (100 * kNsPerMs));
  const std::int64_t now = shared.clock_ns.fetch_add(step) + step;
  const Grant g = limiter.request(r, now);
  if (g.verdict == Ruling::kGranted) {
    const std::uint64_t n = shared.sent.fetch_add(1);
    if (n < kSentMax) {
      shared.list[n] = {g.until_ns, to_a ? 0 : weight, connects ? 1u : 0u, to_a ? weight : 0};
    }
  }
  if (rng() % 20 == 0) {
    limiter.answer({to_a ? "A" : "B", AnswerKind::kGood, now, 0, 0, 200, {}}, now);
  }
}

pid_t start(const LimiterOptions& options, Shared& shared, std::uint64_t seed, std::int64_t steps) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  std::mt19937_64 rng(seed);
  KillFuse fuse{steps};
  LimiterOptions own = options;
  own.step = {&KillFuse::step, &fuse};
  auto limiter = Limiter::open(own, shared.clock_ns.load());
  if (!limiter) ::_exit(3);
  while (!shared.stop.load()) send_one(*limiter, shared, rng);
  ::_exit(0);
}

/// Runs four processes at once until `kills` of them have died; then the last end in order.
void hammer(const Folders& folders, Shared& shared, int kills) {
  std::mt19937_64 rng(41);
  std::map<pid_t, bool> running;
  const auto one_more = [&](bool dies) {
    const auto steps = static_cast<std::int64_t>(dies ? rng() % 400 : 0) - (dies ? 0 : 1);
    running[start(folders.options(), shared, rng(), steps)] = dies;
  };
  one_more(false);
  for (int i = 0; i < 3; ++i) one_more(true);
  for (int died = 0; died < kills;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (!running.erase(pid)) continue;
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    ++died;
    one_more(true);
  }
  shared.stop.store(true);
  for (const auto& [pid, dies] : running) {
    int status = 0;
    ::waitpid(pid, &status, 0);
  }
}

TEST(LimiterKill, NoWindowEverHoldsMoreThanItsLimitThoughProcessesDieInMidUpdate) {
  const Folders folders;
  const Mapping mapping;
  Shared& shared = *mapping.shared;
  hammer(folders, shared, 400);
  const std::uint64_t sent = std::min<std::uint64_t>(shared.sent.load(), kSentMax);
  EXPECT_GT(sent, 1'000u);
  PlainCounter a, b, connects;
  for (std::uint64_t i = 0; i < sent; ++i) {
    const Sent& s = shared.list[i];
    a.sent(s.at_ns, s.a_weight);
    b.sent(s.at_ns, s.b_weight);
    connects.sent(s.at_ns, s.b_connects);
  }
  for (PlainCounter* c : {&a, &b, &connects}) c->sort();
  EXPECT_LE(b.worst_rolling(5 * kSec), 60u);
  EXPECT_GT(b.worst_rolling(5 * kSec), 40u) << "hardly anything was asked for";
  EXPECT_LE(connects.worst_rolling(300 * kSec), 30u);
  for (const std::int64_t skew : {-kSec, std::int64_t{0}, kSec}) {
    EXPECT_LE(a.worst_interval(60 * kSec, skew), 100u);
  }
  const auto state = read_limit_state(folders.options(), shared.clock_ns.load());
  ASSERT_TRUE(state.has_value());
  EXPECT_GT((*state)->head.rolled_back, 100u) << "hardly anyone died in the midst of a change";
  // The dead block nothing: once the windows have passed, all of the limit is there.
  const std::int64_t later = shared.clock_ns.load() + 1'000 * kSec;
  auto sut = Limiter::open(folders.options(), later);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->request(kB, 60, Priority::kCancel, later).verdict, Ruling::kGranted);
  EXPECT_EQ(sut->request(kA, 100, Priority::kCancel, later).verdict, Ruling::kGranted);
}

/// Uses of a bucket of B, as one who looks on sees them.
std::uint64_t used_of(const Folders& folders, LimitKind kind) {
  const auto state = read_limit_state(folders.options(), kStart);
  if (!state) return UINT64_MAX;
  for (LimitBucket& b : (*state)->buckets) {
    if (name_of(b.venue) == "B" && b.kind == kind) {
      return WindowCount(b.window, b.shape()).used(kStart);
    }
  }
  return 0;
}

/// A request of 3 and of one connection, by a process that dies at step `steps`; true: it died.
bool dies_at(const Folders& folders, std::int64_t steps) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    KillFuse fuse{-1};
    auto limiter = Limiter::open(folders.options({&KillFuse::step, &fuse}), kStart);
    if (!limiter) ::_exit(3);
    fuse.steps = steps;
    const LimitCharge charges[] = {{kB, 3}, {{"B", LimitKind::kConnects, ""}, 1}};
    LimitRequest r;
    r.charges = charges;
    r.priority = Priority::kCancel;
    ::_exit(limiter->request(r, kStart).verdict == Ruling::kGranted ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status);
}

TEST(LimiterKill, WhoIsOpenAlreadyPutsBackWhatADeadOneLeftHalfDone) {
  const Folders folders;
  auto sut = Limiter::open(folders.options(), kStart);
  ASSERT_TRUE(sut.has_value());
  ASSERT_FALSE(dies_at(folders, -1));  // makes the buckets: every later step is one of the charges
  std::uint64_t connects = 1, undone = 0;
  for (std::int64_t steps = 0; steps < 400; ++steps) {
    const bool died = dies_at(folders, steps);
    ASSERT_TRUE(sut->answer({"B", AnswerKind::kGood, kStart, 0, 0, 200, {}}, kStart));
    const std::uint64_t now = used_of(folders, LimitKind::kConnects);
    ASSERT_EQ(used_of(folders, LimitKind::kRequests), 3 * now) << "half a change, step " << steps;
    undone += now == connects ? 1 : 0;
    connects = now;
    if (!died) break;
    ASSERT_LT(connects, 20u) << "a change of the last step is whole: counted each time";
  }
  EXPECT_GT(undone, 5u);
  EXPECT_GT(connects, 1u);
}

}  // namespace
}  // namespace pinstripe
