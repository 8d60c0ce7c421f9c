// The words of the limiter: what a caller asks for, what it is told.
//
// Every time is a parameter, in nanoseconds since 1970 (a session clock that never steps): the
// limiter reads no clock, so the same calls give the same answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shm/base/units.h"

namespace pinstripe {

/// What a venue counts. Each kind has its own buckets, and some have several windows.
enum class LimitKind : std::uint8_t {
  kRequests,    // REST requests or their weight, per IP
  kEndpoint,    // requests to one endpoint; key: method and path, "GET /api/v5/market/books"
  kOrders,      // new and amended orders, per account; key: the account's label
  kInstrument,  // orders of one instrument; key: "account/instrument"
  kConnects,    // attempts to open a WebSocket connection, per IP
  kMessages,    // messages sent on one connection, pongs included; key: the connection
  kSubscribes,  // subscribe and login requests on one connection; key: the connection
};
inline constexpr const char* kLimitKindNames[] = {"requests", "endpoint", "orders", "instrument",
                                                  "connects", "messages", "subscribes"};

/// Who goes first. Only cancels may use the reserve.
enum class Priority : std::uint8_t { kCancel, kOrder, kResync, kBackground };
inline constexpr std::size_t kPriorities = 4;
inline constexpr const char* kPriorityNames[] = {"cancel", "order", "resync", "background"};

/// Of the streams' host, which fails and lives apart from that of REST.
constexpr bool is_stream_kind(LimitKind kind) noexcept {
  return kind == LimitKind::kConnects || kind == LimitKind::kMessages ||
         kind == LimitKind::kSubscribes;
}

/// One thing that a venue counts: "BINANCE" requests, "OKX" orders of account "main". `venue` as in
/// instrument ids (BYBIT_LINEAR, ...); `key` tells apart what the kind counts apart, and never
/// holds a secret.
struct LimitScope {
  std::string_view venue;
  LimitKind kind = LimitKind::kRequests;
  std::string_view key = {};
};

/// `weight` of a scope, for one request.
struct LimitCharge {
  LimitScope scope;
  std::uint32_t weight = 1;
};

/// Like requests, asked for at once: a batch of `count` takes one lock and one place in the queue.
/// All charges name one venue. All or nothing for each of the batch, not for the batch.
struct LimitRequest {
  std::span<const LimitCharge> charges;
  Priority priority = Priority::kBackground;
  std::uint32_t count = 1;
  std::int64_t patience_ns = 120 * kNsPerSecond;  // a wait longer than this is refused
  std::uint64_t ticket = 0;  // of the wait that this call goes on with; 0: none
  bool forced = false;       // the operator's: passes a ban, a back-off, an open circuit; counted
};

enum class Ruling : std::uint8_t {
  kGranted,      // send `count` now
  kWait,         // ask again at `until_ns` with `ticket`
  kBanned,       // the venue has banned us until `until_ns`: send nothing
  kCircuitOpen,  // the venue's REST fails: nothing but cancels and streams until `until_ns`
  kTooLong,      // the wait would outlast the caller's patience; `until_ns` says how long
  kQueueFull,    // as many wait as may wait
  kNeverFits,    // the weight is above what this priority may ever use
  kNoRule,       // the venue or kind is in no table
  kTableFull,    // more buckets or venues than the table holds
  kUnavailable,  // the lock is held by a process that stands still, or the state was removed
};
inline constexpr const char* kRulingNames[] = {"granted", "wait", "banned", "circuit_open",
                                                "too_long", "queue_full", "never_fits", "no_rule",
                                                "table_full", "unavailable"};

/// What a failure was, as far as who had sent the request could see. For people.
enum class FailureCause : std::uint8_t { kNotSaid, kNotReached, kNoAnswer, kServerError };
inline constexpr const char* kFailureCauseNames[] = {
    "not said", "connection refused, or no way there", "no answer came", "HTTP 5xx"};

/// Nothing is to be sent but what `count` says.
struct Grant {
  Ruling verdict = Ruling::kUnavailable;
  std::uint32_t count = 0;      // how many of the batch may be sent now; > 0: granted
  std::int64_t until_ns = 0;    // where the rest (or all) waits or is refused: until when
  std::uint64_t ticket = 0;     // > 0: the rest waits under this ticket
  FailureCause failure = FailureCause::kNotSaid;  // kCircuitOpen: the last one
};

/// How a venue answered, as far as limits go.
enum class AnswerKind : std::uint8_t {
  kGood,     // any answer that shows the venue at work, refusals by name included
  kFailed,   // no answer in time, a cut, HTTP 5xx
  kTooMany,  // HTTP 429 and its like: back off
  kBanned,   // HTTP 418, 403, Bybit 10006: full stop
};
/// `http_status` 0: no answer came. `venue_code`: the venue's own code in the body, 0 without.
AnswerKind answer_kind(std::string_view venue, int http_status, std::int64_t venue_code) noexcept;

struct VenueAnswer {
  std::string_view venue;
  AnswerKind kind = AnswerKind::kGood;
  std::int64_t sent_ns = 0;         // when its request was sent
  std::int64_t retry_after_ns = 0;  // Retry-After; 0: not said
  std::int64_t until_ns = 0;        // end of a ban as the venue gave it; 0: not said
  std::int32_t cause = 0;           // HTTP status or venue code, for people
  std::string_view endpoint = {};   // kTooMany of one endpoint alone: only its bucket is filled
  FailureCause failure = FailureCause::kNotSaid;  // of kFailed
};

/// What a venue's headers say about one of its windows: X-MBX-USED-WEIGHT-1M, X-Bapi-Limit-Status.
struct LimitReading {
  LimitScope scope;
  std::int64_t window_ns = 0;  // which window of the scope
  std::int64_t sent_ns = 0;    // when the request was sent that was answered so
  bool used_said = false;
  std::uint32_t used = 0;      // counted by the venue
  std::uint32_t limit = 0;     // the venue's limit; 0: not said
};

}  // namespace pinstripe
