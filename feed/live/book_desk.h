// REST snapshots of one venue's books, one at a time, within the machine's budget of weight
// (shm/limits). For venues whose streams bring changes only (Binance).
//
// Who needs a book asks; what is asked for twice waits once. Instruments with money at stake come
// first, the others in the order in which they asked. While nobody waits it asks for what the
// venue's streams do not tell, the open interest: one instrument after the other, each once a
// minute at most, at the lowest priority.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "feed/live/market_rules.h"
#include "shm/limits/limiter.h"
#include "shm/net/http_client.h"

namespace pinstripe {

struct DeskCounts {
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;    // snapshots that came
  std::uint64_t interests = 0;  // answers about open interest
  std::uint64_t failures = 0;   // no answer, or another than 200, of either
  std::uint64_t waits = 0;      // times that the limiter told it to wait
};

class BookDesk final : private net::HttpEvents {
 public:
  /// Or an open interest: both are whole answers of the venue, for the stage to read.
  struct Snapshot {
    std::uint16_t instrument = 0;
    std::string_view body;  // kFramePadding readable bytes behind it
    std::int64_t realtime_ns = 0;
  };

  /// `levels` a side are asked for; a longer body than `body_bytes_max` is refused.
  BookDesk(net::Loop& loop, const net::TlsContext& context, const net::Endpoint& endpoint,
           const MarketRules& rules, Limiter& limiter, std::uint32_t levels,
           std::size_t body_bytes_max);

  /// `urgent`: a position or an order depends on it. False: it waits already.
  bool ask(std::uint16_t instrument, const std::string& symbol, bool urgent);
  /// From now on its open interest is asked for, where the venue has it by REST alone.
  void watch_interest(std::uint16_t instrument, const std::string& symbol);
  void on_time(std::int64_t now_ns) noexcept;
  /// The snapshot that has come and was not taken; null: none.
  const Snapshot* ready() const noexcept { return is_ready_ ? &snapshot_ : nullptr; }
  void take() noexcept { is_ready_ = false; }

  const MarketRules& rules() const noexcept { return rules_; }
  const DeskCounts& counts() const noexcept { return counts_; }
  std::size_t waiting() const noexcept { return queue_.size(); }
  /// About how long until the last that waits is served: by the limiter's word for the next one,
  /// then by what the venue allows a minute.
  std::int64_t expected_ns() const noexcept;
  const std::string& last_text() const noexcept { return last_text_; }

 private:
  struct Ask {
    std::uint16_t instrument = 0;
    std::string symbol;
    bool urgent = false;
    bool is_interest = false;
  };
  struct Interest {
    Ask ask;
    std::string target;
    std::int64_t next_ns = 0;  // not before
  };

  void on_http_response(const net::HttpResponse& response) noexcept override;
  void on_http_failure(const net::HttpFailure& failure) noexcept override;
  bool is_allowed(std::int64_t now_ns) noexcept;
  bool report(const VenueAnswer& answer, std::int64_t now_ns) noexcept;
  void wait_after_failure(std::int64_t now_ns) noexcept;
  void ask_interest(std::int64_t realtime, std::int64_t now_ns) noexcept;
  void send(const Ask& ask, std::string_view target, std::int64_t realtime,
            std::int64_t now_ns) noexcept;

  const MarketRules& rules_;
  Limiter& limiter_;
  std::uint32_t levels_;
  std::uint32_t weight_;
  bool is_given_;  // net::Endpoint's
  net::HttpClient client_;
  std::deque<Ask> queue_;
  Ask under_way_;
  bool is_under_way_ = false;
  std::int64_t sent_ns_ = 0;        // these times: steady_realtime_ns
  std::int64_t not_before_ns_ = 0;
  std::uint64_t ticket_ = 0;
  std::optional<VenueAnswer> owed_;  // that the limiter has not taken yet
  std::deque<Interest> interests_;  // the one that comes next in front
  std::int64_t interest_ns_ = 0;    // none before
  std::uint64_t interest_ticket_ = 0;
  std::vector<char> body_;
  Snapshot snapshot_;
  bool is_ready_ = false;
  DeskCounts counts_;
  std::string last_text_;
};

}  // namespace pinstripe
