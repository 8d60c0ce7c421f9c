// What venues say, what the operator says, and what the disk is told.
#include <algorithm>

#include "shm/limits/ledger.h"

namespace pinstripe {

bool LimitLedger::is_saved(const LimitBucket& bucket) noexcept {
  return bucket.venue[0] != '\0' && bucket.window_ns >= kSavedWindowNs &&
         bucket.kind != LimitKind::kMessages && bucket.kind != LimitKind::kSubscribes;
}

bool LimitLedger::answer(const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  now_ns = settle_time(now_ns);
  VenueGate* const gate = gate_of(answer.venue);
  if (gate == nullptr) return false;
  if (answer.kind == AnswerKind::kTooMany && !answer.endpoint.empty()) {
    // One endpoint's window is full: as the venue counts, whatever we counted.
    undo_.commit();
    LimitReading full{{answer.venue, LimitKind::kEndpoint, answer.endpoint}, 0, now_ns, true,
                      UINT32_MAX, 0};
    return observe(full, now_ns);
  }
  undo_.edit(*gate);
  const std::int64_t backoff = gate->backoff_until_ns;
  if (gate_answer(*gate, answer, now_ns)) need_save(SaveNeed::kSync);
  if (gate->backoff_until_ns != backoff) need_save(SaveNeed::kWrite);
  undo_.commit();
  return true;
}

bool LimitLedger::observe(const LimitReading& reading, std::int64_t now_ns) noexcept {
  now_ns = settle_time(now_ns);
  for (const LimitRule& rule : rules_) {
    if (!applies(rule, reading.scope)) continue;
    if (reading.window_ns != 0 && reading.window_ns != rule.window_ns) continue;
    LimitBucket* const bucket = bucket_of(rule, reading.scope.key, now_ns);
    if (bucket == nullptr) return false;
    undo_.edit(*bucket);
    if (reading.limit > 0) {
      bucket->said_limit = reading.limit == bucket->limit ? 0 : reading.limit;
    }
    if (reading.used_said) {
      WindowCount window(bucket->window, bucket->shape());
      window.raise(reading.sent_ns, now_ns, std::min(reading.used, bucket->limit_now()));
      bucket->last_ns = now_ns;
      if (is_saved(*bucket) && window.used(now_ns) > bucket->lease_count) {
        need_save(SaveNeed::kWrite);
      }
    }
    undo_.commit();
    return true;
  }
  return false;
}

bool LimitLedger::clear_ban(std::string_view venue) noexcept {
  const std::string_view pool = limit_pool(rules_, venue);
  for (VenueGate& gate : state_.gates) {
    if (gate.name[0] == '\0') return false;
    if (name_of(gate.name) != pool && name_of(gate.name) != venue) continue;
    gate_clear(undo_.edit(gate));
    undo_.commit();
    need_save(SaveNeed::kSync);
    return true;
  }
  return false;
}

/// A sixteenth of the limit and of the window ahead: so at most 32 writes a window.
LimitLease LimitLedger::lease_of(const LimitBucket& bucket, std::int64_t now_ns) noexcept {
  LimitBucket copy = bucket;
  const std::uint64_t used = WindowCount(copy.window, copy.shape()).used(now_ns);
  if (used == 0) return {};
  return {used + std::max<std::uint64_t>(bucket.limit_now() / 16, 1),
          now_ns + bucket.window_ns / 16};
}

void LimitLedger::take_leases() noexcept {
  const std::int64_t now_ns = state_.head.now_ns;
  for (LimitBucket& bucket : state_.buckets) {
    if (!is_saved(bucket)) continue;
    const LimitLease lease = lease_of(bucket, now_ns);
    if (lease.count == 0) continue;
    undo_.edit(bucket);
    bucket.lease_count = lease.count;
    bucket.lease_until_ns = lease.until_ns;
    undo_.commit();
  }
  for (VenueGate& gate : state_.gates) {
    if (gate.name[0] == '\0') break;
    undo_.edit(gate).active_until_ns = now_ns + kActiveNs;
    undo_.commit();
  }
  save_ = SaveNeed::kNone;
}

/// Short windows are not on disk: where requests may have been sent until just now, they are waited
/// out.
void LimitLedger::restore_gate(const VenueGate& saved, std::int64_t now_ns) noexcept {
  now_ns = settle_time(now_ns);
  for (VenueGate& gate : state_.gates) {
    if (gate.name[0] != '\0' && name_of(gate.name) != name_of(saved.name)) continue;
    undo_.edit(gate) = saved;
    const std::int64_t active = std::min(saved.active_until_ns, now_ns);
    const std::int64_t passed = active + kUnsavedWindowNs;
    if (passed > now_ns && saved.active_until_ns > 0) {
      gate.backoff_until_ns = std::max(gate.backoff_until_ns, passed);
    }
    if (gate.circuit == Circuit::kHalfOpen) gate.circuit = Circuit::kOpen;
    gate.probe_until_ns = 0;
    undo_.commit();
    return;
  }
}

/// `count` may have been used until `saved.lease_until_ns`; the window is counted from there.
void LimitLedger::restore_bucket(const LimitBucket& saved, std::uint64_t count,
                                 std::int64_t now_ns) noexcept {
  now_ns = settle_time(now_ns);
  const std::int64_t last = std::min(saved.lease_until_ns, now_ns);
  if (last + saved.window_ns + saved.guard_ns < now_ns) return;
  LimitBucket* const bucket = free_bucket(now_ns);
  if (bucket == nullptr) return;
  undo_.edit(*bucket) = saved;
  bucket->window = LimitWindow{};
  bucket->last_ns = last;
  bucket->lease_until_ns = 0;
  bucket->lease_count = 0;
  WindowCount(bucket->window, bucket->shape()).charge(last, count);
  undo_.commit();
}

}  // namespace pinstripe
