// What stands between us and a whole venue, whatever its windows still hold: bans, back-off, the
// circuit breaker. Pure rules over plain data in shared memory, by explicit time.
//
//   ban      HTTP 418, 403, Bybit 10006: nothing is sent before it expires but what the operator
//            forces. Without a given end: 10 minutes, doubled with each ban in a row, 3 days at
//            most.
//   back-off HTTP 429: Retry-After, at least 1 s, doubled with each in a row, 5 minutes at most.
//   circuit  closed; open after 5 failures in a row, for 1 s, doubled each time, 60 s at most; then
//            half open: one request at a time may try. Cancels pass an open circuit: a venue that
//            fails is where resting orders are a risk, and each cancel's answer closes it again.
//            It is that of REST: streams are another host, with back-off and budgets of their own.
//            Failures are those of the venue: who finds a wrong certificate, or nobody at an
//            address that he was given, reports nothing.
// A good answer to a request that was sent after its end ends the row.
#pragma once

#include <cstdint>

#include "shm/limits/limit_types.h"

namespace pinstripe {

enum class Circuit : std::uint8_t { kClosed, kOpen, kHalfOpen };
inline constexpr const char* kCircuitNames[] = {"closed", "open", "half_open"};

/// Lies in shared memory: no pointers, all zero is a venue without a past.
struct VenueGate {
  static constexpr std::uint32_t kFailuresToOpen = 5;
  static constexpr std::int64_t kOpenFirstNs = 1 * kNsPerSecond;
  static constexpr std::int64_t kOpenMostNs = 60 * kNsPerSecond;
  static constexpr std::int64_t kProbeNs = 10 * kNsPerSecond;  // a probe without answer is over
  static constexpr std::int64_t kBackoffFirstNs = 1 * kNsPerSecond;
  static constexpr std::int64_t kBackoffMostNs = 300 * kNsPerSecond;
  static constexpr std::int64_t kBanFirstNs = 600 * kNsPerSecond;
  static constexpr std::int64_t kBanMostNs = 3 * 86'400 * kNsPerSecond;

  char name[16] = {};              // "": free
  std::int64_t ban_until_ns = 0;
  std::int64_t backoff_until_ns = 0;
  std::int64_t open_until_ns = 0;
  std::int64_t opened_ns = 0;
  std::int64_t probe_until_ns = 0;   // > 0: a probe is out
  std::int64_t active_until_ns = 0;  // told to the disk: requests may be sent until then
  std::int32_t cause = 0;            // HTTP status or code of the last ban or back-off
  std::uint32_t bans = 0;            // in a row
  std::uint32_t backoffs = 0;        // in a row
  std::uint32_t failures = 0;        // in a row
  std::uint32_t opens = 0;           // in a row
  Circuit circuit = Circuit::kClosed;
  FailureCause failure = FailureCause::kNotSaid;  // the last one's
  std::uint8_t unused[2] = {};
  // Counted since the segment was made.
  std::uint64_t granted[kPriorities] = {};
  std::uint64_t waits = 0, refused = 0, too_many = 0, all_bans = 0, all_opens = 0;
};

/// Whether the venue may be asked at all. kGranted, or kWait (back-off), kBanned, kCircuitOpen,
/// with `until_ns`. `is_stream`: asked for a stream, which an open circuit does not hold up.
Grant gate_verdict(const VenueGate& gate, Priority priority, std::int64_t now_ns,
                   bool is_stream = false) noexcept;
/// A request passes: where the circuit was open or half open, it is the probe.
void gate_passed(VenueGate& gate, std::int64_t now_ns) noexcept;
/// Takes an answer in. True where a ban began or grew: that is to be on disk before going on.
bool gate_answer(VenueGate& gate, const VenueAnswer& answer, std::int64_t now_ns) noexcept;
/// The operator's word: no ban, no back-off, circuit closed.
void gate_clear(VenueGate& gate) noexcept;

}  // namespace pinstripe
