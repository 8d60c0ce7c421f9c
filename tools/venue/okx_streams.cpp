// Streams of OKX. A topic's key is "channel instId"; both paths serve every channel.
#include <algorithm>

#include "tools/venue/okx.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kQuietBookMs = 60'000;  // a book without changes says so once a minute
constexpr std::int64_t kNoticeMs = 30'000;     // notice before a stream's planned end
constexpr std::int32_t kNoFit = 1;             // a checksum that no book has

std::string channel_name(const Topic& topic) {
  return topic.name.substr(0, topic.name.find(' '));
}

bool is_liquidations(const Json& arg) {
  return arg.is_object() && arg.value("channel", Json()) == "liquidation-orders";
}

/// Candles and the trades one by one are told on /ws/v5/business, all else on /ws/v5/public.
bool is_served_on(const std::string& path, const Json& arg) {
  const Json name = arg.is_object() ? arg.value("channel", Json()) : Json();
  if (!name.is_string()) return false;
  const auto& channel = name.get_ref<const std::string&>();
  const bool is_business = channel.starts_with("candle") || channel == "trades-all";
  return is_business == (path == "/ws/v5/business");
}

}  // namespace

std::optional<HttpAnswer> OkxProtocol::refuse_stream(const std::string& address,
                                                     std::int64_t now_ms) {
  if (!limits_ || attempts_.charge(address, now_ms)) return std::nullopt;
  return HttpAnswer{429,
                    Json{{"code", "50011"},
                         {"msg", "Too Many Requests: more than 3 connections in a second"}}.dump(),
                    {}, 0};
}

void OkxProtocol::opened(StreamPeer& peer, std::int64_t now_ms) {
  now_ms_ = now_ms;
  life.opened(peer, now_ms);
  connections_[&peer] = "pinstripe" + std::to_string(++connection_);
}

void OkxProtocol::closed(StreamPeer& peer) {
  life.closed(peer);
  topics_.leave_all(peer);
  commands_.forget(connections_[&peer]);
  connections_.erase(&peer);
}

void OkxProtocol::refuse(StreamPeer& peer, const char* code, const std::string& why) const {
  peer.reply(Json{{"event", "error"}, {"code", code}, {"msg", why},
                  {"connId", connections_.at(&peer)}}.dump());
}

void OkxProtocol::received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) {
  now_ms_ = now_ms;
  if (text == "ping") return peer.reply("pong");
  const Json message = Json::parse(text, nullptr, false);
  if (!message.is_object() || !message.value("op", Json()).is_string()) {
    return refuse(peer, "60012", "Invalid request: " + std::string(text.substr(0, 200)));
  }
  const std::string op = message["op"];
  const bool counts = op == "subscribe" || op == "unsubscribe" || op == "login";
  if (counts && limits_ && !commands_.charge(connections_[&peer], now_ms)) {
    return refuse(peer, "60014", "Requests too frequent");
  }
  if (op == "subscribe" || op == "unsubscribe") return subscribe(peer, message);
  refuse(peer, "60012", "Invalid request: op " + op + " is not served here");
}

void OkxProtocol::subscribe(StreamPeer& peer, const Json& message) {
  const std::string op = message["op"];
  const Json args = message.value("args", Json::array());
  if (!args.is_array() || args.empty()) return refuse(peer, "60012", "Invalid request: no args");
  for (const Json& arg : args) {
    std::vector<Topic> topics;
    if (is_served_on(peer.path(), arg)) topics = topics_of(arg);
    if (topics.empty()) {
      refuse(peer, "60018",
             "Wrong URL or " + arg.dump() + " doesn't exist. Please use the correct URL, channel "
             "and parameters referring to API document.");
      continue;
    }
    Json reply{{"event", op}, {"arg", arg}, {"connId", connections_[&peer]}};
    if (message.contains("id")) reply["id"] = message["id"];
    peer.reply(reply.dump());
    for (const Topic& topic : topics) {
      if (op == "unsubscribe") {
        topics_.leave(topic.name, peer);
      } else if (topics_.join(topic, peer)) {
        greet(*topics_.find(topic.name), peer);
      }
    }
  }
}

/// None for what there is not; liquidations: one for all swaps.
std::vector<Topic> OkxProtocol::topics_of(const Json& arg) const {
  std::vector<Topic> topics;
  if (!is_liquidations(arg)) {
    if (Topic topic; topic_of(arg, topic)) topics.push_back(topic);
    return topics;
  }
  for (ListingIndex i = 0; i < engine_.size(); ++i) {
    if (engine_.at(i).listing.market != ListingMarket::kOkxSwap) continue;
    Topic topic;
    topic.kind = TopicKind::kLiquidation;
    topic.index = i;
    topic.name = "liquidation-orders " + engine_.at(i).listing.symbol;
    topics.push_back(topic);
  }
  return topics;
}

