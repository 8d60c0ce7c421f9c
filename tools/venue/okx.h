// OKX v5, public side: /api/v5 over REST, /ws/v5/public and /ws/v5/business as streams. REST lies
// in okx_rest.cpp, streams in okx_streams.cpp, what both say in okx_text.cpp.
#pragma once

#include <map>
#include <string>

#include "tools/venue/engine.h"
#include "tools/venue/faults.h"
#include "tools/venue/protocol.h"
#include "tools/venue/request_limits.h"
#include "tools/venue/topics.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {

class OkxProtocol : public VenueProtocol, public EngineListener {
 public:
  /// `checksum`: books carry the CRC-32 of before 2026 instead of 0.
  OkxProtocol(VenueEngine& engine, FaultBoard& faults, bool limits, bool checksum);

  std::string_view name() const override { return "okx"; }
  bool serves(std::string_view path) const override {
    return path.starts_with("/api/v5/") || path.starts_with("/ws/v5/");
  }
  StreamRule rule(std::string_view) const override { return {0, 0, 30'000}; }
  HttpAnswer answer(const HttpAsk& ask, std::int64_t now_ms) override;
  std::optional<HttpAnswer> refuse_stream(const std::string& address,
                                          std::int64_t now_ms) override;
  void opened(StreamPeer& peer, std::int64_t now_ms) override;
  void received(StreamPeer& peer, std::string_view text, std::int64_t now_ms) override;
  void closed(StreamPeer& peer) override;
  void tick(std::int64_t now_ms) override;

  void on_print(ListingIndex index, const Print& print) override;
  void on_book(ListingIndex index) override { topics_.touch_book(index); }
  void on_mark(ListingIndex index) override;

 private:
  using Data = Result<Json>;  // of one path: its "data" list, or why not (code 51001)
  struct Endpoint {
    const char* path;
    std::size_t limit;        // requests in two seconds
    Data (OkxProtocol::*run)(const HttpAsk&) const;
  };

  // REST
  static const Endpoint* endpoint(std::string_view path);
  Result<const VenueBook*> book_of(const HttpAsk& ask) const;
  const VenueBook* find(const std::string& instrument) const;
  Data time(const HttpAsk& ask) const;
  Data instruments(const HttpAsk& ask) const;
  Data books(const HttpAsk& ask) const;
  Data tickers(const HttpAsk& ask) const;
  Data candles(const HttpAsk& ask) const;
  Data trades(const HttpAsk& ask) const;
  Data funding(const HttpAsk& ask) const;
  Data funding_history(const HttpAsk& ask) const;
  Data marks(const HttpAsk& ask) const;
  Data interest(const HttpAsk& ask) const;
  Data nothing(const HttpAsk&) const { return Json::array(); }
  template <class One>
  Json of_type(const HttpAsk& ask, One one) const;

  // what both say
  Json instrument(const VenueBook& book) const;
  Json ticker(const VenueBook& book) const;
  Json candle(const VenueBook& book, const Candle& candle, std::int64_t minutes) const;
  Json trade(const VenueBook& book, const Print& print) const;
  Json mark(const VenueBook& book) const;
  Json funding_of(const VenueBook& book) const;
  Json interest_of(const VenueBook& book) const;
  Json levels(const VenueBook& book, const std::vector<ShownLevel>& side) const;
  std::string price(const VenueBook& book, std::int64_t ticks) const;
  std::string qty(const VenueBook& book, std::int64_t lots) const;
  std::int32_t checksum(const VenueBook& book, const ShownLevels& shown) const;
  std::int64_t shown_ms() const { return now_ms_ + skew_ms; }
  std::string shown_text() const { return std::to_string(shown_ms()); }

  /// Minutes of a candle of that name; 0: there is none. Days are those of Greenwich ("1Dutc"),
  /// and here the others are too.
  static std::int64_t bar_minutes(std::string name);

  // streams
  std::vector<Topic> topics_of(const Json& arg) const;
  bool topic_of(const Json& arg, Topic& topic) const;
  bool channel_of(const std::string& channel, Topic& topic) const;
  void subscribe(StreamPeer& peer, const Json& message);
  void tell_notice(StreamPeer& peer);
  void greet(Topic& topic, StreamPeer& peer);
  void tell(Topic& topic);
  void tell_books(Topic& topic, const VenueBook& book);
  void tell_candles(Topic& topic, const VenueBook& book);
  Json book_message(const Topic& topic, const VenueBook& book, const char* action,
                    const ShownLevels& shown, std::int64_t previous_id);
  Json message(const Topic& topic, Json data) const;
  void publish(const Topic& topic, const Json& message);
  void refuse(StreamPeer& peer, const char* code, const std::string& why) const;

  VenueEngine& engine_;
  FaultBoard& faults_;
  bool limits_;
  bool checksum_;
  std::map<std::string, RollingCount> requests_;  // by path
  RollingCount attempts_{3, 1'000};               // of streams, per address
  RollingCount commands_{480, 3'600'000};         // subscribe, unsubscribe, login: per stream
  TopicTable topics_;
  std::map<const StreamPeer*, std::string> connections_;
  std::uint64_t connection_ = 0;                  // number of the newest
  std::int64_t now_ms_ = 0;
};

}  // namespace pinstripe::venue
