#include "feed/live/market_link.h"

#include <unistd.h>

#include <algorithm>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

/// Data flow all the time on a market's connection, so a peer that is silent for this long is asked
/// by a ping, and soon counts as dead.
constexpr std::int64_t kPingAfterNs = 10'000'000'000;
constexpr std::int64_t kSilenceNs = 20'000'000'000;
/// Data that flow for so long are a market that is not quiet.
constexpr std::int64_t kFlowsNs = 60'000'000'000;

net::WsOptions socket_options(const LinkOptions& options) {
  net::WsOptions o;
  o.message_bytes_max = options.message_bytes_max;
  o.ping_after_ns = kPingAfterNs;
  o.silence_ns_max = kSilenceNs;
  return o;
}

}  // namespace

MarketLink::MarketLink(net::Loop& loop, const net::TlsContext& context, const ConnectionPlan& plan,
                       const net::Endpoint& endpoint, LinkOwner& owner, const LinkOptions& options,
                       std::size_t place, std::uint64_t serial, std::uint64_t seed)
    : plan_(plan),
      endpoint_(endpoint),
      owner_(owner),
      options_(options),
      place_(place),
      serial_(serial),
      random_(seed),
      silence_ns_(patience_ns()),
      socket_(loop, context, *this, socket_options(options)) {}

void MarketLink::on_time(std::int64_t now_ns) noexcept {
  socket_.on_time(now_ns);
  if (has_ended_) {
    has_ended_ = false;
    if (state_ == LinkState::kEnded) return;
    if (live_since_ns_ != 0 && now_ns - live_since_ns_ >= options_.settled_ns) {
      counts_.tries_in_row = 0;
    }
    state_ = LinkState::kWaiting;
    live_since_ns_ = 0;
    next_try_ns_ = now_ns + backoff_ns();
  }
  switch (state_) {
    case LinkState::kEnded:
    case LinkState::kOpening: return;
    case LinkState::kWaiting:
      if (now_ns >= next_try_ns_ && socket_.is_idle() && owner_.may_connect(*this)) connect(now_ns);
      return;
    case LinkState::kSubscribing:
    case LinkState::kLive: break;
  }
  if (!owner_.may_subscribe()) return;
  if (to_send_.empty() && !to_renew_.empty()) queue_renewals(now_ns);
  if (now_ns >= next_send_ns_ && !to_send_.empty()) send_next(now_ns);
  if (state_ == LinkState::kSubscribing && to_send_.empty()) {
    state_ = LinkState::kLive;
    live_since_ns_ = data_ns_ = now_ns;
  }
  if (state_ == LinkState::kLive && counts_.tries_in_row != 0 &&
      now_ns - live_since_ns_ >= options_.settled_ns) {
    counts_.tries_in_row = 0;
  }
  beat(now_ns);
  look_for_silence(now_ns);
}

void MarketLink::connect(std::int64_t now_ns) noexcept {
  ++counts_.tries;
  ++counts_.tries_in_row;
  state_ = LinkState::kOpening;
  is_certificate_ = false;
  net::WsRequest request;
  request.target = plan_.path;
  socket_.connect(endpoint_, request, now_ns);
}

void MarketLink::on_ws_open() noexcept {
  ++counts_.opens;
  messages_before_ = counts_.messages;
  state_ = LinkState::kSubscribing;
  awaits_answer_ = has_data_ = has_heard_ = false;
  next_send_ns_ = next_beat_ns_ = 0;
  send_turn_ = {};
  to_send_.clear();
  to_renew_.clear();
  const std::span<const MarketTopic> topics = plan_.topics;
  const std::size_t most = plan_.rules->topics_per_message;
  for (std::size_t i = 0; i < topics.size(); i += most) {
    to_send_.push_back(subscription_text(*plan_.rules,
                                         topics.subspan(i, std::min(most, topics.size() - i)),
                                         false, next_id_++));
  }
}

std::string MarketLink::limits_key() const {
  return std::to_string(::getpid()) + '.' + std::to_string(serial_) + '.' +
         std::to_string(counts_.opens);
}

void MarketLink::send_next(std::int64_t now_ns) noexcept {
  if (!owner_.may_send(*this) || !socket_.send_text(to_send_.front())) return;
  to_send_.pop_front();
  next_send_ns_ = now_ns + plan_.rules->message_gap_ns;
}

void MarketLink::on_ws_message(const net::WsMessage& message) noexcept {
  has_heard_ = true;
  switch (note_of(*plan_.rules, message.payload)) {
    case StreamNote::kMarket:
      has_rubbish_ = true;  // until the owner says that it is none
      ++counts_.messages;
      counts_.bytes += message.payload.size();
      return owner_.on_link_message(*this, message);
    case StreamNote::kAnswer: return;
    case StreamNote::kRefusal:
      ++counts_.refusals;
      last_text_.assign("the venue refuses a subscription: ");
      last_text_ += message.payload.substr(0, 240);
      return;
    case StreamNote::kLeaving: return owner_.on_link_leaving(*this);
  }
}

