// A hub and a feed stage on the simulated exchange, in this thread, and the books that the stage's
// output makes: held against what the exchange itself says of its books.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "feed/decimal.h"
#include "feed/feed_stage.h"
#include "feed/instrument_table.h"
#include "feed/live/market_hub.h"
#include "tests/feed/live/venue_process.h"

namespace pinstripe {

/// BTC on every market that can be listened to, and an exchange that serves it.
inline const std::vector<std::string> kSixMarkets{
    "BINANCE_SPOT:BTCUSDT", "BINANCE_USDM:BTCUSDT", "BYBIT:BTCUSDT",
    "BYBIT_LINEAR:BTCUSDT", "OKX:BTC-USDT",         "OKX_SWAP:BTC-USDT-SWAP"};

inline nlohmann::json six_market_venue() {
  return nlohmann::json::parse(R"({"history_s": 60, "okx_checksum": true, "assets": [
      {"base": "BTC", "quote": "USDT", "price": "60000", "tick": "0.1", "lot": "0.001",
       "rate_per_s": 60}]})");
}

/// Books as a reader of port 2 keeps them.
class BookSink {
 public:
  using Side = std::map<std::int64_t, std::int64_t>;  // ticks -> lots
  struct Book {
    Side bids, asks;
    BookState state = BookState::kEmpty;
  };

  /// A closed candle, as features are told of it.
  struct Bar {
    std::uint16_t instrument = 0;
    std::int64_t start_ns = 0, interval_ns = 0;
    std::int64_t open_ticks = 0, close_ticks = 0, high_ticks = 0, low_ticks = 0;
    std::int64_t volume_lots = 0;
  };

  MarketEvent& claim(unsigned port) noexcept {
    port_ = port;
    event_ = MarketEvent{};
    return event_;
  }
  void commit(unsigned) noexcept {
    if (port_ == 0) keep_report();
    if (port_ != 2) return;
    Book& book = books[event_.h.instrument];
    if (event_.h.type == MsgType::kBookState) {
      book.state = event_.book_state();
      if (event_.h.has(kFlagSnapshot)) {
        book.bids.clear();
        book.asks.clear();
      }
    }
    if (event_.h.type == MsgType::kTrade) ++trades;
    if (event_.h.type == MsgType::kMark) ++marks;
    if (event_.h.type != MsgType::kLevel) return;
    Side& side = event_.h.has(kFlagSell) ? book.asks : book.bids;
    if (event_.b == 0) {
      side.erase(event_.a);
    } else {
      side[event_.a] = event_.b;
    }
  }

  std::map<std::uint16_t, Book> books;
  std::uint64_t trades = 0, marks = 0;
  std::vector<Bar> bars;
  // By instrument.
  std::map<std::uint16_t, std::uint64_t> liquidations;
  std::map<std::uint16_t, std::int64_t> open_interest_e8;

 private:
  void keep_report() {
    switch (event_.h.type) {
      case MsgType::kLiquidation: ++liquidations[event_.h.instrument]; return;
      case MsgType::kOpenInterest: open_interest_e8[event_.h.instrument] = event_.a; return;
      case MsgType::kBar: bars.push_back({event_.h.instrument, event_.a, event_.b}); return;
      case MsgType::kBarBody:
        bars.back().open_ticks = event_.a;
        bars.back().close_ticks = event_.b;
        return;
      case MsgType::kBarRange:
        bars.back().high_ticks = event_.a;
        bars.back().low_ticks = event_.b;
        return;
      case MsgType::kBarVolume: bars.back().volume_lots = event_.a; return;
      default: return;
    }
  }

  MarketEvent event_;
  unsigned port_ = 0;
};

class LiveMarket {
 public:
  LiveMarket(const VenueProcess& venue, const std::vector<std::string>& ids,
             HubOptions options = {})
      : venue_(venue) {
    for (const std::string& id : ids) config_.instruments.push_back(find_instrument(id).value());
    options.address = venue.address();
    options.ca_file = venue.ca_file();
    options.limits.shm_folder = options.limits.state_folder = venue.folder();
    config_.warms_up = false;
    wanted_.resize(ids.size());
    std::iota(wanted_.begin(), wanted_.end(), std::uint16_t{0});
    stage_ = std::make_unique<FeedStage>(config_);
    auto opened = MarketHub::open(config_.instruments, wanted_, options);
    if (!opened) {
      error = opened.error().message;
      return;
    }
    hub = std::move(*opened);
    if (auto open = hub->await_open(10 * kNsPerSecond); !open) {
      error = open.error().message;
      return;
    }
    hub->set_needs([this](std::uint16_t i) { return need_of(stage_->book_state(i)); });
    hub->set_refused([this] { return stage_->refused(); });
    hub->begin();
  }

