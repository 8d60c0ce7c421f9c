// What `bench wire-to-order` makes of a live session's journals and of the stamps of the simulated
// exchange: for each order command how long ago the frame that caused it had left the venue.
//
// From an order back to its frame: each journaled message names the message that caused it by ring
// and number, and each stage's journal says when it was taken. Two clocks meet at the feed, which
// keeps the receipt of a frame by CLOCK_REALTIME, as the venue stamps it, and by the session's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe::bench {

/// The way of one order, ns each.
enum class WirePart : std::uint8_t {
  kWire,      // handed to TLS at the venue -> received by the feed
  kFeed,      // received -> taken by the feed: frames before it are worked on
  kFeatures,  // -> the change that made the vector taken by features
  kModels,    // -> the vector taken by models
  kRisk,      // -> the signal taken by risk
  kExec,      // -> the order taken by exec
};
inline constexpr std::size_t kWireParts = 6;
inline constexpr std::array<const char*, kWireParts> kWirePartNames{"wire",   "feed", "features",
                                                                    "models", "risk", "exec"};

struct WireOrders {
  std::vector<std::int64_t> total_ns;                           // of each order matched
  std::array<std::vector<std::int64_t>, kWireParts> part_ns;    // of the same orders
  std::uint64_t sent = 0;            // stream messages that the venue stamped
  std::uint64_t beyond = 0;          // messages that its file had no room for
  std::uint64_t frames = 0;          // that the feed took
  std::uint64_t frames_matched = 0;  // with a stamp of the venue
  std::uint64_t orders = 0;          // commands that exec took
  std::uint64_t orders_of_time = 0;  // their cause is a timer, an answer or an end, not a frame
  std::uint64_t orders_of_other_frames = 0;  // of frames without a stamp: REST snapshots
  double seconds = 0;                // from the first frame to the last
};

/// `journal`: directory of the session's journal; `stamps`: the file of `pinstripe venue --stamps`.
Result<WireOrders> match_orders(const std::string& journal, const std::string& stamps);

}  // namespace pinstripe::bench
