#include "shm/limits/rules.h"

#include <algorithm>

namespace pinstripe {

namespace {

constexpr std::int64_t kMs = kNsPerMs;
constexpr std::int64_t kSecond = kNsPerSecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

using Kind = LimitKind;
constexpr LimitCounting kClock = LimitCounting::kClock;
constexpr LimitCounting kRolling = LimitCounting::kRolling;

/// A rolling count over longer than the venue's is never looser than the venue's, whichever way it
/// counts: connection attempts, whose way of counting no venue states, are counted so.
constexpr LimitRule kRules[] = {
    {"BINANCE", "BINANCE", Kind::kRequests, "", kClock, kMinute, 1 * kSecond, 6'000, 300},
    {"BINANCE", "BINANCE", Kind::kOrders, "", kClock, 10 * kSecond, 500 * kMs, 50, 0},
    {"BINANCE", "BINANCE", Kind::kOrders, "", kClock, kDay, 1 * kSecond, 160'000, 0},
    {"BINANCE", "BINANCE", Kind::kConnects, "", kRolling, 5 * kMinute, 1 * kSecond, 300, 0},
    {"BINANCE", "BINANCE", Kind::kMessages, "", kRolling, 1 * kSecond, 100 * kMs, 5, 1},

    {"BINANCE_USDM", "BINANCE_USDM", Kind::kRequests, "", kClock, kMinute, 1 * kSecond, 2'400,
     120},
    {"BINANCE_USDM", "BINANCE_USDM", Kind::kOrders, "", kClock, 10 * kSecond, 500 * kMs, 300, 0},
    {"BINANCE_USDM", "BINANCE_USDM", Kind::kOrders, "", kClock, kMinute, 1 * kSecond, 1'200, 0},
    {"BINANCE_USDM", "BINANCE_USDM", Kind::kConnects, "", kRolling, 5 * kMinute, 1 * kSecond, 300,
     0},
    {"BINANCE_USDM", "BINANCE_USDM", Kind::kMessages, "", kRolling, 1 * kSecond, 100 * kMs, 10, 1},

    {"BYBIT", "BYBIT", Kind::kRequests, "", kRolling, 5 * kSecond, 250 * kMs, 600, 60},
    {"BYBIT", "BYBIT", Kind::kOrders, "", kRolling, 1 * kSecond, 100 * kMs, 20, 0},
    {"BYBIT", "BYBIT", Kind::kConnects, "", kRolling, 5 * kMinute, 1 * kSecond, 500, 0},
    {"BYBIT_LINEAR", "BYBIT", Kind::kRequests, "", kRolling, 5 * kSecond, 250 * kMs, 600, 60},
    {"BYBIT_LINEAR", "BYBIT_LINEAR", Kind::kOrders, "", kRolling, 1 * kSecond, 100 * kMs, 10, 0},
    {"BYBIT_LINEAR", "BYBIT", Kind::kConnects, "", kRolling, 5 * kMinute, 1 * kSecond, 500, 0},

    {"OKX", "OKX", Kind::kEndpoint, "", kRolling, 2 * kSecond, 100 * kMs, 10, 0},
    {"OKX", "OKX", Kind::kEndpoint, "GET /api/v5/market/books", kRolling, 2 * kSecond, 100 * kMs,
     40, 0},
    {"OKX", "OKX", Kind::kEndpoint, "GET /api/v5/market/candles", kRolling, 2 * kSecond, 100 * kMs,
     40, 0},
    {"OKX", "OKX", Kind::kOrders, "", kRolling, 2 * kSecond, 100 * kMs, 1'000, 0},
    {"OKX", "OKX", Kind::kInstrument, "", kRolling, 2 * kSecond, 100 * kMs, 60, 0},
    {"OKX", "OKX", Kind::kConnects, "", kRolling, 1 * kSecond, 100 * kMs, 3, 0},
    {"OKX", "OKX", Kind::kSubscribes, "", kRolling, kHour, 1 * kSecond, 480, 0},
    {"OKX_SWAP", "OKX", Kind::kEndpoint, "", kRolling, 2 * kSecond, 100 * kMs, 10, 0},
    {"OKX_SWAP", "OKX", Kind::kEndpoint, "GET /api/v5/market/books", kRolling, 2 * kSecond,
     100 * kMs, 40, 0},
    {"OKX_SWAP", "OKX", Kind::kEndpoint, "GET /api/v5/market/candles", kRolling, 2 * kSecond,
     100 * kMs, 40, 0},
    {"OKX_SWAP", "OKX", Kind::kOrders, "", kRolling, 2 * kSecond, 100 * kMs, 1'000, 0},
    {"OKX_SWAP", "OKX", Kind::kInstrument, "", kRolling, 2 * kSecond, 100 * kMs, 60, 0},
    {"OKX_SWAP", "OKX", Kind::kConnects, "", kRolling, 1 * kSecond, 100 * kMs, 3, 0},
    {"OKX_SWAP", "OKX", Kind::kSubscribes, "", kRolling, kHour, 1 * kSecond, 480, 0},
};

}  // namespace

std::span<const LimitRule> venue_limit_rules() noexcept { return kRules; }

std::string_view limit_pool(std::span<const LimitRule> rules, std::string_view venue) noexcept {
  // A venue's connections are its host's in every table, its orders may be counted apart.
  std::string_view pool;
  for (const LimitRule& rule : rules) {
    if (rule.venue != venue) continue;
    if (pool.empty() || rule.kind == LimitKind::kRequests || rule.kind == LimitKind::kConnects) {
      pool = rule.pool;
    }
  }
  return pool;
}

std::uint32_t priority_ceiling(std::uint32_t limit, std::uint32_t reserve, Priority p) noexcept {
  if (limit == 0) return 0;
  const std::uint32_t kept = std::min(reserve, limit / 4);  // a venue may have lowered the limit
  std::uint32_t ceiling = limit;
  if (p == Priority::kOrder) ceiling = limit - kept;
  if (p == Priority::kResync) ceiling = limit - 2 * kept;
  if (p == Priority::kBackground) ceiling = (limit - 2 * kept) / 4 * 3 + (limit - 2 * kept) % 4;
  return std::max<std::uint32_t>(ceiling, 1);
}

AnswerKind answer_kind(std::string_view venue, int http_status, std::int64_t venue_code) noexcept {
  if (http_status == 418 || http_status == 403) return AnswerKind::kBanned;
  if (http_status == 429) return AnswerKind::kTooMany;
  if (http_status == 0 || http_status >= 500) return AnswerKind::kFailed;
  if (venue.starts_with("BYBIT")) {
    if (venue_code == 10'006 || venue_code == 10'018) return AnswerKind::kBanned;
    if (venue_code == 10'429) return AnswerKind::kTooMany;
  }
  if (venue.starts_with("OKX") && (venue_code == 50'011 || venue_code == 50'061)) {
    return AnswerKind::kTooMany;
  }
  if (venue.starts_with("BINANCE") && venue_code == -1'015) return AnswerKind::kTooMany;
  return AnswerKind::kGood;
}

}  // namespace pinstripe
