#include "feed/live/book_desk.h"

#include <algorithm>
#include <cstring>

#include "feed/live/venue_answer.h"
#include "shm/run/machine_time.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kRetryNs = kNsPerSecond;

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
      client_(loop, context, endpoint, *this, client_options(body_bytes_max)),
      body_(body_bytes_max + kFramePadding) {}

bool BookDesk::ask(std::uint16_t instrument, const std::string& symbol, bool urgent) {
  if (is_under_way_ && under_way_.instrument == instrument) return false;
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
  const std::int64_t wait = std::max<std::int64_t>(not_before_ns_ - realtime_ns(), 0);
  const auto weight = static_cast<std::int64_t>(queue_.size() * weight_);
  return wait + (a_minute == 0 ? 0 : weight * 60 * kNsPerSecond / a_minute);
}

void BookDesk::on_time(std::int64_t now_ns) noexcept {
  client_.on_time(now_ns);
  if (queue_.empty() || is_ready_ || is_under_way_ || !client_.is_idle()) return;
  const std::int64_t realtime = realtime_ns();
  if (realtime < not_before_ns_ || !is_allowed(realtime)) return;
  under_way_ = queue_.front();
  queue_.pop_front();
  is_under_way_ = true;
  sent_ns_ = realtime;
  ++counts_.requests;
  const SnapshotRequest request = snapshot_request(rules_, under_way_.symbol, levels_);
  client_.send({.target = request.target}, now_ns);
}

/// Asks the limiter; where it says no, remembers until when.
bool BookDesk::is_allowed(std::int64_t now_ns) noexcept {
  const LimitScope scope{rules_.limits_venue, LimitKind::kRequests};
  const Grant grant =
      limiter_.request(scope, weight_, Priority::kResync, now_ns, ticket_);
  ticket_ = grant.ticket;
  if (grant.verdict == Ruling::kGranted) return true;
  ++counts_.waits;
  last_text_ = std::string("the limiter says: ") +
               kRulingNames[static_cast<std::size_t>(grant.verdict)];
  not_before_ns_ = std::max(grant.until_ns, now_ns + 10 * kNsPerMs);
  if (grant.verdict != Ruling::kWait) {
    not_before_ns_ = std::max(not_before_ns_, now_ns + kRetryNs);
  }
  return false;
}

void BookDesk::on_http_response(const net::HttpResponse& response) noexcept {
  is_under_way_ = false;
  const std::int64_t now = realtime_ns();
  const VenueWord word = read_venue_word(rules_.venue, response.status, response.body);
  limiter_.answer(read_venue_answer(rules_, response, word, "", sent_ns_, now), now);
  if (const auto used = read_used_weight(rules_, response, sent_ns_)) limiter_.observe(*used, now);
  if (response.status != 200) {
    ++counts_.failures;
    last_text_ = "a snapshot was answered with status " + std::to_string(response.status) + ": ";
    last_text_ += response.body.substr(0, 200);
    not_before_ns_ = now + kRetryNs;
    return;
  }
  ++counts_.answers;
  std::memcpy(body_.data(), response.body.data(), response.body.size());
  std::memset(body_.data() + response.body.size(), 0, kFramePadding);
  snapshot_ = {under_way_.instrument, {body_.data(), response.body.size()}, now};
  is_ready_ = true;
}

void BookDesk::on_http_failure(const net::HttpFailure& failure) noexcept {
  is_under_way_ = false;
  ++counts_.failures;
  last_text_ = failure.text;
  const std::int64_t now = realtime_ns();
  limiter_.answer({.venue = rules_.limits_venue,
                   .kind = answer_kind(rules_.limits_venue, 0, 0),
                   .sent_ns = sent_ns_},
                  now);
  not_before_ns_ = now + kRetryNs;
}

}  // namespace pinstripe
