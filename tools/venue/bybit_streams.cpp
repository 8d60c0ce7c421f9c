// Streams of Bybit. Spot and linear share topic names; the path of the connection tells them apart,
// so that a topic's key here is the path's market, a space, and the name.
#include <algorithm>

#include "tools/venue/bybit.h"

namespace pinstripe::venue {
namespace {

constexpr std::size_t kSpotArgsMax = 10;
constexpr std::int64_t kQuietTouchMs = 3'000;  // orderbook.1 without a change is sent again

std::string bare(const std::string& key) { return key.substr(key.find(' ') + 1); }

std::int64_t book_pace_ms(const std::string& depth) {
  if (depth == "1") return 10;
  if (depth == "50") return 20;
  if (depth == "200") return 100;
  return depth == "1000" ? 200 : 0;
}

}  // namespace

std::optional<ListingMarket> BybitProtocol::market_of(const StreamPeer& peer) const {
  if (peer.path() == "/v5/public/spot") return ListingMarket::kBybit;
  if (peer.path() == "/v5/public/linear") return ListingMarket::kBybitLinear;
  return std::nullopt;
}

std::optional<HttpAnswer> BybitProtocol::refuse_stream(const std::string& address,
                                                       std::int64_t now_ms) {
  if (!limits_ || attempts_.charge(address, now_ms)) return std::nullopt;
  return HttpAnswer{403,
                    Json{{"retCode", 10006},
                         {"retMsg", "too many connections: more than 500 in 5 minutes"}}.dump(),
                    {}, 0};
}

void BybitProtocol::opened(StreamPeer& peer, std::int64_t now_ms) {
  now_ms_ = now_ms;
  connections_[&peer] = ++connection_;
}

void BybitProtocol::closed(StreamPeer& peer) {
  topics_.leave_all(peer);
  connections_.erase(&peer);
}

void BybitProtocol::received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const Json message = Json::parse(text, nullptr, false);
  const bool ok = message.is_object() && message.value("op", Json()).is_string();
  const std::string op = ok ? std::string(message["op"]) : "";
  Json reply{{"success", true},
             {"ret_msg", ""},
             {"conn_id", "pinstripe-" + std::to_string(connections_[&peer])},
             {"req_id", ok && message.contains("req_id") ? message["req_id"] : Json("")},
             {"op", op}};
  if (op == "ping") {
    reply["ret_msg"] = "pong";
    return peer.reply(reply.dump());
  }
  if (op == "subscribe" || op == "unsubscribe") return subscribe(peer, message, reply);
  reply["success"] = false;
  reply["ret_msg"] = ok ? "error:request op " + op + " is not supported" : "error:invalid json";
  peer.reply(reply.dump());
}

/// All of the topics or, where one is wrong, none.
void BybitProtocol::subscribe(StreamPeer& peer, const Json& message, Json& reply) {
  const auto refuse = [&](const std::string& why) {
    reply["success"] = false;
    reply["ret_msg"] = why;
    peer.reply(reply.dump());
  };
  const auto market = market_of(peer);
  const Json args = message.value("args", Json::array());
  if (!args.is_array() || args.empty()) return refuse("error:args is empty");
  if (market == ListingMarket::kBybit && args.size() > kSpotArgsMax) {
    return refuse("args size >10");
  }
  std::vector<Topic> topics;
  for (const Json& arg : args) {
    Topic topic;
    const std::string name = arg.is_string() ? std::string(arg) : arg.dump();
    if (!market || !topic_of(*market, name, topic)) {
      return refuse("error:handler not found,topic:" + name);
    }
    topics.push_back(std::move(topic));
  }
  peer.reply(reply.dump());
  for (const Topic& topic : topics) {
    if (reply["op"] == "unsubscribe") {
      topics_.leave(topic.name, peer);
    } else if (topics_.join(topic, peer)) {
      greet(*topics_.find(topic.name), peer);
    }
  }
}

