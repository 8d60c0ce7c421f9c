// Which buckets a request touches: rules looked up, buckets and gates found or made.
#include <algorithm>

#include "shm/limits/ledger.h"

namespace pinstripe {

/// A rule of the scope's own key goes before that of every key.
bool LimitLedger::applies(const LimitRule& rule, const LimitScope& scope) const noexcept {
  if (rule.venue != scope.venue || rule.kind != scope.kind) return false;
  if (rule.key == scope.key) return true;
  if (!rule.key.empty()) return false;
  return std::ranges::none_of(rules_, [&](const LimitRule& other) {
    return other.venue == scope.venue && other.kind == scope.kind && other.key == scope.key;
  });
}

VenueGate* LimitLedger::gate_of(std::string_view venue) noexcept {
  const std::string_view pool = limit_pool(rules_, venue);
  if (pool.empty()) return nullptr;
  for (VenueGate& gate : state_.gates) {
    if (name_of(gate.name) == pool) return &gate;
    if (gate.name[0] != '\0') continue;
    set_name(undo_.edit(gate).name, pool);
    return &gate;
  }
  return nullptr;
}

bool LimitLedger::is_waited_for(const LimitBucket& bucket) const noexcept {
  const auto index = static_cast<std::uint16_t>(&bucket - state_.buckets.data());
  for (std::uint32_t i = 0; i < state_.head.waiters; ++i) {
    const LimitWaiter& w = state_.waiters[i];
    for (std::size_t b = 0; b < w.buckets; ++b) {
      if (w.bucket[b] == index) return true;
    }
  }
  return false;
}

/// A new one, or one whose window has passed (a connection that is gone, an endpoint not used).
LimitBucket* LimitLedger::free_bucket(std::int64_t now_ns) noexcept {
  if (state_.head.buckets < kLimitBuckets) {
    undo_.edit(state_.head);
    return &state_.buckets[state_.head.buckets++];
  }
  for (LimitBucket& bucket : state_.buckets) {
    const bool idle = WindowCount(bucket.window, bucket.shape()).used(now_ns) == 0 &&
                      bucket.last_ns + bucket.window_ns < now_ns && bucket.said_limit == 0;
    if (idle && !is_waited_for(bucket)) return &bucket;
  }
  return nullptr;
}

LimitBucket* LimitLedger::bucket_of(const LimitRule& rule, std::string_view key,
                                    std::int64_t now_ns) noexcept {
  PINSTRIPE_CHECK(key.size() <= kLimitKeyMax, "a limit's key has at most 47 characters");
  LimitBucket* found = nullptr;
  for (std::uint32_t i = 0; i < state_.head.buckets && found == nullptr; ++i) {
    LimitBucket& b = state_.buckets[i];
    if (b.kind == rule.kind && b.window_ns == rule.window_ns && b.counting == rule.counting &&
        name_of(b.venue) == rule.pool && name_of(b.key) == key) {
      found = &b;
    }
  }
  if (found == nullptr) {
    found = free_bucket(now_ns);
    if (found == nullptr) return nullptr;
    LimitBucket& made = undo_.edit(*found);
    made = LimitBucket{};
    set_name(made.venue, rule.pool);
    set_name(made.key, key);
    made.kind = rule.kind;
    made.counting = rule.counting;
    made.window_ns = rule.window_ns;
    made.guard_ns = rule.guard_ns;
  }
  // Another build's table may differ: each process keeps to its own.
  if (found->limit != rule.limit || found->reserve != rule.reserve) {
    undo_.edit(*found);
    found->limit = rule.limit;
    found->reserve = rule.reserve;
  }
  return found;
}

bool LimitLedger::add_need(Plan& plan, LimitBucket& bucket, std::uint32_t weight) noexcept {
  for (std::size_t i = 0; i < plan.size; ++i) {
    if (plan.needs[i].bucket != &bucket) continue;
    plan.needs[i].weight += weight;
    return true;
  }
  if (plan.size == kLimitChargesMax) return false;
  plan.needs[plan.size++] = {&bucket, weight};
  return true;
}

Ruling LimitLedger::make_plan(const LimitRequest& request, std::int64_t now_ns,
                               Plan& plan) noexcept {
  const std::string_view venue = request.charges.front().scope.venue;
  if (limit_pool(rules_, venue).empty()) return Ruling::kNoRule;
  plan.gate = gate_of(venue);
  if (plan.gate == nullptr) return Ruling::kTableFull;
  for (const LimitCharge& charge : request.charges) {
    PINSTRIPE_CHECK(charge.scope.venue == venue, "one request, one venue");
    plan.is_stream = plan.is_stream && is_stream_kind(charge.scope.kind);
    bool ruled = false;
    for (const LimitRule& rule : rules_) {
      if (!applies(rule, charge.scope)) continue;
      ruled = true;
      LimitBucket* const bucket = bucket_of(rule, charge.scope.key, now_ns);
      if (bucket == nullptr || !add_need(plan, *bucket, charge.weight)) return Ruling::kTableFull;
    }
    if (!ruled) return Ruling::kNoRule;
  }
  return Ruling::kGranted;
}

}  // namespace pinstripe