void MarketLink::on_ws_closed(const net::WsClosed& closed) noexcept {
  has_ended_ = true;
  is_certificate_ = closed.is_certificate;
  last_text_ = closed.text;
  if (closed.code != net::kClosedAbnormally) {
    last_text_ += " (" + std::to_string(closed.code) +
                  (closed.reason.empty() ? "" : ", " + std::string(closed.reason)) + ")";
  }
}

void MarketLink::beat(std::int64_t now_ns) noexcept {
  if (has_heard_) awaits_answer_ = false;
  has_heard_ = false;
  if (plan_.rules->heartbeat == Heartbeat::kServerPings) return;
  if (awaits_answer_ && now_ns - beat_ns_ >= options_.answer_ns) {
    return give_up("no answer to a heartbeat, nor anything else", now_ns);
  }
  if (next_beat_ns_ == 0) next_beat_ns_ = now_ns + plan_.rules->heartbeat_ns;
  if (now_ns < next_beat_ns_ || now_ns < next_send_ns_) return;
  const bool is_text = plan_.rules->heartbeat == Heartbeat::kTextPing;
  if (!socket_.send_text(is_text ? "ping" : R"({"op":"ping"})")) return;
  beat_ns_ = now_ns;
  awaits_answer_ = true;
  next_beat_ns_ = now_ns + plan_.rules->heartbeat_ns;
  next_send_ns_ = now_ns + plan_.rules->message_gap_ns;
}

void MarketLink::look_for_silence(std::int64_t now_ns) noexcept {
  if (has_data_ || state_ != LinkState::kLive) {
    data_ns_ = now_ns;
    has_rubbish_ = false;
  }
  has_data_ = false;
  const bool flows = now_ns - data_ns_ < options_.data_silence_ns / 2;
  flowing_since_ns_ = flows && flowing_since_ns_ != 0 ? flowing_since_ns_ : flows ? now_ns : 0;
  if (flows && now_ns - flowing_since_ns_ >= kFlowsNs) silence_ns_ = patience_ns();
  if (now_ns - data_ns_ < silence_ns_) return;
  silence_ns_ = std::min(2 * silence_ns_, options_.data_silence_most_ns);
  give_up(has_rubbish_ ? "nothing that can be used has come for too long"
                       : "nothing of the market has come for too long, though the connection lives",
          now_ns);
}

void MarketLink::give_up(const char* why, std::int64_t now_ns) noexcept {
  if (state_ != LinkState::kLive && state_ != LinkState::kSubscribing) return;
  ++counts_.silences;
  state_ = LinkState::kOpening;  // until the close is through
  socket_.close(1001, "", now_ns);
  last_text_ = why;
}

void MarketLink::renew(std::size_t topic) noexcept {
  if (state_ != LinkState::kLive) return;
  if (std::ranges::find(to_renew_, topic) == to_renew_.end()) to_renew_.push_back(topic);
}

bool MarketLink::may_renew(std::int64_t now_ns) noexcept {
  const std::int64_t added = renewals_ns_ == 0 ? 0 : (now_ns - renewals_ns_) / kRenewalEveryNs;
  renewals_left_ = static_cast<std::uint32_t>(
      std::min<std::int64_t>(kRenewalsMost, renewals_left_ + added));
  renewals_ns_ = renewals_ns_ == 0 ? now_ns : renewals_ns_ + added * kRenewalEveryNs;
  if (renewals_left_ == 0) return false;
  --renewals_left_;
  return true;
}

void MarketLink::queue_renewals(std::int64_t now_ns) noexcept {
  while (!to_renew_.empty() && may_renew(now_ns)) {
    std::vector<MarketTopic> some;
    while (!to_renew_.empty() && some.size() < plan_.rules->topics_per_message) {
      some.push_back(plan_.topics[to_renew_.back()]);
      to_renew_.pop_back();
    }
    to_send_.push_back(subscription_text(*plan_.rules, some, true, next_id_++));
    to_send_.push_back(subscription_text(*plan_.rules, some, false, next_id_++));
  }
}

void MarketLink::retire(std::int64_t now_ns) noexcept {
  state_ = LinkState::kEnded;
  live_since_ns_ = 0;
  if (!socket_.is_idle()) socket_.close(1000, "", now_ns);
}

std::int64_t MarketLink::backoff_ns() noexcept {
  const std::uint64_t row = std::min<std::uint64_t>(counts_.tries_in_row, 20);
  const std::int64_t full =
      std::min(options_.backoff_most_ns, options_.backoff_first_ns << (row == 0 ? 0 : row - 1));
  const std::uint64_t draw = random_draw(random_, counts_.tries, 0, 0);
  // Half of it stands, the other half is drawn: many clients do not come back at one moment.
  return full / 2 + static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(full / 2 + 1));
}

}  // namespace pinstripe
