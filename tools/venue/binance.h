// Binance, public side: spot (/api/v3, /ws, /stream) and USD-M futures (/fapi, /public, /market),
// one object each over the same engine. REST lies in binance_rest.cpp and binance_info.cpp, streams
// in binance_streams.cpp, their messages in binance_events.cpp.
#pragma once

#include <map>
#include <string>

#include "tools/venue/engine.h"
#include "tools/venue/protocol.h"
#include "tools/venue/request_limits.h"
#include "tools/venue/topics.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {

class BinanceProtocol : public VenueProtocol, public EngineListener {
 public:
  /// `market`: kBinance or kBinanceUsdm. Without `limits` weight is shown, never refused.
  BinanceProtocol(VenueEngine& engine, ListingMarket market, bool limits);

  std::string_view name() const override { return is_spot_ ? "binance" : "binance_usdm"; }
  bool serves(std::string_view path) const override;
  StreamRule rule(std::string_view path) const override;
  HttpAnswer answer(const HttpAsk& ask, std::int64_t now_ms) override;
  std::optional<HttpAnswer> refuse_stream(const std::string& address,
                                          std::int64_t now_ms) override;
  void opened(StreamPeer& peer, std::int64_t now_ms) override;
  void received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) override;
  void closed(StreamPeer& peer) override;
  void tick(std::int64_t now_ms) override;

  void on_print(ListingIndex index, const Print& print) override;
  void on_level(ListingIndex index, bool is_bid, std::int64_t price_ticks) override;
  void on_book(ListingIndex index) override { topics_.touch_book(index); }
  void on_mark(ListingIndex index) override;

 private:
  struct PeerState {
    bool combined = false;           // messages are wrapped in {"stream","data"}
    std::int64_t second = 0;         // clock second of `messages`
    int messages = 0;
  };
  struct Rest {                      // one path of the REST table
    const char* path;
    std::int64_t weight;             // where it does not depend on the query
    Json (BinanceProtocol::*run)(const HttpAsk&, const VenueBook*) const;
    bool needs_symbol;
  };

  // REST
  const Rest* route(std::string_view path) const;
  std::int64_t weight_of(const Rest& rest, const HttpAsk& ask) const;
  HttpAnswer run_route(const Rest& rest, const HttpAsk& ask) const;
  Json ping(const HttpAsk&, const VenueBook*) const { return Json::object(); }
  Json time(const HttpAsk&, const VenueBook*) const;
  Json depth(const HttpAsk&, const VenueBook*) const;
  Json trades(const HttpAsk&, const VenueBook*) const;
  Json agg_trades(const HttpAsk&, const VenueBook*) const;
  Json klines(const HttpAsk&, const VenueBook*) const;
  Json average_price(const HttpAsk&, const VenueBook*) const;
  Json open_interest(const HttpAsk&, const VenueBook*) const;
  Json funding_rates(const HttpAsk&, const VenueBook*) const;
  // binance_info.cpp: answers for one symbol, or for all as a list
  Json exchange_info(const HttpAsk&, const VenueBook*) const;
  Json ticker_day(const HttpAsk&, const VenueBook*) const;
  Json ticker_price(const HttpAsk&, const VenueBook*) const;
  Json ticker_touch(const HttpAsk&, const VenueBook*) const;
  Json premium_index(const HttpAsk&, const VenueBook*) const;
  Json funding_info(const HttpAsk&, const VenueBook*) const;
  Json no_list(const HttpAsk&, const VenueBook*) const { return Json::array(); }
  Json no_symbols(const HttpAsk&, const VenueBook*) const;
  template <class One>
  Json one_or_all(const VenueBook* book, One one) const;
  Json symbol_info(const VenueBook& book) const;

  // streams
  void command(StreamPeer& peer, const Json& message);
  Json subscribe(StreamPeer& peer, const Json& names);
  bool topic_of(const std::string& stream, Topic& topic) const;
  bool word_of(const std::string& word, Topic& topic) const;
  void tell_shutdown(StreamPeer& peer);
  void tell(Topic& topic);
  void publish(const Topic& topic, const Json& data);
  Json depth_event(Topic& topic, const VenueBook& book) const;
  Json levels_event(const Topic& topic, const VenueBook& book) const;
  Json touch_event(const VenueBook& book) const;
  Json candle_event(const Topic& topic, const VenueBook& book, const Candle& candle,
                    bool is_closed) const;
  Json ticker_event(const Topic& topic, const VenueBook& book) const;
  Json mark_event(const VenueBook& book) const;
  Json trade_event(const Topic& topic, const VenueBook& book, const Print& print) const;
  Json liquidation_event(const VenueBook& book, const Print& print) const;
  void tell_candles(Topic& topic, const VenueBook& book);

  std::int64_t shown_ms() const { return now_ms_ + skew_ms; }
  std::string price(const VenueBook& book, std::int64_t ticks) const;
  std::string qty(const VenueBook& book, std::int64_t lots) const;
  std::string money(std::int64_t value_e8) const { return fixed_text(value_e8, 8); }
  Json levels(const VenueBook& book, const std::vector<ShownLevel>& side) const;
  std::string percent(std::int64_t from, std::int64_t to) const;

  VenueEngine& engine_;
  ListingMarket market_;
  bool is_spot_;
  bool limits_;
  MinuteWeight weight_;
  RollingCount attempts_{300, 300'000};  // of streams, per address
  TopicTable topics_;
  std::map<StreamPeer*, PeerState> peers_;
  std::int64_t now_ms_ = 0;
};

}  // namespace pinstripe::venue
