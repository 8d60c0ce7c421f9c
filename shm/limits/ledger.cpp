#include "shm/limits/ledger.h"

#include <algorithm>

namespace pinstripe {

void LimitLedger::recover() noexcept {
  if (undo_.recover()) ++state_.head.rolled_back;
}

/// Time never runs backwards here. Who comes late is served as of the latest time: taking one late
/// caller for a clock that was set back would free windows too early.
std::int64_t LimitLedger::settle_time(std::int64_t now_ns) noexcept {
  PINSTRIPE_CHECK(now_ns > 1'000'000'000 * kNsPerSecond, "a time in ns since 1970, after 2001");
  LimitHeader& head = state_.head;
  if (now_ns + kClockStepNs >= head.now_ns) {
    head.late_calls = 0;
    head.now_ns = std::max(head.now_ns, now_ns);
    return head.now_ns;
  }
  if (head.late_calls++ == 0) head.late_first_ns = now_ns;
  if (head.late_calls >= kLateCalls && now_ns > head.late_first_ns + kClockStepNs) {
    step_clock_back(now_ns);
  }
  return head.now_ns;
}

/// The clock was set back: everything counted counts as of now, bans keep the end the venue gave,
/// who waits must ask again. A kill in the midst leaves the time as it was: done again, same end.
void LimitLedger::step_clock_back(std::int64_t now_ns) noexcept {
  for (LimitBucket& bucket : state_.buckets) {
    if (bucket.venue[0] == '\0') continue;
    undo_.edit(bucket);
    WindowCount(bucket.window, bucket.shape()).rebase(now_ns);
    bucket.lease_until_ns = 0;
    undo_.commit();
  }
  for (VenueGate& gate : state_.gates) {
    undo_.edit(gate);
    gate.backoff_until_ns = std::min(gate.backoff_until_ns, now_ns + VenueGate::kBackoffMostNs);
    gate.open_until_ns = std::min(gate.open_until_ns, now_ns + VenueGate::kOpenMostNs);
    gate.probe_until_ns = std::min(gate.probe_until_ns, now_ns + VenueGate::kProbeNs);
    gate.opened_ns = std::min(gate.opened_ns, now_ns);
    gate.active_until_ns = 0;
    undo_.commit();
  }
  undo_.edit(state_.head);
  state_.head.waiters = 0;
  state_.head.now_ns = now_ns;
  state_.head.late_calls = 0;
  ++state_.head.clock_steps;
  undo_.commit();
}

void LimitLedger::drop_expired(std::int64_t now_ns) noexcept {
  for (std::uint32_t i = state_.head.waiters; i-- > 0;) {
    if (state_.waiters[i].expires_ns >= now_ns) continue;
    remove_waiter(state_.waiters[i]);
    ++state_.head.expired;
    undo_.commit();
  }
}

LimitWaiter* LimitLedger::waiter_of(std::uint64_t ticket) noexcept {
  if (ticket == 0) return nullptr;
  for (std::uint32_t i = 0; i < state_.head.waiters; ++i) {
    if (state_.waiters[i].ticket == ticket) return &state_.waiters[i];
  }
  return nullptr;
}

/// The last one takes its place; not committed yet.
void LimitLedger::remove_waiter(LimitWaiter& waiter) noexcept {
  undo_.edit(waiter);
  undo_.edit(state_.head);
  waiter = state_.waiters[--state_.head.waiters];
}

void LimitLedger::withdraw(std::uint64_t ticket) noexcept {
  LimitWaiter* const waiter = waiter_of(ticket);
  if (waiter == nullptr) return;
  remove_waiter(*waiter);
  undo_.commit();
}

/// Weight of those that go before a request of this rank and ticket on this bucket.
std::uint64_t LimitLedger::ahead(const LimitBucket& bucket, Priority priority,
                                 std::uint64_t ticket) const noexcept {
  const auto index = static_cast<std::uint16_t>(&bucket - state_.buckets.data());
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < state_.head.waiters; ++i) {
    const LimitWaiter& w = state_.waiters[i];
    if (w.priority > priority || (w.priority == priority && w.ticket >= ticket)) continue;
    for (std::size_t b = 0; b < w.buckets; ++b) {
      if (w.bucket[b] == index) sum += w.weight[b];
    }
  }
  return sum;
}

/// How many of the batch fit now.
LimitLedger::Room LimitLedger::room_for(const Plan& plan, const LimitRequest& request,
                                        std::uint64_t ticket, std::int64_t now_ns) const noexcept {
  Room room{request.count, false};
  for (std::size_t i = 0; i < plan.size; ++i) {
    LimitBucket& bucket = *plan.needs[i].bucket;
    const std::uint64_t ceiling =
        priority_ceiling(bucket.limit_now(), bucket.reserve, request.priority);
    const std::uint64_t weight = plan.needs[i].weight;
    if (weight == 0) continue;
    if (weight > ceiling) return {0, true};
    const std::uint64_t taken = WindowCount(bucket.window, bucket.shape()).used(now_ns) +
                                ahead(bucket, request.priority, ticket);
    const std::uint64_t fit = taken >= ceiling ? 0 : (ceiling - taken) / weight;
    room.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(room.count, fit));
  }
  return room;
}

