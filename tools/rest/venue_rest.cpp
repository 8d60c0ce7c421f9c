#include "tools/rest/venue_rest.h"

#include <algorithm>

#include "feed/live/venue_answer.h"
#include "feed/live/venue_endpoint.h"
#include "shm/run/steady_time.h"
#include "tools/rest/rest_connection.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

constexpr int kReportTries = 20;     // each waits up to 50 ms for the limiter's lock
constexpr int kUnavailableMax = 40;  // the same, before the limiter counts as gone

net::Loop::Options loop_options() {
  net::Loop::Options options;
  options.sockets_max = 16;
  options.buffers = 16;
  return options;
}

/// Why the limiter lets nothing pass, and what to do.
Error refusal(const Grant& grant, std::string_view venue, const std::string& address,
              std::int64_t now_ns) {
  const std::string name(venue);
  const std::string verb = "'pinstripe limits" + (address.empty() ? "" : " --address " + address);
  const std::string until = shown_time(grant.until_ns);
  switch (grant.verdict) {
    case Ruling::kBanned:
      return {name + " has banned this machine until " + until +
              ": nothing is sent before; " + verb + "' shows it, " + verb + " --clear-ban " +
              name + "' ends it where the venue has lifted it"};
    case Ruling::kCircuitOpen:
      return {name + " has failed too often in a row (last failure: " +
              kFailureCauseNames[static_cast<std::size_t>(grant.failure)] +
              "); it is asked again from " + until + " on"};
    case Ruling::kTooLong:
      return {name + " must not be asked before " + until + " (in " +
              std::to_string((grant.until_ns - now_ns) / kNsPerSecond) +
              " s), which is longer than this request may wait; " + verb + "' shows the use"};
    case Ruling::kUnavailable:
      return {"the limiter of this machine cannot be asked: a process stands still with its lock, "
              "or its files were removed; " + verb + "' shows it"};
    default:
      return {"the limiter lets no request to " + name + " pass: " +
              kRulingNames[static_cast<std::size_t>(grant.verdict)] +
              "; " + verb + "' shows why"};
  }
}

}  // namespace

VenueRest::VenueRest(std::unique_ptr<net::Loop> loop, std::unique_ptr<net::TlsContext> tls,
                     Limiter limiter, const RestTarget& target, const Options& options)
    : target_(target),
      options_(options),
      loop_(std::move(loop)),
      tls_(std::move(tls)),
      limiter_(std::move(limiter)) {}
VenueRest::VenueRest(VenueRest&&) noexcept = default;
VenueRest::~VenueRest() = default;

std::int64_t VenueRest::now_ns() const noexcept { return steady_realtime_ns(); }

Result<VenueRest> VenueRest::open(const RestTarget& target, const Options& options) {
  auto tls = net::TlsContext::open({target.ca_file});  // before anything else of OpenSSL
  if (!tls) return fail_within("cannot reach venues", tls);
  auto loop = net::Loop::open(loop_options());
  if (!loop) return fail_within("cannot reach venues", loop);
  const auto counted = rest_limiter_options(target);
  if (!counted) return std::unexpected(counted.error());
  auto limiter = Limiter::open(*counted, steady_realtime_ns());
  if (!limiter) return std::unexpected(limiter.error());
  return VenueRest(std::move(*loop), std::move(*tls), std::move(*limiter), target, options);
}

Result<RestConnection*> VenueRest::connection(const MarketRules& venue) {
  const auto found = connections_.find(venue.rest_host);
  if (found != connections_.end()) return found->second.get();
  const auto endpoint = venue_endpoint(venue.rest_host, 443, target_.address);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto made = std::make_unique<RestConnection>(*loop_, *tls_, *endpoint, options_.request_ns_max);
  return connections_.emplace(venue.rest_host, std::move(made)).first->second.get();
}

std::string VenueRest::where(const Ask& ask) const {
  std::string text = "https://" + std::string(ask.venue.rest_host) + ask.target;
  if (!target_.address.empty()) text += " (at " + target_.address + ")";
  return text;
}

Result<std::string> VenueRest::get(std::string_view venue, const std::string& target,
                                   std::uint32_t weight, Priority priority) {
  const MarketRules* known = market_rules(venue);
  if (known == nullptr) {
    return fail_usage("venue '" + std::string(venue) + "' has no REST here; there are " +
                      live_venue_names());
  }
  auto to = connection(*known);
  if (!to) return fail_within("cannot ask " + std::string(venue), to);
  Ask ask{*known, target, weight, priority, now_ns() + options_.patience_ns, {}};
  std::int64_t pause_ns = options_.again_first_ns;
  for (int again = 0;;) {
    if (auto granted = wait_for_grant(ask); !granted) {
      return fail_within("cannot ask " + where(ask), granted);
    }
    std::string said;
    switch (send(ask, **to, said)) {
      case Next::kDone: return said;
      case Next::kWaitForLimit: continue;
      case Next::kGiveUp: return fail("cannot get " + where(ask) + ": " + said);
      case Next::kAgain: break;
    }
    if (again++ == kAgainMax || now_ns() + pause_ns > ask.deadline_ns) {
      return fail("cannot get " + where(ask) + ": " + said + " (tried " + std::to_string(again) +
                  " times)");
    }
    pause(pause_ns);
    pause_ns *= 2;
  }
}

