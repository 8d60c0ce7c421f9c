// Where REST is asked, and what the limiter counts for one request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/live/market_rules.h"
#include "shm/base/result.h"
#include "shm/limits/limiter.h"

namespace pinstripe {

/// A session config's part `live`: where venues are reached.
struct RestTarget {
  std::string address;  // "127.0.0.1:PORT" of a simulated exchange; "": the venues' own hosts
  std::string ca_file;  // authority in place of the system's; "": the system's
};

/// Where requests to `address` ("": the venues' own hosts) are counted; nothing is made yet.
LimiterOptions limits_at(const std::string& address);

/// The same, and its folder is made. A simulated exchange is counted apart, each address by itself:
/// what it refuses must never stop requests to the venue that it plays, nor to another exchange.
Result<LimiterOptions> rest_limiter_options(const RestTarget& target);

/// What one GET of `target` (path and query) with `weight` is charged to. OKX counts each path by
/// itself; `key` holds the text of the scope and must outlive it.
LimitCharge rest_charge(const MarketRules& venue, std::string_view target, std::uint32_t weight,
                        std::string& key);

}  // namespace pinstripe
