// REST of OKX: {"code","msg","data"}; limits count each path by itself.
#include <algorithm>
#include <cstdlib>

#include "tools/venue/okx.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kWindowMs = 2'000;

HttpAnswer said(unsigned status, const std::string& code, const std::string& message, Json data) {
  return {status, Json{{"code", code}, {"msg", message}, {"data", std::move(data)}}.dump(), {}, 0};
}

}  // namespace

OkxProtocol::OkxProtocol(VenueEngine& engine, FaultBoard& faults, bool limits, bool checksum)
    : engine_(engine),
      faults_(faults),
      limits_(limits),
      checksum_(checksum),
      topics_(engine.size()) {
  engine.add_listener(*this);
}

const OkxProtocol::Endpoint* OkxProtocol::endpoint(std::string_view path) {
  using P = OkxProtocol;
  static const Endpoint kEndpoints[] = {
      {"/api/v5/public/time", 10, &P::time},
      {"/api/v5/public/instruments", 20, &P::instruments},
      {"/api/v5/public/funding-rate", 20, &P::funding},
      {"/api/v5/public/funding-rate-history", 10, &P::funding_history},
      {"/api/v5/public/mark-price", 10, &P::marks},
      {"/api/v5/public/open-interest", 20, &P::interest},
      {"/api/v5/market/books", 40, &P::books},
      {"/api/v5/market/ticker", 20, &P::tickers},
      {"/api/v5/market/tickers", 20, &P::tickers},
      {"/api/v5/market/candles", 40, &P::candles},
      {"/api/v5/market/history-candles", 20, &P::candles},
      {"/api/v5/market/trades", 100, &P::trades},
      {"/api/v5/market/history-trades", 20, &P::trades},
      // What clients ask for beside markets; there is nothing of it here.
      {"/api/v5/asset/currencies", 12, &P::nothing},
      {"/api/v5/system/status", 10, &P::nothing},
  };
  const auto* at = std::find_if(std::begin(kEndpoints), std::end(kEndpoints),
                                [&](const Endpoint& e) { return path == e.path; });
  return at == std::end(kEndpoints) ? nullptr : at;
}

HttpAnswer OkxProtocol::answer(const HttpAsk& ask, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const Endpoint* at = endpoint(ask.path);
  if (at == nullptr) return said(404, "404", "Not Found", Json::array());
  RollingCount& count = requests_.try_emplace(at->path, at->limit, kWindowMs).first->second;
  if (limits_ && !count.charge(ask.address, now_ms)) {
    return said(429, "50011", "Too Many Requests", Json::array());
  }
  Data data = (this->*at->run)(ask);
  if (!data) return said(200, "51001", data.error().message, Json::array());
  return said(200, "0", "", std::move(*data));
}

const VenueBook* OkxProtocol::find(const std::string& instrument) const {
  const VenueBook* spot = engine_.find(ListingMarket::kOkx, instrument);
  return spot != nullptr ? spot : engine_.find(ListingMarket::kOkxSwap, instrument);
}

Result<const VenueBook*> OkxProtocol::book_of(const HttpAsk& ask) const {
  const VenueBook* book = find(ask.value("instId"));
  if (book != nullptr) return book;
  return fail("Instrument ID, Instrument ID code, or Spread ID doesn't exist.");
}

/// One answer for `instId` where it is given, else for all of `instType`.
template <class One>
Json OkxProtocol::of_type(const HttpAsk& ask, One one) const {
  const std::string type = ask.value("instType");
  const std::string wanted = ask.value("instId");
  Json list = Json::array();
  for (ListingIndex i = 0; i < engine_.size(); ++i) {
    const VenueBook& b = engine_.at(i);
    const bool spot = b.listing.market == ListingMarket::kOkx;
    const bool swap = b.listing.market == ListingMarket::kOkxSwap;
    const bool typed = (spot && type == "SPOT") || (swap && type == "SWAP") ||
                       ((spot || swap) && type.empty() && !wanted.empty());
    if (typed && (wanted.empty() || wanted == b.listing.symbol)) list.push_back(one(b));
  }
  return list;
}

OkxProtocol::Data OkxProtocol::time(const HttpAsk&) const {
  return Json::array({Json{{"ts", shown_text()}}});
}

