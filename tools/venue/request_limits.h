// How the venues count requests. Two kinds: weight in fixed minutes of the clock (Binance), and
// requests in a window that moves (Bybit, OKX).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace pinstripe::venue {

struct LimitVerdict {
  unsigned status = 200;           // 200, 429: wait, 418: banned
  std::int64_t used = 0;           // in the window, this request included
  std::int64_t retry_after_s = 0;  // with 429 and 418
};

/// Weight per address and clock minute. Who goes on after 429 is banned, longer each time.
class MinuteWeight {
 public:
  static constexpr int kWarnings = 20;            // answers of 429 in one minute before a ban
  static constexpr std::int64_t kFirstBanS = 120;
  static constexpr std::int64_t kLongestBanS = 259'200;  // three days

  explicit MinuteWeight(std::int64_t limit) : limit_(limit) {}
  LimitVerdict charge(const std::string& address, std::int64_t weight, std::int64_t now_ms);
  std::int64_t limit() const { return limit_; }

 private:
  struct Use {
    std::int64_t minute = 0;
    std::int64_t used = 0;
    int warnings = 0;
    std::int64_t ban_ends_ms = 0;
    std::int64_t next_ban_s = kFirstBanS;
  };
  std::int64_t limit_;
  std::map<std::string, Use> uses_;
};

/// At most `limit` requests of a key in any `window_ms`.
class RollingCount {
 public:
  RollingCount(std::size_t limit, std::int64_t window_ms) : limit_(limit), window_ms_(window_ms) {}
  /// True where the request may pass; one that may not does not count.
  bool charge(const std::string& key, std::int64_t now_ms);
  void forget(const std::string& key) { times_.erase(key); }

 private:
  std::size_t limit_;
  std::int64_t window_ms_;
  std::map<std::string, std::deque<std::int64_t>> times_;
};

}  // namespace pinstripe::venue
