// The ledger against a slow plain model under random callers: lists instead of buckets and parts.
// What it grants fits the plain count of every window; what it holds back would not have fitted
// the plain count of a window longer by one part, with those who wait ahead.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/shm/limits/limits_support.h"

namespace pinstripe {
namespace {

using namespace limits_test;

/// A caller: at most one wait at a time.
struct Caller {
  std::vector<LimitCharge> charges;
  Priority priority = Priority::kBackground;
  std::uint32_t left = 0;
  std::uint64_t ticket = 0;
  std::int64_t until_ns = 0;
};

struct PlainWaiter {
  Priority priority;
  std::int64_t expires_ns;
  std::map<const LimitRule*, std::uint64_t> weights;
};

class Model {
 public:
  using Weights = std::map<const LimitRule*, std::uint64_t>;

  static Weights weights_of(const Caller& caller) {
    Weights weights;
    for (const LimitCharge& charge : caller.charges) {
      for (const LimitRule& rule : kRules) {
        if (rule.venue == charge.scope.venue && rule.kind == charge.scope.kind &&
            rule.key == charge.scope.key) {
          weights[&rule] += charge.weight;
        }
      }
    }
    return weights;
  }
  void expire(std::int64_t now_ns) {
    std::erase_if(waiters_, [&](const auto& w) { return w.second.expires_ns < now_ns; });
  }
  bool waits(std::uint64_t ticket) const { return waiters_.contains(ticket); }

  /// The least (`more` 0) or the most (one part more) that counts against a rule now.
  std::uint64_t used(const LimitRule& rule, std::int64_t now_ns, bool most) {
    const PlainCounter& sent = sent_[&rule];
    if (rule.counting == LimitCounting::kRolling) {
      const std::int64_t part = most ? (rule.window_ns + rule.guard_ns + 63) / 64 : 0;
      return sent.rolling(now_ns, rule.window_ns + rule.guard_ns + part);
    }
    // Every send that may fall into an interval that a send of now may fall into.
    std::uint64_t worst = 0;
    for (std::int64_t n = (now_ns - rule.guard_ns) / rule.window_ns;
         n <= (now_ns + rule.guard_ns) / rule.window_ns; ++n) {
      const std::int64_t begins = n * rule.window_ns - rule.guard_ns;
      const std::int64_t length = rule.window_ns + 2 * rule.guard_ns;
      worst = std::max(worst, sent.rolling(begins + length, length));
    }
    return worst;
  }
  std::uint64_t ahead(const LimitRule& rule, Priority priority, std::uint64_t ticket) const {
    std::uint64_t sum = 0;
    for (const auto& [other, w] : waiters_) {
      const bool before = w.priority < priority || (w.priority == priority && other < ticket);
      const auto weight = w.weights.find(&rule);
      if (before && weight != w.weights.end()) sum += weight->second;
    }
    return sum;
  }
  void check(const Caller& caller, const Grant& grant, std::int64_t now_ns) {
    const Weights weights = weights_of(caller);
    const std::uint64_t ticket = waits(caller.ticket) ? caller.ticket : UINT64_MAX;
    bool held_back = false;
    for (const auto& [rule, weight] : weights) {
      const std::uint64_t ceiling = priority_ceiling(rule->limit, rule->reserve, caller.priority);
      const std::uint64_t front = ahead(*rule, caller.priority, ticket);
      if (grant.count > 0) {
        EXPECT_LE(used(*rule, now_ns, false) + front + grant.count * weight, ceiling);
      }
      held_back |= used(*rule, now_ns, true) + front + (grant.count + 1) * weight > ceiling;
    }
    if (grant.count < caller.left) {
      EXPECT_TRUE(held_back) << "held back for nothing";
    }
  }
  void apply(const Caller& caller, const Grant& grant, std::int64_t now_ns) {
    const Weights weights = weights_of(caller);
    for (const auto& [rule, weight] : weights) sent_[rule].sent(now_ns, grant.count * weight);
    waiters_.erase(caller.ticket);
    if (grant.ticket == 0) return;
    PlainWaiter w{caller.priority, grant.until_ns + LimitLedger::kGraceNs, weights};
    for (auto& [rule, weight] : w.weights) weight *= caller.left - grant.count;
    waiters_[grant.ticket] = w;
  }
  void check_whole() {
    for (auto& [rule, sent] : sent_) {
      if (rule->counting == LimitCounting::kRolling) {
        EXPECT_LE(sent.worst_rolling(rule->window_ns), rule->limit);
      } else {
        for (const std::int64_t skew : {-rule->guard_ns, std::int64_t{0}, rule->guard_ns}) {
          EXPECT_LE(sent.worst_interval(rule->window_ns, skew), rule->limit);
        }
      }
    }
  }