/// Returns once one request may be sent, which is then counted already.
Result<void> VenueRest::wait_for_grant(Ask& ask) {
  const LimitCharge charge = rest_charge(ask.venue, ask.target, ask.weight, ask.endpoint);
  LimitRequest request;
  request.charges = {&charge, 1};
  request.priority = ask.priority;
  for (int unavailable = 0;;) {
    const std::int64_t now = now_ns();
    request.patience_ns = std::max<std::int64_t>(ask.deadline_ns - now, 0);
    const Grant grant = limiter_.request(request, now);
    if (grant.count > 0) return {};
    if (grant.verdict == Ruling::kUnavailable) ++unavailable;
    const bool comes = grant.verdict == Ruling::kWait || grant.verdict == Ruling::kCircuitOpen ||
                       (grant.verdict == Ruling::kUnavailable && unavailable < kUnavailableMax);
    const std::int64_t until = std::max(grant.until_ns, now + kNsPerMs);
    if (!comes || until > ask.deadline_ns) {
      if (grant.ticket != 0) limiter_.withdraw(grant.ticket);
      return std::unexpected(refusal(grant, ask.venue.limits_venue, target_.address, now));
    }
    request.ticket = grant.ticket;
    pause(until - now);
  }
}

VenueRest::Next VenueRest::send(Ask& ask, RestConnection& connection, std::string& said) {
  ++requests_;
  const std::int64_t sent = now_ns();
  RestReply reply = connection.get(ask.target);
  sent_ns_ = sent;
  answered_ns_ = now_ns();
  if (reply.status != 0) {
    const Next next = judge(ask, reply, said);
    if (next == Next::kDone) said = std::move(reply.text);
    return next;
  }
  const net::HttpFailure failure{.may_have_arrived = reply.may_have_arrived,
                                 .is_certificate = reply.is_certificate,
                                 .is_not_reached = reply.is_not_reached,
                                 .text = {}};
  if (const auto none = read_venue_silence(ask.venue, failure, !target_.address.empty(), sent)) {
    report(*none);
  }
  said = reply.text;
  if (reply.is_certificate) {
    said += "; nothing was sent. live.ca_file must name the authority of this server, and "
            "live.address the right server";
    return Next::kGiveUp;
  }
  if (!reply.may_have_arrived) {
    said += "; check the network, and live.address where a simulated exchange is meant: is it "
            "running?";
  }
  return Next::kAgain;
}

VenueRest::Next VenueRest::judge(Ask& ask, const RestReply& reply, std::string& said) {
  net::HttpResponse response;
  response.status = reply.status;
  response.fields = reply.fields;
  const VenueWord word = read_venue_word(ask.venue.venue, reply.status, reply.text);
  const VenueAnswer answer =
      read_venue_answer(ask.venue, response, word, ask.endpoint, sent_ns_, now_ns());
  report(answer);
  if (const auto reading = read_used_weight(ask.venue, response, sent_ns_)) {
    limiter_.observe(*reading, now_ns());
  }
  said = "HTTP " + std::to_string(reply.status);
  if (word.code != 0) said += ", code " + std::to_string(word.code);
  if (!word.text.empty()) said += ": " + word.text;
  switch (answer.kind) {
    case AnswerKind::kTooMany:
    case AnswerKind::kBanned: return Next::kWaitForLimit;  // which knows the end, or refuses
    case AnswerKind::kFailed: return Next::kAgain;
    case AnswerKind::kGood: break;
  }
  if (reply.status == 200 && word.code == 0 && word.is_json) return Next::kDone;
  if (reply.status == 200 && !word.is_json) said = "the answer is no JSON; is this the venue?";
  return Next::kGiveUp;
}

/// A report that is lost lets others run into the same ban: it is made until it is taken.
void VenueRest::report(const VenueAnswer& answer) {
  for (int i = 0; i < kReportTries && !limiter_.answer(answer, now_ns()); ++i) {
    pause(5 * kNsPerMs);
  }
}

void VenueRest::observe_limit(std::string_view venue, LimitKind kind, std::int64_t window_ns,
                              std::uint32_t limit) {
  const MarketRules* known = market_rules(venue);
  if (known == nullptr || limit == 0) return;
  LimitReading reading;
  reading.scope = {known->limits_venue, kind};
  reading.window_ns = window_ns;
  reading.sent_ns = now_ns();
  reading.limit = limit;
  limiter_.observe(reading, now_ns());
}

/// Sleeps with the loop turning, so that connections that end meanwhile are let go of.
void VenueRest::pause(std::int64_t ns) {
  const std::int64_t end = monotonic_ns() + ns;
  for (std::int64_t left = ns; left > 0; left = end - monotonic_ns()) loop_->wait(left);
}

}  // namespace pinstripe
