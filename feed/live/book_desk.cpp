#include "feed/live/book_desk.h"

#include <algorithm>
#include <cstring>

#include "feed/live/limiter_words.h"
#include "feed/live/venue_answer.h"
#include "shm/run/steady_time.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kRetryNs = kNsPerSecond;
constexpr std::int64_t kInterestEveryNs = 60 * kNsPerSecond;  // of one instrument
/// Between two: 300 instruments in a minute, an eighth of USD-M's weight.
constexpr std::int64_t kInterestGapNs = 200 * kNsPerMs;
/// A book does not wait longer for an answer that nobody waits for.
constexpr std::int64_t kInterestPatienceNs = 500 * kNsPerMs;

net::HttpClient::Options client_options(std::size_t body_bytes_max) {
  net::HttpClient::Options o;
  o.limits.body_bytes_max = body_bytes_max;
  o.request_ns_max = 10 * kNsPerSecond;
  return o;
}

}  // namespace

BookDesk::BookDesk(net::Loop& loop, const net::TlsContext& context, const net::Endpoint& endpoint,
                   const MarketRules& rules, Limiter& limiter, std::uint32_t levels,
                   std::size_t body_bytes_max)
    : rules_(rules),
      limiter_(limiter),
      levels_(levels),
      weight_(snapshot_request(rules, "", levels).weight),
      is_given_(endpoint.is_given),
      client_(loop, context, endpoint, *this, client_options(body_bytes_max)),
      body_(body_bytes_max + kFramePadding) {}

bool BookDesk::ask(std::uint16_t instrument, const std::string& symbol, bool urgent) {
  const bool is_asked = is_under_way_ && !under_way_.is_interest;
  if (is_asked && under_way_.instrument == instrument) return false;
  const auto at = std::ranges::find(queue_, instrument, &Ask::instrument);
  if (at != queue_.end() && (at->urgent || !urgent)) return false;
  if (at != queue_.end()) queue_.erase(at);
  const auto before = std::ranges::find(queue_, false, &Ask::urgent);
  queue_.insert(urgent ? before : queue_.end(), {instrument, symbol, urgent});
  return true;
}

std::int64_t BookDesk::expected_ns() const noexcept {
  if (queue_.empty()) return 0;
  std::uint32_t a_minute = 0;
  for (const LimitRule& rule : venue_limit_rules()) {
    if (rule.venue == rules_.limits_venue && rule.kind == LimitKind::kRequests) {
      a_minute = rule.limit;
    }
  }
  const std::int64_t wait = std::max<std::int64_t>(not_before_ns_ - steady_realtime_ns(), 0);
  const auto weight = static_cast<std::int64_t>(queue_.size() * weight_);
  return wait + (a_minute == 0 ? 0 : weight * 60 * kNsPerSecond / a_minute);
}

void BookDesk::watch_interest(std::uint16_t instrument, const std::string& symbol) {
  const std::string target = interest_request(rules_, symbol);
  if (!target.empty()) interests_.push_back({{instrument, symbol, false, true}, target, 0});
}

void BookDesk::on_time(std::int64_t now_ns) noexcept {
  client_.on_time(now_ns);
  const std::int64_t realtime = steady_realtime_ns();
  if (is_under_way_ && under_way_.is_interest && !queue_.empty() &&
      realtime - sent_ns_ >= kInterestPatienceNs) {
    // Our impatience is no failure of the venue: the limiter is not told.
    client_.close();
    is_under_way_ = false;
    ++counts_.failures;
    last_text_ = "an open interest did not come while a book waited for its turn";
    wait_after_failure(realtime);
  }
  if (owed_ && !report(*owed_, realtime)) return;
  if (is_ready_ || is_under_way_ || !client_.is_idle()) return;
  if (queue_.empty()) return ask_interest(realtime, now_ns);
  if (realtime < not_before_ns_ || !is_allowed(realtime)) return;
  const Ask first = std::move(queue_.front());
  queue_.pop_front();
  ++counts_.requests;
  send(first, snapshot_request(rules_, first.symbol, levels_).target, realtime, now_ns);
}

