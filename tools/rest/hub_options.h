// How a config's part `live` opens a hub: for the feed of a session and for `record`.
#pragma once

#include "feed/live/market_hub.h"
#include "tools/rest/venue_hosts.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Options of a hub for `venues`; a longer message than `message_bytes_max` ends its connection.
inline Result<HubOptions> hub_options_of(const VenuesPlan& venues, std::size_t message_bytes_max) {
  auto limits = rest_limiter_options({venues.address, venues.ca_file});
  if (!limits) return std::unexpected(limits.error());
  HubOptions options;
  options.address = venues.address;
  options.ca_file = venues.ca_file;
  options.redundant = venues.redundant;
  options.candles = venues.candles;
  options.snapshot_levels = venues.snapshot_levels;
  options.cut_over_ns = venues.cut_over_ns;
  options.message_bytes_max = message_bytes_max;
  options.limits = *limits;
  return options;
}

}  // namespace pinstripe