 private:
  std::map<const LimitRule*, PlainCounter> sent_;
  std::map<std::uint64_t, PlainWaiter> waiters_;
};

Caller draw_caller(std::mt19937_64& rng) {
  static constexpr LimitScope kOrders{"A", LimitKind::kOrders, ""};
  static constexpr LimitScope kConnects{"B", LimitKind::kConnects, ""};
  static constexpr LimitScope kFast{"B", LimitKind::kEndpoint, "GET /fast"};
  const auto small = [&] { return 1 + static_cast<std::uint32_t>(rng() % 6); };
  Caller c;
  switch (rng() % 5) {
    case 0: c.charges = {{kA, small()}}; break;
    case 1: c.charges = {{kA, small()}, {kOrders, 1}}; break;
    case 2: c.charges = {{kB, small()}}; break;
    case 3: c.charges = {{kB, 1}, {kFast, small()}}; break;
    default: c.charges = {{kConnects, 1}}; break;
  }
  c.priority = static_cast<Priority>(rng() % kPriorities);
  c.left = rng() % 4 == 0 ? 2 + static_cast<std::uint32_t>(rng() % 20) : 1;
  return c;
}

void run_model(std::uint64_t seed, std::uint64_t gap_ns) {
  std::mt19937_64 rng(seed);
  Private sut;
  Model model;
  std::vector<Caller> callers(12);
  std::int64_t now = kStart + static_cast<std::int64_t>(rng() % (60 * kSec));
  for (int step = 0; step < 1'500; ++step) {
    now += static_cast<std::int64_t>(rng() % gap_ns);
    model.expire(now);
    Caller& caller = callers[rng() % callers.size()];
    if (caller.left == 0) caller = draw_caller(rng);
    // Mostly in time, sometimes early, late, or never again.
    if (caller.ticket != 0 && caller.until_ns > now && rng() % 4 != 0) continue;
    LimitRequest r;
    r.charges = caller.charges;
    r.priority = caller.priority;
    r.count = caller.left;
    r.ticket = caller.ticket;
    r.patience_ns = 90'000 * kSec;
    const Grant grant = sut.ledger.request(r, now);
    ASSERT_TRUE(grant.verdict == Ruling::kGranted || grant.verdict == Ruling::kWait);
    ASSERT_EQ(grant.verdict == Ruling::kGranted, grant.count > 0);
    model.check(caller, grant, now);
    model.apply(caller, grant, now);
    caller.left -= grant.count;
    caller.ticket = grant.ticket;
    caller.until_ns = grant.until_ns;
    if (rng() % 50 == 0) caller = Caller{};  // forgets his ticket
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", step " << step;
  }
  model.check_whole();
}

TEST(LedgerModel, GrantsAndWaitsAsThePlainModelAllows) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    run_model(seed, seed % 3 == 0 ? kSec : 40 * kNsPerMs);
    if (HasFailure()) return;
  }
}

/// Callers who come back when they were told to are all served in the end.
TEST(LedgerModel, EveryWaiterWhoComesBackIsServed) {
  std::mt19937_64 rng(99);
  Private sut;
  std::vector<Caller> callers(40);
  for (Caller& c : callers) {
    c.charges = {{kB, 1 + static_cast<std::uint32_t>(rng() % 20)}};
    c.priority = static_cast<Priority>(rng() % kPriorities);
    c.left = 3;
  }
  std::int64_t now = kStart;
  std::size_t served = 0;
  for (int turn = 0; turn < 100'000 && served < callers.size(); ++turn) {
    auto next = std::ranges::min_element(callers, {}, [](const Caller& c) {
      return c.left == 0 ? INT64_MAX : c.until_ns;
    });
    now = std::max(now, next->until_ns);
    const Grant g = sut.ask(next->charges[0].scope, next->charges[0].weight, next->priority, now,
                            next->ticket, next->left);
    next->left -= g.count;
    next->ticket = g.ticket;
    next->until_ns = g.until_ns;
    served += next->left == 0 ? 1 : 0;
  }
  EXPECT_EQ(served, callers.size());
  EXPECT_EQ(sut.state->head.expired, 0u);
  EXPECT_EQ(sut.state->head.waiters, 0u);
}

}  // namespace
}  // namespace pinstripe
