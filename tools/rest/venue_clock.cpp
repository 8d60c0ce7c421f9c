#include "tools/rest/venue_clock.h"

#include <nlohmann/json.hpp>

#include "tools/rest/answer_reader.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr int kAsks = 3;

const char* target_of(std::string_view venue) {
  if (venue == "BINANCE_SPOT") return "/api/v3/time";
  if (venue == "BINANCE_USDM") return "/fapi/v1/time";
  return venue.starts_with("BYBIT") ? "/v5/market/time" : "/api/v5/public/time";
}

}  // namespace

Result<std::int64_t> read_venue_time(std::string_view venue, const std::string& answer) {
  const std::string origin = std::string(venue) + " " + target_of(venue);
  const auto json = parse_answer(answer, origin);
  if (!json) return std::unexpected(json.error());
  AnswerReader whole(*json, "answer");
  std::int64_t time_ns = 0;
  std::string problem;
  if (venue.starts_with("BYBIT")) {
    AnswerReader result(whole.object("result"), "answer.result");
    time_ns = result.whole("timeNano");
    problem = result.problem();
  } else {
    static const Json none = Json::object();
    const bool is_okx = venue.starts_with("OKX");
    const Json* row = &*json;
    if (is_okx) {
      const Json& data = whole.list("data");
      if (data.size() != 1) whole.complain("data", "must hold one entry");
      row = data.size() == 1 ? &data[0] : &none;
    }
    AnswerReader time(*row, is_okx ? "answer.data[0]" : "answer");
    const std::int64_t ms = time.whole(is_okx ? "ts" : "serverTime");
    if (ms >= INT64_MAX / kNsPerMs) time.complain("time", "is too large");
    time_ns = ms < INT64_MAX / kNsPerMs ? ms * kNsPerMs : 0;
    problem = time.problem();
  }
  if (!whole.problem().empty()) problem = whole.problem();
  if (problem.empty()) return time_ns;
  Result<std::int64_t> refused = refused_answer(problem);
  return fail_within(origin, refused);
}

Result<ClockOffset> fetch_clock_offset(VenueRest& rest, std::string_view venue) {
  ClockOffset best{0, INT64_MAX};
  for (int i = 0; i < kAsks; ++i) {
    const auto body = rest.get(venue, target_of(venue), 1, Priority::kResync);
    if (!body) return std::unexpected(body.error());
    const auto time_ns = read_venue_time(venue, *body);
    if (!time_ns) return std::unexpected(time_ns.error());
    const std::int64_t half = (rest.answered_ns() - rest.sent_ns()) / 2;
    if (half + kNsPerMs >= best.error_ns) continue;
    // A venue that writes milliseconds leaves the rest of one away: half of it on average.
    best = {*time_ns + kNsPerMs / 2 - (rest.sent_ns() + half), half + kNsPerMs};
  }
  return best;
}

}  // namespace pinstripe
