// Where each venue's public REST is, and what the limiter counts for one request to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "shm/limits/limiter.h"
#include "shm/net/address.h"

namespace pinstripe {

/// A session config's part `live`: where venues are reached.
struct RestTarget {
  std::string address;  // "127.0.0.1:PORT" of a simulated exchange; "": the venues' own hosts
  std::string ca_file;  // authority in place of the system's; "": the system's
};

struct RestVenue {
  std::string_view venue;  // as in instrument ids
  std::string_view limit;  // the limiter's name for it
  std::string_view host;
};

/// Null where no venue has this name.
const RestVenue* find_rest_venue(std::string_view venue) noexcept;
/// "BINANCE_SPOT, BINANCE_USDM, ...", for messages.
std::string rest_venue_names();

/// The venue's host, at the target's address where it has one: certificate and SNI are the host's
/// either way. Asks the resolver, so it blocks.
Result<net::Endpoint> rest_endpoint(const RestVenue& venue, const RestTarget& target);

/// Where requests are counted. A simulated exchange is counted apart: what it refuses must never
/// stop requests to the venue that it plays.
Result<LimiterOptions> rest_limiter_options(const RestTarget& target);

/// What one GET of `target` (path and query) with `weight` is charged to. OKX counts each path by
/// itself; `key` holds the text of the scope and must outlive it.
LimitCharge rest_charge(const RestVenue& venue, std::string_view target, std::uint32_t weight,
                        std::string& key);

}  // namespace pinstripe
