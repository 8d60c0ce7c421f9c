// What a venue's answer says beside its data: its own code and text, the limits in its headers,
// when a ban ends. Pure, so that each venue's rules are tested without a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed/live/market_rules.h"
#include "shm/limits/limit_types.h"
#include "shm/net/http_client.h"
#include "shm/net/http_parser.h"

namespace pinstripe {

/// The venue's own words: Binance {"code","msg"} (looked for where the status is not 200), Bybit
/// {"retCode","retMsg"}, OKX {"code","msg"}.
struct VenueWord {
  bool is_json = true;
  std::int64_t code = 0;  // 0: no complaint
  std::string text;
};
VenueWord read_venue_word(std::string_view venue, int http_status, std::string_view body);

/// The same for the limiter: what kind of answer, when to go on, when a ban ends. Views point into
/// `venue` and `endpoint`; `now_ns`: since 1970.
VenueAnswer read_venue_answer(const MarketRules& venue, const net::HttpResponse& response,
                              const VenueWord& word, std::string_view endpoint,
                              std::int64_t sent_ns, std::int64_t now_ns);

/// What the limiter is told of a request without an answer. Nothing where that is no failure of the
/// venue: a refused certificate (of whoever answered, nothing was sent), or nobody at an address
/// that the operator gave (`is_given`).
std::optional<VenueAnswer> read_venue_silence(const MarketRules& venue,
                                              const net::HttpFailure& failure, bool is_given,
                                              std::int64_t sent_ns);

/// The weight that Binance says it has counted this minute.
std::optional<LimitReading> read_used_weight(const MarketRules& venue,
                                             const net::HttpResponse& response,
                                             std::int64_t sent_ns);

}  // namespace pinstripe
