// The life of one connection to a venue's public streams.
//
//   waiting -> opening -> subscribing -> live -> (cut) waiting ... -> ended
//
// After an end it waits: exponential back-off with jitter and a cap, back to the start once it has
// been live for a while. It shows that it lives as the venue asks, and is given up where the peer
// does not answer, or where nothing of the market has come for too long while it says to be alive.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "feed/live/market_rules.h"
#include "shm/limits/limit_types.h"
#include "shm/net/websocket.h"

namespace pinstripe {

class MarketLink;

class LinkOwner {
 public:
  /// Of the market; the span holds until the owner resumes, where it paused the link.
  virtual void on_link_message(MarketLink& link, const net::WsMessage& message) noexcept = 0;
  /// Whether an attempt may be made now (the limiter's word). Asked before each.
  virtual bool may_connect(MarketLink& link) noexcept = 0;
  /// Whether a message may be sent on it now (likewise). Asked before each.
  virtual bool may_send(MarketLink& link) noexcept = 0;
  /// Whether links that are open may subscribe by now.
  virtual bool may_subscribe() noexcept = 0;
  /// The venue has said that it will end this connection.
  virtual void on_link_leaving(MarketLink& link) noexcept = 0;

 protected:
  ~LinkOwner() = default;
};

struct LinkOptions {
  std::int64_t backoff_first_ns = 250'000'000;
  std::int64_t backoff_most_ns = 30'000'000'000;
  std::int64_t settled_ns = 10'000'000'000;      // live for so long: the next back-off is the first
  // Nothing of the market at all for so long: made anew. Where that brings nothing either, the
  // instruments are quiet: each time twice as long, until data flow again. Where nothing has to
  // come all the time (ConnectionPlan::is_steady) it is the longest from the beginning.
  std::int64_t data_silence_ns = 10'000'000'000;
  std::int64_t data_silence_most_ns = 300'000'000'000;
  std::int64_t answer_ns = 10'000'000'000;        // a heartbeat without answer
  std::size_t message_bytes_max = 1u << 20;
  std::uint32_t alarm_after = 10;                // tries in a row
};

enum class LinkState : std::uint8_t { kWaiting, kOpening, kSubscribing, kLive, kEnded };
inline constexpr std::array<std::string_view, 5> kLinkStateNames{"waiting", "opening",
                                                                 "subscribing", "live", "ended"};

/// A link's place in one of the limiter's queues.
struct LimitTurn {
  std::uint64_t ticket = 0;
  std::int64_t not_before_ns = 0;  // steady_realtime_ns
  Grant last{Ruling::kGranted};    // the limiter's word
};

struct LinkCounts {
  std::uint64_t messages = 0;   // of the market
  std::uint64_t bytes = 0;
  std::uint64_t opens = 0;      // connections that opened
  std::uint64_t tries = 0;      // attempts to connect
  std::uint64_t tries_in_row = 0;
  std::uint64_t refusals = 0;   // subscriptions that the venue refused
  std::uint64_t silences = 0;   // ends for want of data or of an answer
};

class MarketLink final : private net::WebSocketEvents {
 public:
  /// `plan` and `context` must outlive it; `place`: the owner's number for it; `serial`: that no
  /// other link of this process has; `seed` draws the jitter.
  MarketLink(net::Loop& loop, const net::TlsContext& context, const ConnectionPlan& plan,
             const net::Endpoint& endpoint, LinkOwner& owner, const LinkOptions& options,
             std::size_t place, std::uint64_t serial, std::uint64_t seed);

  /// Everything that time does; a few times a second. Never while it is paused.
  void on_time(std::int64_t now_ns) noexcept;
  /// Leaves the topic and subscribes again: a chained book's way to a fresh snapshot. Topics that
  /// are asked for at about the same time share the messages; where there were too many of those of
  /// late, they wait (OKX counts them by the hour). A no-op where it is not live.
  void renew(std::size_t topic) noexcept;
  /// Ends for good.
  void retire(std::int64_t now_ns) noexcept;
  void pause() noexcept { socket_.pause(); }
  void resume() noexcept { socket_.resume(); }
  /// A message that it brought could be used; without such it counts as silent.
  void note_use() noexcept { has_data_ = true; }