OkxProtocol::Data OkxProtocol::instruments(const HttpAsk& ask) const {
  return of_type(ask, [&](const VenueBook& b) { return instrument(b); });
}

OkxProtocol::Data OkxProtocol::books(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const VenueBook& b = **found;
  const ShownLevels shown =
      shown_levels(b.book, static_cast<std::size_t>(ask.number("sz", 1, 400)));
  return Json::array({Json{{"asks", levels(b, shown.asks)}, {"bids", levels(b, shown.bids)},
                           {"ts", shown_text()}, {"seqId", b.update_id}}});
}

OkxProtocol::Data OkxProtocol::tickers(const HttpAsk& ask) const {
  if (ask.path.ends_with("/ticker")) {
    const auto found = book_of(ask);
    if (!found) return std::unexpected(found.error());
    return Json::array({ticker(**found)});
  }
  return of_type(ask, [&](const VenueBook& b) { return ticker(b); });
}

OkxProtocol::Data OkxProtocol::candles(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const std::int64_t minutes = bar_minutes(ask.value("bar", "1m"));
  if (minutes == 0) return fail("Parameter bar error");
  // `after`: older than; `before`: newer than.
  const std::string after = ask.value("after");
  const std::string before = ask.value("before");
  const std::int64_t to = after.empty() ? INT64_MAX : std::strtoll(after.c_str(), nullptr, 10) - 1;
  const std::int64_t from = before.empty() ? 0 : std::strtoll(before.c_str(), nullptr, 10) + 1;
  const auto limit = static_cast<std::size_t>(ask.number("limit", 100, 300));
  Json list = Json::array();
  const std::vector<Candle> found_candles =
      (*found)->candles.of_length(minutes, from, to, limit);
  for (auto c = found_candles.rbegin(); c != found_candles.rend(); ++c) {  // newest first
    list.push_back(candle(**found, *c, minutes));
  }
  return list;
}

/// `after`: older than this trade, or with type 2 than this time.
OkxProtocol::Data OkxProtocol::trades(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  std::int64_t left = ask.number("limit", 100, 500);
  const std::int64_t after = ask.number("after", INT64_MAX, INT64_MAX);
  const bool by_time = ask.value("type") == "2";
  Json list = Json::array();
  const auto& prints = (*found)->prints;
  for (auto p = prints.rbegin(); p != prints.rend() && left > 0; ++p) {  // newest first
    if ((by_time ? p->time_ms : static_cast<std::int64_t>(p->id)) >= after) continue;
    list.push_back(trade(**found, *p));
    --left;
  }
  return list;
}

OkxProtocol::Data OkxProtocol::funding(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  return Json::array({funding_of(**found)});
}

/// The synthetic market's rate is constant, so that past periods had the running one.
OkxProtocol::Data OkxProtocol::funding_history(const HttpAsk& ask) const {
  const auto found = book_of(ask);
  if (!found) return std::unexpected(found.error());
  const std::string rate = short_text((*found)->mark.rate_e8);
  const std::int64_t to = std::min(ask.number("after", shown_ms() + 1, INT64_MAX) - 1, shown_ms());
  const std::int64_t last = to / kFundingPeriodMs * kFundingPeriodMs;
  Json list = Json::array();
  for (std::int64_t i = 0; i < ask.number("limit", 100, 400); ++i) {  // newest first
    const std::int64_t time = last - i * kFundingPeriodMs;
    if (time <= ask.number("before", 1, INT64_MAX)) break;
    list.push_back({{"instType", "SWAP"}, {"instId", ask.value("instId")}, {"fundingRate", rate},
                    {"realizedRate", rate},
                    {"fundingTime", std::to_string(time)},
                    {"method", "current_period"}});
  }
  return list;
}

OkxProtocol::Data OkxProtocol::marks(const HttpAsk& ask) const {
  return of_type(ask, [&](const VenueBook& b) { return mark(b); });
}

OkxProtocol::Data OkxProtocol::interest(const HttpAsk& ask) const {
  return of_type(ask, [&](const VenueBook& b) { return interest_of(b); });
}

}  // namespace pinstripe::venue
