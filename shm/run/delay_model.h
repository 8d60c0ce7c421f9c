// Modelled latency of an output in recorded sessions (trading.md 3). Drawn by counter: it depends
// on no call order and survives restarts.
//
//   base and tail   a constant, and with some probability up to a tail more, so that some signals
//                   do go stale
//   table           drawn evenly from measured values
//   stamps          what the message's own two stamps say (feed's ring to exec alone)
//
// Whatever is drawn, the outputs of a port keep their order: the port never goes back in time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/base/units.h"
#include "shm/msg/header.h"

namespace pinstripe {

/// Delay of message n = base, plus, with probability `tail_probability`, up to `tail_ns` more.
/// `base_ns` may be negative on the feed's exec port (venue time lies before arrival).
struct DelayModel {
  std::int64_t base_ns = 0;
  double tail_probability = 0;  // 0..1
  std::int64_t tail_ns = 0;     // >= 0
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;     // ring id
  std::vector<std::int64_t> table_ns{};   // not empty: each delay is drawn from it
  std::int64_t stamped_lead_max_ns = -1;  // >= 0: by stamps, at most so long before arrival

  static DelayModel of_table(std::vector<std::int64_t> table_ns, std::uint64_t seed,
                             std::uint64_t stream) {
    PINSTRIPE_CHECK(!table_ns.empty(), "a table of delays holds at least one");
    DelayModel d;
    d.seed = seed;
    d.stream = stream;
    d.base_ns = *std::min_element(table_ns.begin(), table_ns.end());
    d.table_ns = std::move(table_ns);
    return d;
  }
  /// Venue time: the venue's stamp, no later than arrival and at most `lead_max_ns` before it; for
  /// a message without a stamp `unstamped_ns` before arrival.
  static DelayModel of_stamps(std::int64_t unstamped_ns, std::int64_t lead_max_ns) {
    PINSTRIPE_CHECK(unstamped_ns >= 0 && lead_max_ns >= unstamped_ns, "the longest lead is short");
    DelayModel d;
    d.base_ns = -unstamped_ns;
    d.stamped_lead_max_ns = lead_max_ns;
    return d;
  }
  bool by_stamps() const noexcept { return stamped_lead_max_ns >= 0; }

  /// No message of this output is delayed less.
  TimeNs least() const noexcept { return TimeNs(by_stamps() ? -stamped_lead_max_ns : base_ns); }

  TimeNs delay_of(std::uint64_t n) const noexcept {
    if (tail_probability <= 0) {
      if (table_ns.empty()) [[likely]] return TimeNs(base_ns);
      return TimeNs(table_ns[random_draw(seed, stream, n, 0) % table_ns.size()]);
    }
    const double u = to_unit_interval(random_draw(seed, stream, n, 0));
    if (u >= tail_probability) return TimeNs(base_ns);
    const double v = to_unit_interval(random_draw(seed, stream, n, 1));
    return TimeNs(base_ns + static_cast<std::int64_t>(v * static_cast<double>(tail_ns)));
  }
  /// By stamps: from the header's `venue_offset_us`.
  TimeNs delay_of_stamp(std::int32_t venue_offset_us) const noexcept {
    if (venue_offset_us == kNoVenueStamp) return TimeNs(base_ns);
    const std::int64_t offset_ns = std::int64_t{venue_offset_us} * kNsPerUs;
    return TimeNs(std::clamp<std::int64_t>(offset_ns, -stamped_lead_max_ns, 0));
  }
};

}  // namespace pinstripe