void BookDesk::ask_interest(std::int64_t realtime, std::int64_t now_ns) noexcept {
  if (interests_.empty() || realtime < std::max(interest_ns_, interests_.front().next_ns)) return;
  const LimitScope scope{rules_.limits_venue, LimitKind::kRequests};
  const Grant grant =
      limiter_.request(scope, 1, Priority::kBackground, realtime, interest_ticket_);
  interest_ticket_ = grant.ticket;
  if (grant.verdict != Ruling::kGranted) {
    const std::int64_t least = grant.verdict == Ruling::kWait ? kInterestGapNs : kRetryNs;
    interest_ns_ = std::max(grant.until_ns, realtime + least);
    return;
  }
  interest_ns_ = realtime + kInterestGapNs;
  interests_.front().next_ns = realtime + kInterestEveryNs;
  std::ranges::rotate(interests_, interests_.begin() + 1);
  send(interests_.back().ask, interests_.back().target, realtime, now_ns);
}

void BookDesk::send(const Ask& ask, std::string_view target, std::int64_t realtime,
                    std::int64_t now_ns) noexcept {
  under_way_ = ask;
  is_under_way_ = true;
  sent_ns_ = realtime;
  client_.send({.target = target}, now_ns);
}

/// Asks the limiter; where it says no, remembers until when.
bool BookDesk::is_allowed(std::int64_t now_ns) noexcept {
  const LimitScope scope{rules_.limits_venue, LimitKind::kRequests};
  const Grant grant =
      limiter_.request(scope, weight_, Priority::kResync, now_ns, ticket_);
  ticket_ = grant.ticket;
  if (grant.verdict == Ruling::kGranted) return true;
  ++counts_.waits;
  last_text_ = limiter_words(grant).data();
  not_before_ns_ = std::max(grant.until_ns, now_ns + 10 * kNsPerMs);
  if (grant.verdict != Ruling::kWait) {
    not_before_ns_ = std::max(not_before_ns_, now_ns + kRetryNs);
  }
  return false;
}

void BookDesk::on_http_response(const net::HttpResponse& response) noexcept {
  is_under_way_ = false;
  const std::int64_t now = steady_realtime_ns();
  const VenueWord word = read_venue_word(rules_.venue, response.status, response.body);
  report(read_venue_answer(rules_, response, word, "", sent_ns_, now), now);
  if (const auto used = read_used_weight(rules_, response, sent_ns_)) limiter_.observe(*used, now);
  if (response.status != 200) {
    ++counts_.failures;
    last_text_ = std::string(under_way_.is_interest ? "an open interest" : "a snapshot") +
                 " was answered with status " + std::to_string(response.status) + ": ";
    last_text_ += response.body.substr(0, 200);
    return wait_after_failure(now);
  }
  if (!response.body.starts_with('{')) {
    ++counts_.failures;
    last_text_ = "no JSON object came in answer to a request: ";
    last_text_ += response.body.substr(0, 200);
    return wait_after_failure(now);
  }
  ++(under_way_.is_interest ? counts_.interests : counts_.answers);
  std::memcpy(body_.data(), response.body.data(), response.body.size());
  std::memset(body_.data() + response.body.size(), 0, kFramePadding);
  snapshot_ = {under_way_.instrument, {body_.data(), response.body.size()},
               realtime_ns()};
  is_ready_ = true;
}

void BookDesk::on_http_failure(const net::HttpFailure& failure) noexcept {
  is_under_way_ = false;
  ++counts_.failures;
  last_text_ = failure.text;
  const std::int64_t now = steady_realtime_ns();
  const auto said = read_venue_silence(rules_, failure, is_given_, sent_ns_);
  if (said) report(*said, now);
  wait_after_failure(now);
}

/// Kept where the limiter is not to be had (false then): a ban that nobody knows of is broken by
/// all.
bool BookDesk::report(const VenueAnswer& answer, std::int64_t now_ns) noexcept {
  const VenueAnswer said = answer;  // it may be owed_ itself
  owed_.reset();
  if (limiter_.answer(said, now_ns)) return true;
  owed_ = said;
  return false;
}

/// A book does not wait for the failure of what nobody waits for.
void BookDesk::wait_after_failure(std::int64_t now_ns) noexcept {
  (under_way_.is_interest ? interest_ns_ : not_before_ns_) = now_ns + kRetryNs;
}

}  // namespace pinstripe
