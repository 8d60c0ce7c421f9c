// Streams of Binance: paths, SUBSCRIBE and its kin, what each stream name means, when it is due.
#include <algorithm>

#include "tools/venue/binance.h"

namespace pinstripe::venue {
namespace {

constexpr std::size_t kStreamsMax = 1'024;  // of one connection
constexpr int kSpotMessagesPerS = 5;
constexpr int kFuturesMessagesPerS = 10;
constexpr unsigned kPolicyViolation = 1008;
constexpr std::int64_t kShutdownNoticeMs = 600'000;  // serverShutdown before a spot stream ends

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

StreamRule BinanceProtocol::rule(std::string_view) const {
  if (is_spot_) return {20'000, 60'000, 0};
  return {180'000, 600'000, 0};
}

std::optional<HttpAnswer> BinanceProtocol::refuse_stream(const std::string& address,
                                                         std::int64_t now_ms) {
  if (!limits_ || attempts_.charge(address, now_ms)) return std::nullopt;
  return HttpAnswer{429,
                    Json{{"code", -1003},
                         {"msg", "Too many connection attempts; at most 300 in 5 minutes."}}.dump(),
                    {}, 0};
}

/// "/ws/a/b" and "/stream?streams=a/b" subscribe at once; a part that names no stream (clients put
/// numbers there to tell their connections apart) is passed over, as the venue does.
void BinanceProtocol::opened(StreamPeer& peer, std::int64_t now_ms) {
  now_ms_ = now_ms;
  life.opened(peer, now_ms);
  PeerState& state = peers_[&peer];
  std::vector<std::string> parts = split(peer.path(), '/');
  const bool has_ws = std::find(parts.begin(), parts.end(), "ws") != parts.end();
  state.combined = !has_ws;
  const std::string query = unescaped(peer.query());
  if (const std::size_t at = query.find("streams="); at != std::string::npos) {
    const std::string names = query.substr(at + 8, query.find('&', at) - at - 8);
    for (std::string& name : split(names, '/')) parts.push_back(std::move(name));
  }
  for (const std::string& name : parts) {
    Topic topic;
    if (topic_of(name, topic)) topics_.join(topic, peer);
  }
}

void BinanceProtocol::closed(StreamPeer& peer) {
  life.closed(peer);
  topics_.leave_all(peer);
  peers_.erase(&peer);
}

void BinanceProtocol::received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) {
  now_ms_ = now_ms;
  PeerState& state = peers_[&peer];
  if (state.second != now_ms / 1'000) state.messages = 0;
  state.second = now_ms / 1'000;
  const int most = is_spot_ ? kSpotMessagesPerS : kFuturesMessagesPerS;
  if (limits_ && ++state.messages > most) {
    return peer.close(kPolicyViolation, "Too many requests");
  }
  const Json message = Json::parse(text, nullptr, false);
  if (message.is_discarded() || !message.is_object()) {
    peer.reply(Json{{"error", {{"code", 3}, {"msg", "Invalid JSON: expected value"}}}}.dump());
    return;
  }
  command(peer, message);
}

void BinanceProtocol::command(StreamPeer& peer, const Json& message) {
  const auto refuse = [&](const std::string& why) {
    Json out{{"error", {{"code", 2}, {"msg", "Invalid request: " + why}}}};
    if (message.contains("id")) out["id"] = message["id"];
    peer.reply(out.dump());
  };
  if (!message.contains("method") || !message["method"].is_string()) {
    return refuse("missing field `method`");
  }
  const std::string method = message["method"];
  const Json params = message.value("params", Json::array());
  Json result;
  if (method == "SUBSCRIBE" || method == "UNSUBSCRIBE") {
    const bool texts = params.is_array() && std::all_of(params.begin(), params.end(),
        [](const Json& p) { return p.is_string(); });
    if (!texts) return refuse("invalid type: params must be a list of stream names");
    if (topics_.of_peer(peer).size() + params.size() > kStreamsMax && method == "SUBSCRIBE") {
      return refuse("too many streams on one connection, at most 1024");
    }
    for (const Json& name : params) {
      Topic topic;
      if (!topic_of(name, topic)) continue;  // the venue says nothing of a name that it lacks
      if (method == "SUBSCRIBE") {
        topics_.join(topic, peer);
      } else {
        topics_.leave(topic.name, peer);
      }
    }
  } else if (method == "LIST_SUBSCRIPTIONS") {
    result = topics_.of_peer(peer);
  } else if (method == "SET_PROPERTY") {
    if (!params.is_array() || params.size() != 2 || params[0] != "combined" ||
        !params[1].is_boolean()) {
      return refuse("the property is \"combined\", true or false");
    }
    peers_[&peer].combined = params[1];
  } else if (method == "GET_PROPERTY") {
    result = peers_[&peer].combined;
  } else {
    return refuse("unknown variant `" + method + "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
                  "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`");
  }
  Json out{{"result", result}};
  if (message.contains("id")) out["id"] = message["id"];
  peer.reply(out.dump());
}

/// "btcusdt@depth@100ms"; false where the venue has no such stream.
bool BinanceProtocol::topic_of(const std::string& stream, Topic& topic) const {
  const std::size_t at = stream.find('@');
  if (at == std::string::npos) return false;
  const VenueBook* book = engine_.find(market_, upper(stream.substr(0, at)));
  if (book == nullptr || stream.substr(0, at) != lower(book->listing.symbol)) return false;
  topic.name = stream;
  topic.index = engine_.index_of(*book);
  if (!word_of(stream.substr(at + 1), topic)) return false;
  topic.view = LadderView(topic.depth);
  topic.view.reset(book->book);
  topic.last_id = book->update_id;
  return true;
}

bool BinanceProtocol::word_of(const std::string& word, Topic& topic) const {
  const auto is = [&](const char* name, TopicKind kind, std::int64_t every_ms) {
    if (word != name) return false;
    topic.kind = kind;
    topic.every_ms = every_ms;
    return true;
  };
  if (is("trade", TopicKind::kTrade, 0) || is("aggTrade", TopicKind::kAggTrade, 0) ||
      is("bookTicker", TopicKind::kTouch, 0) || is("ticker", TopicKind::kTicker, 1'000) ||
      is("miniTicker", TopicKind::kMiniTicker, 1'000)) {
    return true;
  }
  if (!is_spot_ && (is("markPrice", TopicKind::kMark, 3'000) ||
                    is("markPrice@1s", TopicKind::kMark, 1'000) ||
                    is("forceOrder", TopicKind::kLiquidation, 0))) {
    return true;
  }
  if (word.starts_with("kline_")) {
    topic.word = word.substr(6);
    topic.minutes = interval_minutes(topic.word.c_str());
    topic.kind = TopicKind::kCandle;
    topic.every_ms = is_spot_ ? 1'000 : 250;
    return topic.minutes > 0;
  }
  if (!word.starts_with("depth")) return false;
  const std::size_t at = std::min(word.find('@'), word.size());
  const std::string depth = word.substr(5, at - 5);
  const std::string speed = at < word.size() ? word.substr(at + 1) : "";
  topic.every_ms = is_spot_ ? 1'000 : 250;
  if (speed == "100ms") topic.every_ms = 100;
  if (speed == "500ms" && !is_spot_) topic.every_ms = 500;
  if (!speed.empty() && speed != std::to_string(topic.every_ms) + "ms") return false;
  topic.kind = depth.empty() ? TopicKind::kDepth : TopicKind::kTopLevels;
  topic.depth = 5'000;
  if (depth.empty()) return true;
  if (depth != "5" && depth != "10" && depth != "20") return false;
  topic.depth = static_cast<std::size_t>(std::stoi(depth));
  return true;
}

void BinanceProtocol::tick(std::int64_t now_ms) {
  now_ms_ = now_ms;
  topics_.each_due(now_ms, [this](Topic& topic) { tell(topic); });
  life.tick(now_ms, kShutdownNoticeMs, [this](StreamPeer& peer) { tell_shutdown(peer); });
}

/// Futures streams end without a word.
void BinanceProtocol::tell_shutdown(StreamPeer& peer) {
  if (!is_spot_) return;
  const Json event{{"e", "serverShutdown"}, {"E", shown_ms()}};
  peer.reply(peers_[&peer].combined
                 ? Json{{"stream", "!serverShutdown"}, {"data", event}}.dump()
                 : event.dump());
}

void BinanceProtocol::tell(Topic& topic) {
  const VenueBook& book = engine_.at(topic.index);
  switch (topic.kind) {
    case TopicKind::kDepth:
      if (book.update_id != topic.last_id) publish(topic, depth_event(topic, book));
      break;
    case TopicKind::kTopLevels:
      topic.view.reset(book.book);
      publish(topic, levels_event(topic, book));
      break;
    case TopicKind::kTouch:
      if (!topic.view.changes(book.book).empty() || topic.count++ == 0) {
        publish(topic, touch_event(book));
      }
      break;
    case TopicKind::kCandle: tell_candles(topic, book); break;
    case TopicKind::kTicker:
    case TopicKind::kMiniTicker:
      publish(topic, ticker_event(topic, book));
      topic.dirty = true;  // each second, whether something has traded or not
      break;
    case TopicKind::kMark:
      publish(topic, mark_event(book));
      break;
    default: break;  // trades and liquidations are told as they happen
  }
}

/// The candle that closed since the last message, then the one that runs.
void BinanceProtocol::tell_candles(Topic& topic, const VenueBook& book) {
  topic.dirty = true;
  const std::vector<Candle> last =
      book.candles.of_length(topic.minutes, topic.candle_ms, INT64_MAX, 2);
  for (const Candle& c : last) {
    const bool closed = c.open_ms + topic.minutes * kMinuteMs <= now_ms_;
    if (topic.candle_ms == 0 && closed) continue;  // closed before anyone listened
    publish(topic, candle_event(topic, book, c, closed));
    if (!closed) topic.candle_ms = c.open_ms;
  }
}

void BinanceProtocol::on_print(ListingIndex index, const Print& print) {
  const VenueBook& book = engine_.at(index);
  if (book.listing.market != market_) return;
  for (const Topic* topic : topics_.of_listing(index)) {
    if (topic->kind == TopicKind::kTrade || topic->kind == TopicKind::kAggTrade) {
      publish(*topic, trade_event(*topic, book, print));
    } else if (topic->kind == TopicKind::kLiquidation && print.is_liquidation) {
      publish(*topic, liquidation_event(book, print));
    }
  }
}

void BinanceProtocol::on_level(ListingIndex index, bool is_bid, std::int64_t price_ticks) {
  for (Topic* topic : topics_.of_listing(index)) {
    if (topic->kind != TopicKind::kDepth) continue;
    (is_bid ? topic->touched_bids : topic->touched_asks).insert(price_ticks);
  }
}

void BinanceProtocol::on_mark(ListingIndex index) {
  for (Topic* topic : topics_.of_listing(index)) {
    if (topic->kind == TopicKind::kMark) topic->dirty = true;
  }
}

void BinanceProtocol::publish(const Topic& topic, const Json& data) {
  const auto bare = std::make_shared<const std::string>(data.dump());
  SharedText wrapped;
  for (StreamPeer* peer : topic.peers) {
    if (!peers_[peer].combined) {
      peer->send(bare);
      continue;
    }
    if (!wrapped) {
      wrapped = std::make_shared<const std::string>("{\"stream\":\"" + topic.name +
                                                    "\",\"data\":" + *bare + "}");
    }
    peer->send(wrapped);
  }
}

}  // namespace pinstripe::venue
