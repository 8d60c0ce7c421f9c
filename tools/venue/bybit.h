// Bybit v5, public side: /v5/market over REST, /v5/public/spot and /v5/public/linear as streams.
// REST lies in bybit_rest.cpp, streams in bybit_streams.cpp, what both say in bybit_text.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tools/venue/engine.h"
#include "tools/venue/protocol.h"
#include "tools/venue/request_limits.h"
#include "tools/venue/topics.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {

class BybitProtocol : public VenueProtocol, public EngineListener {
 public:
  BybitProtocol(VenueEngine& engine, bool limits);

  std::string_view name() const override { return "bybit"; }
  bool serves(std::string_view path) const override { return path.starts_with("/v5/"); }
  StreamRule rule(std::string_view) const override { return {0, 0, 600'000}; }
  HttpAnswer answer(const HttpAsk& ask, std::int64_t now_ms) override;
  std::optional<HttpAnswer> refuse_stream(const std::string& address,
                                          std::int64_t now_ms) override;
  void opened(StreamPeer& peer, std::int64_t now_ms) override;
  void received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) override;
  void closed(StreamPeer& peer) override;
  void tick(std::int64_t now_ms) override;
  std::size_t restart_books(const std::string& holds, std::int64_t now_ms) override;

  void on_print(ListingIndex index, const Print& print) override;
  void on_book(ListingIndex index) override { topics_.touch_book(index); }
  void on_mark(ListingIndex) override {}

 private:
  using Reply = Result<Json>;  // of one path: its "result", or why it is refused (retCode 10001)

  // REST
  Reply run(const HttpAsk& ask) const;
  Result<const VenueBook*> book_of(const HttpAsk& ask) const;
  Reply instruments(const HttpAsk& ask) const;
  Reply order_book(const HttpAsk& ask) const;
  Reply tickers(const HttpAsk& ask) const;
  Reply klines(const HttpAsk& ask) const;
  Reply trades(const HttpAsk& ask) const;
  Reply funding_history(const HttpAsk& ask) const;
  Reply open_interest(const HttpAsk& ask) const;

  // what both say
  Json instrument(const VenueBook& book, ListingIndex index) const;
  Json ticker(const VenueBook& book) const;
  Json levels(const VenueBook& book, const std::vector<ShownLevel>& side) const;
  std::string price(const VenueBook& book, std::int64_t ticks) const;
  std::string qty(const VenueBook& book, std::int64_t lots) const;
  std::string trade_id(const VenueBook& book, const Print& print) const;
  std::int64_t shown_ms() const { return now_ms_ + skew_ms; }

  // streams
  std::optional<ListingMarket> market_of(const StreamPeer& peer) const;
  bool topic_of(ListingMarket market, const std::string& name, Topic& topic) const;
  void subscribe(StreamPeer& peer, const Json& message, Json& reply);
  void greet(Topic& topic, StreamPeer& peer);
  void tell(Topic& topic);
  void tell_book(Topic& topic, const VenueBook& book);
  void tell_ticker(Topic& topic, const VenueBook& book);
  void tell_candles(Topic& topic, const VenueBook& book);
  Json book_message(const Topic& topic, const VenueBook& book, const char* type,
                    const ShownLevels& shown) const;
  Json message(const Topic& topic, const char* type, Json data) const;
  void publish(const Topic& topic, const Json& message);

  VenueEngine& engine_;
  bool limits_;
  RollingCount requests_{600, 5'000};    // per address
  RollingCount attempts_{500, 300'000};  // of streams, per address
  TopicTable topics_;
  std::map<std::string, Json> told_tickers_;   // by topic
  std::map<const StreamPeer*, std::uint64_t> connections_;
  std::uint64_t connection_ = 0;               // number of the newest
  std::int64_t now_ms_ = 0;
};

}  // namespace pinstripe::venue