  const ConnectionPlan& plan() const noexcept { return plan_; }
  LinkState state() const noexcept { return state_; }
  const LinkCounts& counts() const noexcept { return counts_; }
  std::size_t place() const noexcept { return place_; }
  LimitTurn& connect_turn() noexcept { return connect_turn_; }
  /// It would connect or subscribe, and the limiter does not let it.
  bool is_held() const noexcept {
    return state_ != LinkState::kOpening && state_ != LinkState::kEnded &&
           held().verdict != Ruling::kGranted;
  }
  const Grant& held() const noexcept {
    return state_ == LinkState::kWaiting ? connect_turn_.last : send_turn_.last;
  }
  LimitTurn& send_turn() noexcept { return send_turn_; }
  /// What the limiter knows this connection by: no other of this machine has it.
  std::string limits_key() const;
  /// Open, and perhaps not yet subscribed.
  bool is_open() const noexcept {
    return state_ == LinkState::kSubscribing || state_ == LinkState::kLive;
  }
  /// Nothing of the last connection is left.
  bool is_idle() const noexcept { return socket_.is_idle(); }
  bool is_alarm() const noexcept { return counts_.tries_in_row >= options_.alarm_after; }
  /// The last end was for the peer's certificate.
  bool is_certificate() const noexcept { return is_certificate_; }
  /// Why the last connection ended, or what the venue refused; for people.
  const std::string& last_text() const noexcept { return last_text_; }
  /// Loop time since which it is live; 0: it is not.
  std::int64_t live_since_ns() const noexcept { return live_since_ns_; }
  /// Market messages since this connection opened.
  std::uint64_t messages_here() const noexcept { return counts_.messages - messages_before_; }

 private:
  void on_ws_open() noexcept override;
  void on_ws_message(const net::WsMessage& message) noexcept override;
  void on_ws_pong(std::string_view) noexcept override { has_heard_ = true; }
  void on_ws_closed(const net::WsClosed& closed) noexcept override;

  /// Pairs of messages: with those that open a connection they stay below 480 an hour.
  static constexpr std::uint32_t kRenewalsMost = 60;
  static constexpr std::int64_t kRenewalEveryNs = 24'000'000'000;

  bool may_renew(std::int64_t now_ns) noexcept;
  void queue_renewals(std::int64_t now_ns) noexcept;

  void connect(std::int64_t now_ns) noexcept;
  void send_next(std::int64_t now_ns) noexcept;
  void beat(std::int64_t now_ns) noexcept;
  void look_for_silence(std::int64_t now_ns) noexcept;
  void give_up(const char* why, std::int64_t now_ns) noexcept;
  std::int64_t backoff_ns() noexcept;
  /// The shortest silence that counts as dead.
  std::int64_t patience_ns() const noexcept {
    return plan_.is_steady() ? options_.data_silence_ns : options_.data_silence_most_ns;
  }

  const ConnectionPlan& plan_;
  net::Endpoint endpoint_;
  LinkOwner& owner_;
  LinkOptions options_;
  std::size_t place_;
  std::uint64_t serial_;
  std::uint64_t random_;
  LimitTurn connect_turn_;
  LimitTurn send_turn_;
  LinkState state_ = LinkState::kWaiting;
  LinkCounts counts_;
  std::uint64_t messages_before_ = 0;
  std::deque<std::string> to_send_;
  std::vector<std::size_t> to_renew_;   // topics
  std::uint64_t next_id_ = 1;
  std::string last_text_;
  bool is_certificate_ = false;
  bool has_ended_ = false;        // on_ws_closed came; on_time has not looked yet
  bool has_data_ = false;         // market data that could be used, since the last look
  bool has_rubbish_ = false;      // other messages since the last that could
  bool has_heard_ = false;        // anything since the last look
  bool awaits_answer_ = false;    // a heartbeat of ours is out
  std::uint32_t renewals_left_ = kRenewalsMost;
  std::int64_t renewals_ns_ = 0;  // when one was added last
  std::int64_t next_try_ns_ = 0;
  std::int64_t next_send_ns_ = 0;
  std::int64_t next_beat_ns_ = 0;
  std::int64_t beat_ns_ = 0;
  std::int64_t data_ns_ = 0;      // about when market data came last
  std::int64_t silence_ns_;       // as long as counts as dead now
  std::int64_t flowing_since_ns_ = 0;  // data have not paused for half of data_silence_ns
  std::int64_t live_since_ns_ = 0;
  net::WebSocket socket_;
};

}  // namespace pinstripe