bool BybitProtocol::topic_of(ListingMarket market, const std::string& name, Topic& topic) const {
  const std::size_t last = name.rfind('.');
  if (last == std::string::npos) return false;
  const VenueBook* book = engine_.find(market, name.substr(last + 1));
  if (book == nullptr) return false;
  topic.name = std::string(name_of(market)) + " " + name;
  topic.index = engine_.index_of(*book);
  const std::string head = name.substr(0, last);
  if (head == "publicTrade") {
    topic.kind = TopicKind::kTrade;
  } else if (head == "tickers") {
    topic.kind = TopicKind::kTicker;
    topic.every_ms = market == ListingMarket::kBybit ? 50 : 100;
  } else if (head == "allLiquidation" && market == ListingMarket::kBybitLinear) {
    topic.kind = TopicKind::kLiquidation;
  } else if (head.starts_with("kline.")) {
    topic.kind = TopicKind::kCandle;
    topic.word = head.substr(6);
    topic.minutes = topic.word == "D" ? 1'440 : std::atoll(topic.word.c_str());
    topic.every_ms = 1'000;
    if (topic.minutes <= 0 || topic.minutes > 1'440) return false;
  } else if (head.starts_with("orderbook.")) {
    topic.word = head.substr(10);
    topic.every_ms = book_pace_ms(topic.word);
    if (topic.every_ms == 0) return false;
    topic.depth = static_cast<std::size_t>(std::atoll(topic.word.c_str()));
    topic.kind = topic.depth == 1 ? TopicKind::kTopLevels : TopicKind::kDepth;
  } else {
    return false;
  }
  topic.view = LadderView(topic.depth);
  topic.view.reset(book->book);
  topic.last_id = book->update_id;
  topic.count = book->update_id;  // u: from here on by one a message
  topic.told_ms = now_ms_;
  return true;
}

/// What a new listener is sent before anything else.
void BybitProtocol::greet(Topic& topic, StreamPeer& peer) {
  const VenueBook& b = engine_.at(topic.index);
  Json first;
  if (topic.kind == TopicKind::kDepth || topic.kind == TopicKind::kTopLevels) {
    first = book_message(topic, b, "snapshot", topic.view.told());
  } else if (topic.kind == TopicKind::kTicker) {
    Json& told = told_tickers_[topic.name];
    if (topic.peers.size() == 1) told = ticker(b);
    first = message(topic, "snapshot", told);
  } else {
    return;
  }
  peer.send(std::make_shared<const std::string>(first.dump()));
}

Json BybitProtocol::message(const Topic& topic, const char* type, Json data) const {
  return {{"topic", bare(topic.name)}, {"type", type}, {"ts", shown_ms()},
          {"data", std::move(data)}};
}

Json BybitProtocol::book_message(const Topic& topic, const VenueBook& b, const char* type,
                                 const ShownLevels& shown) const {
  Json m = message(topic, type,
                   {{"s", b.listing.symbol}, {"b", levels(b, shown.bids)},
                    {"a", levels(b, shown.asks)}, {"u", topic.count}, {"seq", topic.last_id}});
  m["cts"] = b.changed_ms;
  return m;
}

void BybitProtocol::tick(std::int64_t now_ms) {
  now_ms_ = now_ms;
  topics_.each_due(now_ms, [this](Topic& topic) { tell(topic); });
}

void BybitProtocol::tell(Topic& topic) {
  const VenueBook& b = engine_.at(topic.index);
  switch (topic.kind) {
    case TopicKind::kDepth:
    case TopicKind::kTopLevels: return tell_book(topic, b);
    case TopicKind::kTicker: return tell_ticker(topic, b);
    case TopicKind::kCandle: return tell_candles(topic, b);
    default: return;  // trades and liquidations are told as they happen
  }
}

void BybitProtocol::tell_book(Topic& topic, const VenueBook& b) {
  const bool whole = topic.kind == TopicKind::kTopLevels;
  if (whole) topic.dirty = true;
  const bool repeats = whole && now_ms_ - topic.told_ms >= kQuietTouchMs;
  if (topic.seen_id == b.update_id && !repeats) return;
  topic.seen_id = b.update_id;
  const ShownLevels changes = topic.view.changes(b.book);
  if (changes.empty() && !repeats) return;
  topic.told_ms = now_ms_;
  if (!changes.empty()) {
    ++topic.count;
    topic.last_id = b.update_id;
  }
  publish(topic, whole ? book_message(topic, b, "snapshot", topic.view.told())
                       : book_message(topic, b, "delta", changes));
}

/// Every book that is listened to is sent anew, whole; its `u` counts from 1.
std::size_t BybitProtocol::restart_books(const std::string& holds, std::int64_t now_ms) {
  now_ms_ = now_ms;
  std::size_t told = 0;
  topics_.each([&](Topic& topic) {
    const bool is_book = topic.kind == TopicKind::kDepth || topic.kind == TopicKind::kTopLevels;
    if (!is_book || topic.name.find(holds) == std::string::npos) return;
    const VenueBook& b = engine_.at(topic.index);
    topic.count = 1;
    topic.last_id = topic.seen_id = b.update_id;
    topic.told_ms = now_ms;
    publish(topic, book_message(topic, b, "snapshot", topic.view.reset(b.book)));
    ++told;
  });
  return told;
}

/// Contracts: only the fields that changed. Spot: all of them, each time.
void BybitProtocol::tell_ticker(Topic& topic, const VenueBook& b) {
  topic.dirty = true;
  Json now = ticker(b);
  Json& told = told_tickers_[topic.name];
  if (now == told) return;
  Json changed{{"symbol", b.listing.symbol}};
  for (const auto& [key, value] : now.items()) {
    if (told[key] != value) changed[key] = value;
  }
  told = std::move(now);
  const bool spot = b.listing.market == ListingMarket::kBybit;
  publish(topic, spot ? message(topic, "snapshot", told) : message(topic, "delta", changed));
}

void BybitProtocol::tell_candles(Topic& topic, const VenueBook& b) {
  topic.dirty = true;
  for (const Candle& c : b.candles.of_length(topic.minutes, topic.candle_ms, INT64_MAX, 2)) {
    const std::int64_t end_ms = c.open_ms + topic.minutes * kMinuteMs;
    const bool closed = end_ms <= now_ms_;
    if (topic.candle_ms == 0 && closed) continue;  // closed before anyone listened
    if (!closed) topic.candle_ms = c.open_ms;
    Json candle{{"start", c.open_ms}, {"end", end_ms - 1}, {"interval", topic.word},
                {"open", price(b, c.open)}, {"close", price(b, c.close)},
                {"high", price(b, c.high)}, {"low", price(b, c.low)}, {"volume", qty(b, c.lots)},
                {"turnover", short_text(c.quote_e8)}, {"confirm", closed},
                {"timestamp", shown_ms()}};
    publish(topic, message(topic, "snapshot", Json::array({std::move(candle)})));
  }
}

void BybitProtocol::on_print(ListingIndex index, const Print& p) {
  const VenueBook& b = engine_.at(index);
  for (const Topic* topic : topics_.of_listing(index)) {
    Json one;
    if (topic->kind == TopicKind::kTrade) {
      one = {{"T", p.time_ms}, {"s", b.listing.symbol}, {"S", p.taker_buys ? "Buy" : "Sell"},
             {"v", qty(b, p.lots)}, {"p", price(b, p.price_ticks)}};
      if (b.listing.market == ListingMarket::kBybitLinear) one["L"] = "ZeroPlusTick";
      one["i"] = trade_id(b, p);
      one["BT"] = false;
      one["RPI"] = false;
      one["seq"] = b.update_id;
    } else if (topic->kind == TopicKind::kLiquidation && p.is_liquidation) {
      // The side of the position that was closed.
      one = {{"T", p.time_ms}, {"s", b.listing.symbol}, {"S", p.taker_buys ? "Sell" : "Buy"},
             {"v", qty(b, p.lots)}, {"p", price(b, p.price_ticks)}};
    } else {
      continue;
    }
    publish(*topic, message(*topic, "snapshot", Json::array({std::move(one)})));
  }
}

void BybitProtocol::publish(const Topic& topic, const Json& message) {
  const auto text = std::make_shared<const std::string>(message.dump());
  for (StreamPeer* peer : topic.peers) peer->send(text);
}

}  // namespace pinstripe::venue
