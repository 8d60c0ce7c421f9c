#include "feed/live/book_desk.h"

#include <algorithm>
#include <charconv>
#include <cstring>

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

std::int64_t number_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
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
  observe(response);
  answered(response.status, number_of(response.field("Retry-After")) * kNsPerSecond);
  if (response.status != 200) {
    ++counts_.failures;
    last_text_ = "a snapshot was answered with status " + std::to_string(response.status) + ": ";
    last_text_ += response.body.substr(0, 200);
    not_before_ns_ = realtime_ns() + kRetryNs;
    return;
  }
  ++counts_.answers;
  std::memcpy(body_.data(), response.body.data(), response.body.size());
  std::memset(body_.data() + response.body.size(), 0, kFramePadding);
  snapshot_ = {under_way_.instrument, {body_.data(), response.body.size()}, realtime_ns()};
  is_ready_ = true;
}

void BookDesk::on_http_failure(const net::HttpFailure& failure) noexcept {
  is_under_way_ = false;
  ++counts_.failures;
  is_certificate_ = failure.is_certificate;
  last_text_ = failure.text;
  answered(0, 0);
  not_before_ns_ = realtime_ns() + kRetryNs;
}

void BookDesk::answered(int status, std::int64_t retry_after_ns) noexcept {
  limiter_.answer({.venue = rules_.limits_venue,
                   .kind = answer_kind(rules_.limits_venue, status, 0),
                   .sent_ns = sent_ns_,
                   .retry_after_ns = retry_after_ns,
                   .cause = status},
                  realtime_ns());
}

/// The venue's own count of the weight that was used this minute.
void BookDesk::observe(const net::HttpResponse& response) noexcept {
  const std::string_view used = response.field("X-MBX-USED-WEIGHT-1M");
  if (used.empty()) return;
  limiter_.observe({.scope = {rules_.limits_venue, LimitKind::kRequests},
                    .window_ns = 60 * kNsPerSecond,
                    .sent_ns = sent_ns_,
                    .used_said = true,
                    .used = static_cast<std::uint32_t>(number_of(used))},
                   realtime_ns());
}

}  // namespace pinstripe