void LimitLedger::charge(Plan& plan, Priority priority, std::uint32_t count,
                         std::int64_t now_ns) noexcept {
  for (std::size_t i = 0; i < plan.size; ++i) {
    LimitBucket& bucket = undo_.edit(*plan.needs[i].bucket);
    WindowCount window(bucket.window, bucket.shape());
    window.charge(now_ns, std::uint64_t{plan.needs[i].weight} * count);
    bucket.last_ns = now_ns;
    if (is_saved(bucket) &&
        (now_ns > bucket.lease_until_ns || window.used(now_ns) > bucket.lease_count)) {
      need_save(SaveNeed::kWrite);
    }
  }
  VenueGate& gate = undo_.edit(*plan.gate);
  gate.granted[static_cast<std::size_t>(priority)] += count;
  if (!plan.is_stream) gate_passed(gate, now_ns);
  if (now_ns > gate.active_until_ns) need_save(SaveNeed::kWrite);
}

/// When the first of the batch (or of what is left of it) may fit.
std::int64_t LimitLedger::free_at(const Plan& plan, const LimitRequest& request,
                                  std::uint64_t ticket, std::int64_t now_ns) const noexcept {
  std::int64_t until = now_ns + kTurnNs;
  for (std::size_t i = 0; i < plan.size; ++i) {
    LimitBucket& bucket = *plan.needs[i].bucket;
    const WindowCount window(bucket.window, bucket.shape());
    const std::uint64_t ceiling =
        priority_ceiling(bucket.limit_now(), bucket.reserve, request.priority);
    const std::uint64_t wanted =
        plan.needs[i].weight + ahead(bucket, request.priority, ticket);
    const std::uint64_t used = window.used(now_ns);
    // With more ahead than ever fits, the next moment at which anything becomes free.
    const std::uint64_t most = ceiling >= wanted ? ceiling - wanted : std::max(used, 1UL) - 1;
    until = std::max(until, window.falls_to(now_ns, most));
  }
  return until;
}

Grant LimitLedger::refuse(VenueGate* gate, std::uint64_t ticket, Grant grant) noexcept {
  if (LimitWaiter* const waiter = waiter_of(ticket)) remove_waiter(*waiter);
  if (gate != nullptr) ++undo_.edit(*gate).refused;
  undo_.commit();
  return grant;
}

/// In a full queue the last of the lowest rank gives way to a higher one; he is told to come back
/// anyway, and finds himself at the end.
void LimitLedger::give_way(Priority priority) noexcept {
  LimitWaiter* last = nullptr;
  for (std::uint32_t i = 0; i < state_.head.waiters; ++i) {
    LimitWaiter& w = state_.waiters[i];
    if (w.priority <= priority) continue;
    const bool further = last == nullptr || w.priority > last->priority ||
                         (w.priority == last->priority && w.ticket > last->ticket);
    if (further) last = &w;
  }
  if (last == nullptr) return;
  remove_waiter(*last);
  ++state_.head.expired;
}