  /// Moves frames for at most `seconds`, or until `done`. Whether it was done.
  bool run(double seconds, const std::function<bool()>& done = [] { return false; }) {
    const std::int64_t end = net::Loop::now_ns() + static_cast<std::int64_t>(seconds * 1e9);
    while (net::Loop::now_ns() < end) {
      if (done()) return true;
      step();
    }
    return done();
  }
  bool all_valid() const {
    return std::ranges::all_of(wanted_, [&](std::uint16_t i) {
      return stage_->book_state(i) == BookState::kValid;
    });
  }
  std::int64_t count(const std::string& name) const {
    const auto names = stage_->counter_names();
    const auto at = std::ranges::find(names, name);
    return at == names.end() ? -1 : stage_->counters()[at - names.begin()];
  }
  BookState state(std::uint16_t i) const { return stage_->book_state(i); }
  const std::vector<Instrument>& instruments() const { return config_.instruments; }
  /// What a book shows and the exchange does not, or the other way; "" where both agree on the best
  /// `levels` of each side. The market must stand still.
  std::string difference(std::uint16_t i, std::size_t levels) const;

  std::unique_ptr<MarketHub> hub;
  BookSink sink;
  std::string error;
  std::uint64_t frames = 0;

 private:
  void step() {
    const TimeNs now(realtime());
    const FeedFrame* const frame = hub->next();
    if (frame == nullptr) {
      if (stage_->next_due() <= now) stage_->on_event(now, FeedInput::timer(), sink);
      ::usleep(200);
    } else {
      ++frames;
      FeedFrame copy = *frame;
      stage_->on_event(now, FeedInput::frame(copy), sink);
    }
    while (stage_->more()) stage_->on_event(now, FeedInput::continued(), sink);
    if (frame != nullptr) hub->pop();
  }
  static std::int64_t realtime() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * kNsPerSecond + t.tv_nsec;
  }

  const VenueProcess& venue_;
  FeedConfig config_;
  std::vector<std::uint16_t> wanted_;
  std::unique_ptr<FeedStage> stage_;
};

/// "60000.5" in 1e-8.
inline std::int64_t plain_e8(const std::string& text) {
  const std::size_t dot = text.find('.');
  std::string digits = text.substr(0, dot);
  std::string rest = dot == std::string::npos ? "" : text.substr(dot + 1);
  rest.resize(8, '0');
  return std::stoll(digits + rest);
}

/// What `ours` shows and the exchange does not, or the other way; "" where both agree on the best
/// `levels` of each side. The market must stand still.
inline std::string book_difference(const VenueProcess& venue, const Instrument& instrument,
                                   const BookSink::Book& ours, std::size_t levels) {
  const std::string& s = instrument.symbol;
  const std::map<std::string, std::string> targets{
      {"BINANCE_SPOT", "/api/v3/depth?limit=100&symbol=" + s},
      {"BINANCE_USDM", "/fapi/v1/depth?limit=100&symbol=" + s},
      {"BYBIT", "/v5/market/orderbook?category=spot&limit=50&symbol=" + s},
      {"BYBIT_LINEAR", "/v5/market/orderbook?category=linear&limit=50&symbol=" + s},
      {"OKX", "/api/v5/market/books?sz=50&instId=" + s},
      {"OKX_SWAP", "/api/v5/market/books?sz=50&instId=" + s}};
  const PlainAnswer answer = venue.get(targets.at(instrument.venue));
  nlohmann::json book = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !book.is_object()) return "no answer: " + answer.body;
  if (book.contains("result")) book = book["result"];
  if (book.contains("data")) book = book["data"][0];
  const auto side = [&](const char* name, const char* short_name, auto mine) {
    const auto& theirs = book.contains(name) ? book[name] : book[short_name];
    std::string text;
    std::size_t n = 0;
    for (const auto& level : theirs) {
      if (n++ == levels) break;
      const std::int64_t ticks = plain_e8(level[0]) / instrument.tick_e8;
      const std::int64_t lots = plain_e8(level[1]) / instrument.lot_e8;
      if (mine.empty() || mine.front() != std::pair{ticks, lots}) {
        return std::string(name) + " level " + std::to_string(n) + ": the exchange has " +
               level.dump() + ", ours is " +
               (mine.empty() ? "empty" : std::to_string(mine.front().first) + " x " +
                                             std::to_string(mine.front().second));
      }
      mine.erase(mine.begin());
    }
    return text;
  };
  std::vector<std::pair<std::int64_t, std::int64_t>> bids(ours.bids.rbegin(), ours.bids.rend());
  std::vector<std::pair<std::int64_t, std::int64_t>> asks(ours.asks.begin(), ours.asks.end());
  const std::string bid = side("bids", "b", bids);
  return bid.empty() ? side("asks", "a", asks) : bid;
}

inline std::string LiveMarket::difference(std::uint16_t i, std::size_t levels) const {
  const auto found = sink.books.find(i);
  if (found == sink.books.end()) return "no book";
  return book_difference(venue_, config_.instruments[i], found->second, levels);
}

}  // namespace pinstripe