bool OkxProtocol::topic_of(const Json& arg, Topic& topic) const {
  const auto text = [&](const char* key) {
    return arg.is_object() && arg.value(key, Json()).is_string() ? std::string(arg[key]) : "";
  };
  const VenueBook* book = find(text("instId"));
  if (book == nullptr || !channel_of(text("channel"), topic)) return false;
  const bool of_swaps = topic.kind == TopicKind::kFunding ||
                        topic.kind == TopicKind::kOpenInterest || topic.kind == TopicKind::kMark;
  if (of_swaps && book->listing.market != ListingMarket::kOkxSwap) return false;
  topic.name = text("channel") + " " + text("instId");
  topic.index = engine_.index_of(*book);
  topic.view = LadderView(topic.depth);
  topic.view.reset(book->book);
  topic.last_id = book->update_id;
  return true;
}

bool OkxProtocol::channel_of(const std::string& channel, Topic& topic) const {
  struct Channel {
    const char* name;
    TopicKind kind;
    std::int64_t every_ms;
    std::size_t depth;
  };
  static const Channel kChannels[] = {
      {"books", TopicKind::kDepth, 100, 400},
      {"books-l2-tbt", TopicKind::kDepth, 10, 400},
      {"books50-l2-tbt", TopicKind::kDepth, 10, 50},
      {"books5", TopicKind::kTopLevels, 100, 5},
      {"bbo-tbt", TopicKind::kTopLevels, 10, 1},
      {"trades", TopicKind::kTrade, 0, 1},
      {"trades-all", TopicKind::kTrade, 0, 1},
      {"tickers", TopicKind::kTicker, 100, 1},
      {"mark-price", TopicKind::kMark, 200, 1},
      {"funding-rate", TopicKind::kFunding, 30'000, 1},
      {"open-interest", TopicKind::kOpenInterest, 3'000, 1},
  };
  if (channel.starts_with("candle")) {
    topic.word = channel.substr(6);
    topic.minutes = bar_minutes(topic.word);
    topic.kind = TopicKind::kCandle;
    topic.every_ms = 1'000;
    return topic.minutes > 0;
  }
  for (const Channel& c : kChannels) {
    if (channel != c.name) continue;
    topic.kind = c.kind;
    topic.every_ms = c.every_ms;
    topic.depth = c.depth;
    return true;
  }
  return false;
}

/// A new listener is sent the book as the others know it.
void OkxProtocol::greet(Topic& topic, StreamPeer& peer) {
  const VenueBook& b = engine_.at(topic.index);
  Json first;
  if (topic.kind == TopicKind::kDepth) {
    first = book_message(topic, b, "snapshot", topic.view.told(), -1);
  } else if (topic.kind == TopicKind::kTopLevels) {
    first = book_message(topic, b, nullptr, topic.view.told(), -1);
  } else if (topic.kind == TopicKind::kTicker) {
    first = message(topic, ticker(b));
  } else {
    return;
  }
  peer.send(std::make_shared<const std::string>(first.dump()));
}

Json OkxProtocol::message(const Topic& topic, Json data) const {
  return {{"arg", {{"channel", channel_name(topic)},
                   {"instId", engine_.at(topic.index).listing.symbol}}},
          {"data", Json::array({std::move(data)})}};
}

/// `action` is null where the channel sends whole books and has no changes.
Json OkxProtocol::book_message(const Topic& topic, const VenueBook& b, const char* action,
                               const ShownLevels& shown, std::int64_t previous_id) {
  Json book{{"asks", levels(b, shown.asks)}, {"bids", levels(b, shown.bids)},
            {"ts", shown_text()}};
  if (action != nullptr) {
    const bool wrong = faults_.use(FaultKind::kWrongChecksum, name(), b.listing.symbol);
    book["checksum"] = wrong ? kNoFit : checksum_ ? checksum(b, topic.view.told()) : 0;
    book["prevSeqId"] = previous_id;
  }
  book["seqId"] = topic.last_id;
  Json m{{"arg", {{"channel", channel_name(topic)}, {"instId", b.listing.symbol}}}};
  if (action != nullptr) m["action"] = action;
  m["data"] = Json::array({std::move(book)});
  return m;
}

void OkxProtocol::tick(std::int64_t now_ms) {
  now_ms_ = now_ms;
  topics_.each_due(now_ms, [this](Topic& topic) { tell(topic); });
  life.tick(now_ms, kNoticeMs, [this](StreamPeer& peer) { tell_notice(peer); });
}

/// The venue says it on public and private streams, not on /ws/v5/business.
void OkxProtocol::tell_notice(StreamPeer& peer) {
  if (peer.path() != "/ws/v5/public") return;
  peer.reply(Json{{"event", "notice"},
                  {"code", "64008"},
                  {"msg", "The connection will soon be closed for a service upgrade. Please "
                          "reconnect."},
                  {"connId", connections_[&peer]}}.dump());
}

void OkxProtocol::tell(Topic& topic) {
  const VenueBook& b = engine_.at(topic.index);
  switch (topic.kind) {
    case TopicKind::kDepth:
    case TopicKind::kTopLevels: return tell_books(topic, b);
    case TopicKind::kCandle: return tell_candles(topic, b);
    case TopicKind::kTicker:
      topic.dirty = true;
      if (topic.last_id == b.update_id) return;
      topic.last_id = b.update_id;
      return publish(topic, message(topic, ticker(b)));
    case TopicKind::kMark: return publish(topic, message(topic, mark(b)));
    case TopicKind::kFunding:
      topic.dirty = true;
      return publish(topic, message(topic, funding_of(b)));
    case TopicKind::kOpenInterest:
      topic.dirty = true;
      return publish(topic, message(topic, interest_of(b)));
    default: return;  // trades and liquidations are told as they happen
  }
}

/// Equal ids and empty sides: nothing has changed for a minute.
void OkxProtocol::tell_books(Topic& topic, const VenueBook& b) {
  topic.dirty = true;
  const bool is_quiet = now_ms_ - topic.told_ms >= kQuietBookMs;
  if (topic.seen_id == b.update_id && !is_quiet) return;
  topic.seen_id = b.update_id;
  const auto previous = static_cast<std::int64_t>(topic.last_id);
  const ShownLevels changes = topic.view.changes(b.book);
  const bool changed = !changes.empty();
  if (!changed && !is_quiet) return;
  if (changed) topic.last_id = b.update_id;
  topic.told_ms = now_ms_;
  if (topic.kind == TopicKind::kTopLevels) {
    return publish(topic, book_message(topic, b, nullptr, topic.view.told(), previous));
  }
  publish(topic, book_message(topic, b, "update", changes, previous));
}

void OkxProtocol::tell_candles(Topic& topic, const VenueBook& b) {
  topic.dirty = true;
  for (const Candle& c : b.candles.of_length(topic.minutes, topic.candle_ms, INT64_MAX, 2)) {
    const bool closed = c.open_ms + topic.minutes * kMinuteMs <= now_ms_;
    if (topic.candle_ms == 0 && closed) continue;  // closed before anyone listened
    if (!closed) topic.candle_ms = c.open_ms;
    publish(topic, message(topic, candle(b, c, topic.minutes)));
  }
}

void OkxProtocol::on_print(ListingIndex index, const Print& p) {
  const VenueBook& b = engine_.at(index);
  for (const Topic* topic : topics_.of_listing(index)) {
    if (topic->kind == TopicKind::kTrade) {
      Json one = trade(b, p);
      if (channel_name(*topic) == "trades") {
        one["count"] = "1";
        one["seqId"] = b.update_id;
      }
      publish(*topic, message(*topic, std::move(one)));
    } else if (topic->kind == TopicKind::kLiquidation && p.is_liquidation) {
      const Json detail{{"side", p.taker_buys ? "buy" : "sell"},
                        {"posSide", p.taker_buys ? "short" : "long"},
                        {"bkPx", price(b, p.price_ticks)}, {"sz", qty(b, p.lots)},
                        {"bkLoss", "0"}, {"ccy", ""}, {"ts", std::to_string(p.time_ms)}};
      const std::string family = b.listing.base + "-" + b.listing.quote;
      publish(*topic, {{"arg", {{"channel", "liquidation-orders"}, {"instType", "SWAP"}}},
                       {"data", Json::array({Json{{"instType", "SWAP"}, {"uly", family},
                                                  {"instFamily", family},
                                                  {"instId", b.listing.symbol},
                                                  {"details", Json::array({detail})}}})}});
    }
  }
}

void OkxProtocol::on_mark(ListingIndex index) {
  for (Topic* topic : topics_.of_listing(index)) {
    if (topic->kind == TopicKind::kMark) topic->dirty = true;
  }
}

void OkxProtocol::publish(const Topic& topic, const Json& message) {
  const auto text = std::make_shared<const std::string>(message.dump());
  for (StreamPeer* peer : topic.peers) peer->send(text);
}

}  // namespace pinstripe::venue