/// `grant` holds what was granted of the batch and the earliest time; the rest takes its place.
Grant LimitLedger::wait_or_refuse(const Plan& plan, const LimitRequest& request, Grant grant,
                                  std::int64_t now_ns, std::int32_t pid) noexcept {
  LimitWaiter* waiter = waiter_of(request.ticket);
  const bool too_long = grant.until_ns - now_ns > request.patience_ns;
  if (!too_long && waiter == nullptr && state_.head.waiters == kLimitWaiters) {
    give_way(request.priority);
  }
  const bool no_place = waiter == nullptr && state_.head.waiters == kLimitWaiters;
  if (too_long || no_place) {
    if (grant.count == 0) grant.verdict = too_long ? Ruling::kTooLong : Ruling::kQueueFull;
    return refuse(plan.gate, request.ticket, grant);
  }
  if (waiter == nullptr) {
    undo_.edit(state_.head);
    waiter = &undo_.edit(state_.waiters[state_.head.waiters++]);
    *waiter = LimitWaiter{};
    waiter->ticket = ++state_.head.last_ticket;
  } else {
    undo_.edit(*waiter);
  }
  waiter->expires_ns = grant.until_ns + kGraceNs;
  waiter->pid = pid;
  waiter->priority = request.priority;
  waiter->buckets = static_cast<std::uint8_t>(plan.size);
  const std::uint64_t left = request.count - grant.count;
  for (std::size_t i = 0; i < plan.size; ++i) {
    waiter->bucket[i] =
        static_cast<std::uint16_t>(plan.needs[i].bucket - state_.buckets.data());
    waiter->weight[i] = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(left * plan.needs[i].weight, UINT32_MAX));
  }
  ++undo_.edit(*plan.gate).waits;
  if (grant.count == 0) grant.verdict = Ruling::kWait;
  grant.ticket = waiter->ticket;
  undo_.commit();
  return grant;
}

/// Who is far behind the latest time (his clock was set back, or he read it long ago) is told his
/// waits by his own clock: by the other he would wait as much too long. The end of a ban is the
/// venue's word and stays as it is.
Grant LimitLedger::request(const LimitRequest& request, std::int64_t now_ns,
                           std::int32_t pid) noexcept {
  const std::int64_t settled = settle_time(now_ns);
  Grant grant = settled_request(request, settled, pid);
  const bool is_far = settled - now_ns > kClockStepNs;
  const bool waits = grant.verdict != Ruling::kGranted || grant.ticket != 0;
  if (is_far && waits && grant.until_ns != 0 && grant.verdict != Ruling::kBanned) {
    grant.until_ns -= settled - now_ns;
  }
  return grant;
}

Grant LimitLedger::settled_request(const LimitRequest& request, std::int64_t now_ns,
                                   std::int32_t pid) noexcept {
  PINSTRIPE_CHECK(request.count > 0 && !request.charges.empty(), "a request for nothing");
  drop_expired(now_ns);
  Plan plan;
  const Ruling planned = make_plan(request, now_ns, plan);
  if (planned != Ruling::kGranted) return refuse(plan.gate, request.ticket, {planned, 0, 0, 0});

  const Grant gate = request.forced ? Grant{Ruling::kGranted, 1, now_ns, 0}
                                    : gate_verdict(*plan.gate, request.priority, now_ns,
                                                   plan.is_stream);
  if (gate.verdict == Ruling::kBanned || gate.verdict == Ruling::kCircuitOpen) {
    return refuse(plan.gate, request.ticket, gate);
  }
  // Who has lost his ticket stands behind everybody who waits.
  const LimitWaiter* const waiter = waiter_of(request.ticket);
  const std::uint64_t ticket = waiter != nullptr ? waiter->ticket : UINT64_MAX;
  Room room = room_for(plan, request, ticket, now_ns);
  if (room.never) return refuse(plan.gate, request.ticket, {Ruling::kNeverFits, 0, 0, 0});
  if (gate.verdict == Ruling::kWait) room.count = 0;
  if (plan.gate->circuit != Circuit::kClosed && request.priority != Priority::kCancel &&
      !plan.is_stream) {
    room.count = std::min(room.count, 1u);  // one probe at a time
  }

  Grant grant{Ruling::kGranted, room.count, now_ns, 0};
  if (room.count > 0) charge(plan, request.priority, room.count, now_ns);
  if (room.count == request.count) {
    if (LimitWaiter* const done = waiter_of(request.ticket)) remove_waiter(*done);
    undo_.commit();
    return grant;
  }
  grant.until_ns = std::max(gate.until_ns, free_at(plan, request, ticket, now_ns));
  return wait_or_refuse(plan, request, grant, now_ns, pid);
}

}  // namespace pinstripe
