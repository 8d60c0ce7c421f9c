#include "tools/venue/engine.h"

#include <algorithm>

#include "tools/venue/venue_text.h"

namespace pinstripe::venue {
namespace {

constexpr std::uint64_t kFirstUpdateId = 1'000'000;
constexpr std::int64_t kFirstOpenInterest = 1'000'000;  // lots

}  // namespace

std::string symbol_of(ListingMarket market, const std::string& base, const std::string& quote) {
  if (market == ListingMarket::kOkx) return base + "-" + quote;
  if (market == ListingMarket::kOkxSwap) return base + "-" + quote + "-SWAP";
  return base + quote;
}

VenueEngine::VenueEngine(std::vector<Listing> listings, std::int64_t start_ms) {
  books_.resize(listings.size());
  for (std::size_t i = 0; i < listings.size(); ++i) {
    VenueBook& b = books_[i];
    b.listing = std::move(listings[i]);
    b.update_id = kFirstUpdateId;
    b.candles.begin(start_ms, b.listing.mid_ticks);
    b.changed_ms = start_ms;
    b.mark.mark_e8 = b.mark.index_e8 = b.price_e8(b.listing.mid_ticks);
    b.open_interest_lots = kFirstOpenInterest;
    by_symbol_[{b.listing.market, b.listing.symbol}] = static_cast<ListingIndex>(i);
  }
}

const VenueBook* VenueEngine::find(ListingMarket market, const std::string& symbol) const {
  const auto at = by_symbol_.find({market, symbol});
  return at == by_symbol_.end() ? nullptr : &books_[at->second];
}

ListingIndex VenueEngine::index_of(const VenueBook& book) const {
  return static_cast<ListingIndex>(&book - books_.data());
}

OrderOutcome VenueEngine::submit(ListingIndex index, BookOrder order, std::int64_t now_ms,
                                 bool is_liquidation) {
  VenueBook& b = books_[index];
  order.key = next_key_++;
  OrderOutcome outcome;
  if (!b.listing.trades) {
    outcome.verdict = BookVerdict::kExpired;
    return outcome;
  }
  outcome.verdict = b.book.submit(order, outcome.fills);
  const bool rests = outcome.verdict == BookVerdict::kRests;
  if (!rests && outcome.fills.empty()) return outcome;
  ++b.update_id;
  for (const BookFill& fill : outcome.fills) {
    touched(index, !order.is_buy, fill.price_ticks);
    print(index, fill, now_ms, is_liquidation);
  }
  if (rests) touched(index, order.is_buy, order.price_ticks);
  changed(index, now_ms);
  return outcome;
}

void VenueEngine::reduce(ListingIndex index, OrderKey key, std::int64_t lots,
                         std::int64_t now_ms) {
  const BookOrder* order = books_[index].book.find(key);
  if (order == nullptr) return;
  const bool is_bid = order->is_buy;
  const std::int64_t price_ticks = order->price_ticks;
  if (!books_[index].book.reduce(key, lots)) return;
  ++books_[index].update_id;
  touched(index, is_bid, price_ticks);
  changed(index, now_ms);
}

void VenueEngine::print(ListingIndex index, const BookFill& fill, std::int64_t now_ms,
                        bool is_liquidation) {
  VenueBook& b = books_[index];
  const Print p{++b.trade_id, now_ms, fill.price_ticks, fill.lots, fill.taker_buys,
                is_liquidation};
  const std::int64_t quote = product_e8(b.price_e8(p.price_ticks), b.qty_e8(p.lots));
  b.candles.trade(now_ms, p.price_ticks, p.lots, quote, p.taker_buys, p.id);
  // Who opens and who closes is not modelled: every second trade opens, the others close.
  const std::int64_t move = p.id % 2 == 0 ? p.lots : -p.lots;
  b.open_interest_lots = std::max<std::int64_t>(0, b.open_interest_lots + move);
  b.prints.push_back(p);
  if (b.prints.size() > VenueBook::kPrintsKept) b.prints.pop_front();
  for (EngineListener* l : listeners_) l->on_print(index, p);
}

void VenueEngine::touched(ListingIndex index, bool is_bid, std::int64_t price_ticks) {
  for (EngineListener* l : listeners_) l->on_level(index, is_bid, price_ticks);
}

void VenueEngine::changed(ListingIndex index, std::int64_t now_ms) {
  books_[index].changed_ms = now_ms;
  for (EngineListener* l : listeners_) l->on_book(index);
}

void VenueEngine::set_mark(ListingIndex index, const MarkState& mark) {
  books_[index].mark = mark;
  for (EngineListener* l : listeners_) l->on_mark(index);
}

void VenueEngine::roll(std::int64_t now_ms) {
  for (VenueBook& b : books_) b.candles.roll(now_ms);
}

}  // namespace pinstripe::venue
