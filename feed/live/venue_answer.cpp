#include "feed/live/venue_answer.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShownBytes = 200;
constexpr std::int64_t kBanMostMs = 3 * 86'400'000LL;
constexpr std::int64_t kRetryMostS = 7 * 86'400;  // beyond it a field is rubbish

std::int64_t whole_of(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? value : otherwise;
}

/// A code that is a number, or a text of one as OKX writes it.
std::int64_t code_of(const Json& body, const char* key) {
  const auto found = body.find(key);
  if (found == body.end()) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  return found->is_string() ? whole_of(found->get_ref<const std::string&>(), -1) : -1;
}

std::string text_of(const Json& body, const char* key) {
  const auto found = body.find(key);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

/// "... IP banned until 1700000000000. ...": milliseconds since 1970. An end beyond the longest ban
/// that a venue gives (Binance: "from 2 minutes to 3 days") is a fault of the answer, and a machine
/// that took it at its word would be silent for years; one cut to that length asks again then, and
/// is told a new end where it is still banned.
std::int64_t ban_end_ns(std::string_view text, std::int64_t now_ns) {
  constexpr std::string_view kUntil = "banned until ";
  const std::size_t at = text.find(kUntil);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + kUntil.size());
  const std::int64_t ms = whole_of(text.substr(0, text.find_first_not_of("0123456789")), 0);
  return std::min(ms, now_ns / kNsPerMs + kBanMostMs) * kNsPerMs;
}

}  // namespace

VenueWord read_venue_word(std::string_view venue, int http_status, std::string_view body) {
  VenueWord word;
  // Binance says by the status that something is wrong; its exchangeInfo is long.
  if (http_status == 200 && venue.starts_with("BINANCE")) return word;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) {  // Binance's lists carry no code; pages of a front server are no JSON
    word.is_json = !json.is_discarded();
    if (http_status != 200) word.text = std::string(body.substr(0, kShownBytes));
    return word;
  }
  const bool is_bybit = venue.starts_with("BYBIT");
  word.code = code_of(json, is_bybit ? "retCode" : "code");
  word.text = text_of(json, is_bybit ? "retMsg" : "msg").substr(0, kShownBytes);
  return word;
}

VenueAnswer read_venue_answer(const MarketRules& venue, const net::HttpResponse& response,
                              const VenueWord& word, std::string_view endpoint,
                              std::int64_t sent_ns, std::int64_t now_ns) {
  VenueAnswer answer;
  answer.venue = venue.limits_venue;
  answer.kind = answer_kind(venue.limits_venue, response.status, word.code);
  answer.sent_ns = sent_ns;
  const std::int64_t retry_s = whole_of(response.field("Retry-After"), 0);
  if (retry_s > 0 && retry_s <= kRetryMostS) answer.retry_after_ns = retry_s * kNsPerSecond;
  answer.cause = response.status != 200 ? response.status : static_cast<std::int32_t>(word.code);
  if (answer.kind == AnswerKind::kBanned) {
    answer.until_ns = ban_end_ns(word.text, now_ns);
    // Bybit's 10006 under status 200 is one endpoint's window, and the header says when it ends;
    // a 403 is the address's ban, of which it says nothing.
    const std::int64_t reset_ms = whole_of(response.field("X-Bapi-Limit-Reset-Timestamp"), 0);
    if (response.status == 200 && reset_ms > now_ns / kNsPerMs &&
        reset_ms < now_ns / kNsPerMs + kRetryMostS * 1'000) {
      answer.until_ns = reset_ms * kNsPerMs;
    }
  }
  if (answer.kind == AnswerKind::kFailed) answer.failure = FailureCause::kServerError;
  if (answer.kind == AnswerKind::kTooMany) answer.endpoint = endpoint;
  return answer;
}

std::optional<VenueAnswer> read_venue_silence(const MarketRules& venue,
                                              const net::HttpFailure& failure, bool is_given,
                                              std::int64_t sent_ns) {
  if (failure.is_certificate || (failure.is_not_reached && is_given)) return std::nullopt;
  VenueAnswer answer;
  answer.venue = venue.limits_venue;
  answer.kind = AnswerKind::kFailed;
  answer.sent_ns = sent_ns;
  answer.failure =
      failure.is_not_reached ? FailureCause::kNotReached : FailureCause::kNoAnswer;
  return answer;
}

std::optional<LimitReading> read_used_weight(const MarketRules& venue,
                                             const net::HttpResponse& response,
                                             std::int64_t sent_ns) {
  const std::int64_t used = whole_of(response.field("X-MBX-USED-WEIGHT-1M"), -1);
  if (used < 0 || used > UINT32_MAX) return std::nullopt;
  LimitReading reading;
  reading.scope = {venue.limits_venue, LimitKind::kRequests};
  reading.window_ns = 60 * kNsPerSecond;
  reading.sent_ns = sent_ns;
  reading.used_said = true;
  reading.used = static_cast<std::uint32_t>(used);
  return reading;
}

}  // namespace pinstripe
