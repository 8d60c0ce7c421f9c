// Blocking REST to all venues, for what happens beside the hot path: start of a session, backfills.
//
// Each request asks the machine's limiter first, waits as it is told, and reports the answer. A GET
// that fails on its way (a cut, 5xx, no answer) is sent again with a growing pause; a venue that
// says "too many" is waited for; a ban is a full stop with the time of its end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "shm/limits/limiter.h"
#include "shm/net/loop.h"
#include "shm/net/tls_context.h"
#include "tools/rest/venue_hosts.h"

namespace pinstripe {

class RestConnection;
struct RestReply;

/// One thread. Where it is the first use of OpenSSL in the process, TLS takes its memory from a
/// pool (shm/net/tls_memory.h).
class VenueRest {
 public:
  static constexpr int kAgainMax = 3;  // a failed GET is sent again so often
  static constexpr std::int64_t kPatienceNs = 120 * kNsPerSecond;

  struct Options {
    std::int64_t request_ns_max = 20 * kNsPerSecond;  // one request, connecting included
    std::int64_t patience_ns = kPatienceNs;           // waits for limits and venue, all of one get
    std::int64_t again_first_ns = 250 * kNsPerMs;     // pause before a second try, then doubled
  };

  /// Opens loop, TLS and limiter; no connection yet.
  static Result<VenueRest> open(const RestTarget& target, const Options& options);
  static Result<VenueRest> open(const RestTarget& target) { return open(target, Options{}); }
  VenueRest(VenueRest&&) noexcept;
  ~VenueRest();

  /// The body of an answer that the venue calls good. `venue` as in instrument ids, `target` path
  /// and query, `weight` as the venue counts it.
  Result<std::string> get(std::string_view venue, const std::string& target, std::uint32_t weight,
                          Priority priority);

  /// How much a venue's exchangeInfo allows of one window; what is unknown is passed over.
  void observe_limit(std::string_view venue, LimitKind kind, std::int64_t window_ns,
                     std::uint32_t limit);

  /// Nanoseconds since 1970 by a clock that does not step.
  std::int64_t now_ns() const noexcept;
  /// When the last answer's request was sent and when its last byte had come, by now_ns().
  std::int64_t sent_ns() const noexcept { return sent_ns_; }
  std::int64_t answered_ns() const noexcept { return answered_ns_; }
  /// Requests sent so far, repetitions included.
  std::uint64_t requests() const noexcept { return requests_; }

 private:
  struct Ask {
    const MarketRules& venue;
    const std::string& target;
    std::uint32_t weight;
    Priority priority;
    std::int64_t deadline_ns;
    std::string endpoint;  // text of the charge's key
  };
  enum class Next : std::uint8_t { kDone, kAgain, kWaitForLimit, kGiveUp };

  VenueRest(std::unique_ptr<net::Loop> loop, std::unique_ptr<net::TlsContext> tls, Limiter limiter,
            const RestTarget& target, const Options& options);
  Result<RestConnection*> connection(const MarketRules& venue);
  Result<void> wait_for_grant(Ask& ask);
  Next send(Ask& ask, RestConnection& connection, std::string& said);
  Next judge(Ask& ask, const RestReply& reply, std::string& said);
  void report(const VenueAnswer& answer);
  void pause(std::int64_t ns);
  std::string where(const Ask& ask) const;

  RestTarget target_;
  Options options_;
  std::int64_t sent_ns_ = 0, answered_ns_ = 0;
  std::uint64_t requests_ = 0;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::TlsContext> tls_;
  Limiter limiter_;
  std::map<std::string, std::unique_ptr<RestConnection>, std::less<>> connections_;  // by host
};

}  // namespace pinstripe
