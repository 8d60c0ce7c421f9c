#include "shm/limits/venue_gate.h"

#include <algorithm>

namespace pinstripe {

namespace {

/// `first`, doubled with each in a row after the first, `most` at most.
std::int64_t doubled(std::int64_t first, std::uint32_t in_a_row, std::int64_t most) noexcept {
  std::int64_t ns = first;
  for (std::uint32_t i = 1; i < in_a_row && ns < most; ++i) ns *= 2;
  return std::min(ns, most);
}

void open_circuit(VenueGate& gate, std::int64_t now_ns) noexcept {
  ++gate.opens;
  ++gate.all_opens;
  gate.circuit = Circuit::kOpen;
  gate.opened_ns = now_ns;
  gate.probe_until_ns = 0;
  gate.open_until_ns =
      now_ns + doubled(VenueGate::kOpenFirstNs, gate.opens, VenueGate::kOpenMostNs);
}

/// Any answer at all shows a venue that works.
void close_circuit(VenueGate& gate) noexcept {
  gate.failures = 0;
  gate.opens = 0;
  gate.circuit = Circuit::kClosed;
  gate.open_until_ns = 0;
  gate.probe_until_ns = 0;
}

void take_failure(VenueGate& gate, const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  ++gate.failures;
  gate.failure = answer.failure;
  if (gate.circuit == Circuit::kClosed) {
    if (gate.failures >= VenueGate::kFailuresToOpen) open_circuit(gate, now_ns);
    return;
  }
  // What was sent before the circuit opened says nothing new.
  if (answer.sent_ns >= gate.opened_ns) open_circuit(gate, now_ns);
}

void take_too_many(VenueGate& gate, const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  ++gate.too_many;
  // Those already on their way when the back-off began belong to the same row.
  if (gate.backoffs == 0 || answer.sent_ns >= gate.backoff_until_ns) ++gate.backoffs;
  const std::int64_t own =
      doubled(VenueGate::kBackoffFirstNs, gate.backoffs, VenueGate::kBackoffMostNs);
  gate.backoff_until_ns =
      std::max(gate.backoff_until_ns, now_ns + std::max(own, answer.retry_after_ns));
  gate.cause = answer.cause;
}

void take_ban(VenueGate& gate, const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  ++gate.all_bans;
  if (gate.bans == 0 || answer.sent_ns >= gate.ban_until_ns) ++gate.bans;
  std::int64_t until = std::max(answer.until_ns, now_ns + answer.retry_after_ns);
  if (until <= now_ns) {
    until = now_ns + doubled(VenueGate::kBanFirstNs, gate.bans, VenueGate::kBanMostNs);
  }
  gate.ban_until_ns = std::max(gate.ban_until_ns, until);
  gate.cause = answer.cause;
}

}  // namespace

Grant gate_verdict(const VenueGate& gate, Priority priority, std::int64_t now_ns,
                   bool is_stream) noexcept {
  if (now_ns < gate.ban_until_ns) return {Ruling::kBanned, 0, gate.ban_until_ns, 0};
  if (now_ns < gate.backoff_until_ns) return {Ruling::kWait, 0, gate.backoff_until_ns, 0};
  if (gate.circuit == Circuit::kClosed || priority == Priority::kCancel || is_stream) {
    return {Ruling::kGranted, 1, now_ns, 0};
  }
  const std::int64_t until = std::max(gate.open_until_ns, gate.probe_until_ns);
  if (now_ns < until) return {Ruling::kCircuitOpen, 0, until, 0, gate.failure};
  return {Ruling::kGranted, 1, now_ns, 0};
}

void gate_passed(VenueGate& gate, std::int64_t now_ns) noexcept {
  if (gate.circuit == Circuit::kClosed || now_ns < gate.open_until_ns) return;
  gate.circuit = Circuit::kHalfOpen;
  gate.probe_until_ns = now_ns + VenueGate::kProbeNs;
}

bool gate_answer(VenueGate& gate, const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  if (answer.kind == AnswerKind::kFailed) {
    take_failure(gate, answer, now_ns);
    return false;
  }
  close_circuit(gate);
  if (answer.kind == AnswerKind::kTooMany) take_too_many(gate, answer, now_ns);
  if (answer.kind == AnswerKind::kBanned) take_ban(gate, answer, now_ns);
  if (answer.kind == AnswerKind::kGood) {
    if (answer.sent_ns >= gate.backoff_until_ns) gate.backoffs = 0;
    if (answer.sent_ns >= gate.ban_until_ns) gate.bans = 0;
  }
  return answer.kind == AnswerKind::kBanned;
}

void gate_clear(VenueGate& gate) noexcept {
  gate.ban_until_ns = 0;
  gate.bans = 0;
  gate.backoff_until_ns = 0;
  gate.backoffs = 0;
  close_circuit(gate);
}

}  // namespace pinstripe
