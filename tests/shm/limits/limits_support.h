// What the tests of the limiter share: small rules, a plain window counter that knows nothing of
// buckets and parts, folders of their own.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shm/limits/ledger.h"
#include "shm/limits/limiter.h"

namespace pinstripe::limits_test {

inline constexpr std::int64_t kSec = kNsPerSecond;
inline constexpr std::int64_t kStart = 1'700'000'000 * kSec;  // lies on 20 s, not on a minute

/// Two venues: A counts requests by the minute, orders by 10 s and by the day; B rolls.
inline constexpr LimitRule kRules[] = {
    {"A", "A", LimitKind::kRequests, "", LimitCounting::kClock, 60 * kSec, kSec, 100, 10},
    {"A", "A", LimitKind::kOrders, "", LimitCounting::kClock, 10 * kSec, 0, 8, 0},
    {"A", "A", LimitKind::kOrders, "", LimitCounting::kClock, 86'400 * kSec, 0, 50, 0},
    {"A", "A", LimitKind::kMessages, "", LimitCounting::kRolling, kSec, 0, 5, 0},
    {"B", "B", LimitKind::kRequests, "", LimitCounting::kRolling, 5 * kSec, 0, 60, 6},
    {"B", "B", LimitKind::kEndpoint, "", LimitCounting::kRolling, 2 * kSec, 0, 4, 0},
    {"B", "B", LimitKind::kEndpoint, "GET /fast", LimitCounting::kRolling, 2 * kSec, 0, 40, 0},
    {"B", "B", LimitKind::kConnects, "", LimitCounting::kRolling, 300 * kSec, 0, 30, 0},
    {"B2", "B", LimitKind::kRequests, "", LimitCounting::kRolling, 5 * kSec, 0, 60, 6},
};

inline constexpr LimitScope kA{"A", LimitKind::kRequests, ""};
inline constexpr LimitScope kB{"B", LimitKind::kRequests, ""};

/// A ledger over a state of its own.
struct Private {
  std::unique_ptr<LimitState> state = std::make_unique<LimitState>();
  LimitLedger ledger{*state, kRules};

  Grant ask(const LimitScope& scope, std::uint32_t weight, Priority priority, std::int64_t now_ns,
            std::uint64_t ticket = 0, std::uint32_t count = 1) {
    const LimitCharge charge{scope, weight};
    LimitRequest r;
    r.charges = {&charge, 1};
    r.priority = priority;
    r.count = count;
    r.ticket = ticket;
    return ledger.request(r, now_ns);
  }
  VenueAnswer good(std::string_view venue, std::int64_t sent_ns) {
    return {venue, AnswerKind::kGood, sent_ns, 0, 0, 200, {}};
  }
};

/// What was sent, in a list; how much of it any window holds, by going through the list.
class PlainCounter {
 public:
  void sent(std::int64_t at_ns, std::uint64_t weight) { all_.push_back({at_ns, weight}); }
  void sort() { std::ranges::sort(all_, {}, &One::at_ns); }
  std::size_t size() const { return all_.size(); }

  /// Of the last `window_ns` at `now_ns`, that moment included.
  std::uint64_t rolling(std::int64_t now_ns, std::int64_t window_ns) const {
    std::uint64_t sum = 0;
    for (const One& o : all_) {
      if (o.at_ns > now_ns - window_ns && o.at_ns <= now_ns) sum += o.weight;
    }
    return sum;
  }
  /// The most that any rolling window holds; after `sort`.
  std::uint64_t worst_rolling(std::int64_t window_ns) const {
    std::uint64_t sum = 0, worst = 0;
    for (std::size_t first = 0, i = 0; i < all_.size(); ++i) {
      sum += all_[i].weight;
      while (all_[first].at_ns <= all_[i].at_ns - window_ns) sum -= all_[first++].weight;
      worst = std::max(worst, sum);
    }
    return worst;
  }
  /// The most that any interval of the clock holds, with the venue's clock `skew_ns` ahead.
  std::uint64_t worst_interval(std::int64_t window_ns, std::int64_t skew_ns) const {
    std::uint64_t sum = 0, worst = 0;
    std::int64_t interval = -1;
    for (const One& o : all_) {
      const std::int64_t n = (o.at_ns + skew_ns) / window_ns;
      if (n != interval) sum = 0;
      interval = n;
      sum += o.weight;
      worst = std::max(worst, sum);
    }
    return worst;
  }

 private:
  struct One {
    std::int64_t at_ns;
    std::uint64_t weight;
  };
  std::vector<One> all_;
};

/// Folders for shared memory and for the disk, removed at the end.
struct Folders {
  Folders() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name =
        std::string("pinstripe-limits-") + test->name() + "-" + std::to_string(::getpid());
    shm = std::filesystem::path("/dev/shm") / name;
    disk = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(shm);
    std::filesystem::create_directories(disk);
  }
  ~Folders() {
    std::filesystem::remove_all(shm);
    std::filesystem::remove_all(disk);
  }
  LimiterOptions options(UndoStep step = {}) const {
    return {shm.string(), disk.string(), kRules, step};
  }
  std::string segment() const {
    return (shm / ("pinstripe.limits." + std::to_string(::geteuid()))).string();
  }
  std::string file() const { return (disk / "limits.txt").string(); }
  /// As a restart of the machine does it.
  void lose_shared_memory() const {
    std::filesystem::remove_all(shm);
    std::filesystem::create_directories(shm);
  }

  std::filesystem::path shm, disk;
};

}  // namespace pinstripe::limits_test
