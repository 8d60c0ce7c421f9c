// A small exchange without sockets: engine, synthetic market, and peers that keep what they are
// sent. Time is stepped by the test.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/venue/engine.h"
#include "tools/venue/liquidity.h"
#include "tools/venue/protocol.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {

class KeptPeer : public StreamPeer {
 public:
  explicit KeptPeer(std::string path, std::string query = "")
      : path_(std::move(path)), query_(std::move(query)) {}
  void send(SharedText text) override { sent.push_back(Json::parse(*text)); }
  void reply(std::string text) override { replies.push_back(std::move(text)); }
  void close(unsigned code, const std::string&) override { closed_with = code; }
  const std::string& path() const override { return path_; }
  const std::string& query() const override { return query_; }

  std::vector<Json> sent;
  std::vector<std::string> replies;
  unsigned closed_with = 0;

 private:
  std::string path_, query_;
};

/// BTC on all six markets.
struct VenueBench {
  static constexpr std::int64_t kStart = 1'700'000'000'000;

  VenueBench() {
    std::vector<Listing> listings;
    for (std::size_t m = 0; m < kListingMarketNames.size(); ++m) {
      Listing l;
      l.market = static_cast<ListingMarket>(m);
      l.base = "BTC";
      l.quote = "USDT";
      l.symbol = symbol_of(l.market, l.base, l.quote);
      l.tick_e8 = 10'000'000;
      l.lot_e8 = 100'000;
      l.mid_ticks = 600'000;
      l.rate_per_s = 200;
      l.seed = 3;
      listings.push_back(l);
    }
    engine = std::make_unique<VenueEngine>(listings, kStart);
    for (ListingIndex i = 0; i < listings.size(); ++i) {
      markets.push_back(
          std::make_unique<SyntheticLiquidity>(*engine, i, LiquidityShape{}, kStart));
    }
    move(2'000);
  }
  /// Lets the market, and the protocol where there is one, live on in steps of 10 ms.
  void move(std::int64_t ms, VenueProtocol* protocol = nullptr) {
    for (const std::int64_t end = now + ms; now < end;) {
      now += 10;
      for (const auto& m : markets) m->advance(now);
      engine->roll(now);
      if (protocol != nullptr) protocol->tick(now);
    }
  }
  HttpAnswer ask(VenueProtocol& protocol, const std::string& path,
                 std::map<std::string, std::string> query = {}) const {
    HttpAsk a;
    a.method = "GET";
    a.path = path;
    a.query = std::move(query);
    a.address = "127.0.0.1";
    return protocol.answer(a, now);
  }

  std::int64_t now = kStart;
  std::unique_ptr<VenueEngine> engine;
  std::vector<std::unique_ptr<SyntheticLiquidity>> markets;
};

/// A book kept from public messages: price and quantity as the venue wrote them.
struct TextBook {
  std::map<std::string, std::string> bids, asks;
  void apply(const Json& bid_levels, const Json& ask_levels) {
    for (const auto& [side, levels] : {std::pair{&bids, &bid_levels}, {&asks, &ask_levels}}) {
      for (const Json& level : *levels) {
        const std::string price = level[0], qty = level[1];
        if (qty.find_first_not_of("0.") == std::string::npos) {
          side->erase(price);
        } else {
          (*side)[price] = qty;
        }
      }
    }
  }
  bool operator==(const TextBook&) const = default;
};

}  // namespace pinstripe::venue
