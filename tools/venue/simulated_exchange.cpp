#include "tools/venue/simulated_exchange.h"

#include "shm/base/hash.h"
#include "tools/venue/binance.h"
#include "tools/venue/bybit.h"
#include "tools/venue/okx.h"
#include "tools/venue/recorded_liquidity.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kHistoryStepMs = 1'000;
constexpr std::string_view kProtocolNames[] = {"binance", "binance_usdm", "bybit", "okx"};

/// The protocol that a market speaks.
std::string_view protocol_of(ListingMarket market) {
  switch (market) {
    case ListingMarket::kBinance: return "binance";
    case ListingMarket::kBinanceUsdm: return "binance_usdm";
    case ListingMarket::kBybit:
    case ListingMarket::kBybitLinear: return "bybit";
    default: return "okx";
  }
}

std::unique_ptr<Liquidity> liquidity_of(const VenueConfig& config, VenueEngine& engine,
                                        ListingIndex index, std::int64_t start_ms) {
  if (index < config.recordings.size() && config.recordings[index]) {
    return std::make_unique<RecordedLiquidity>(engine, index, config.shape,
                                               config.recordings[index], start_ms);
  }
  return std::make_unique<SyntheticLiquidity>(engine, index, config.shape, start_ms);
}

}  // namespace

SimulatedExchange::SimulatedExchange(const VenueConfig& config, std::int64_t now_ms)
    : config_(config) {
  const std::int64_t start_ms = now_ms - config.history_s * 1'000;
  engine_ = std::make_unique<VenueEngine>(config.listings, start_ms);
  for (ListingIndex i = 0; i < engine_->size(); ++i) {
    liquidity_.push_back(liquidity_of(config, *engine_, i, start_ms));
  }
  for (std::int64_t t = start_ms; t < now_ms; t += kHistoryStepMs) move_market(t);
  move_market(now_ms);
  const bool limits = config.limits;
  // The first that serves a path has it: OKX's /ws/v5 lies below Binance's /ws.
  protocols_.push_back(
      std::make_unique<OkxProtocol>(*engine_, faults_, limits, config.okx_checksum));
  protocols_.push_back(
      std::make_unique<BinanceProtocol>(*engine_, ListingMarket::kBinance, limits));
  protocols_.push_back(
      std::make_unique<BinanceProtocol>(*engine_, ListingMarket::kBinanceUsdm, limits));
  protocols_.push_back(std::make_unique<BybitProtocol>(*engine_, limits));
  for (const auto& p : protocols_) p->life.set(config.connection_life_s * 1'000);
  next_fault_ms_ = now_ms + config.fault_every_ms;
}

std::vector<VenueProtocol*> SimulatedExchange::protocols() const {
  std::vector<VenueProtocol*> all;
  for (const auto& p : protocols_) all.push_back(p.get());
  return all;
}

void SimulatedExchange::move_market(std::int64_t now_ms) {
  for (ListingIndex i = 0; i < engine_->size(); ++i) {
    if (engine_->at(i).listing.trades) liquidity_[i]->advance(now_ms);
  }
  engine_->roll(now_ms);
}

void SimulatedExchange::tick(std::int64_t now_ms) {
  for (const Fault& over : faults_.expire(now_ms)) undo_fault(over);
  if (config_.fault_every_ms > 0 && now_ms >= next_fault_ms_) draw_fault(now_ms);
  if (!is_paused_) move_market(now_ms);
  for (const auto& p : protocols_) p->tick(now_ms);
}

HttpAnswer SimulatedExchange::control(const HttpAsk& ask, std::int64_t now_ms) {
  const auto done = [](const Json& what) { return HttpAnswer{200, what.dump(), {}, 0}; };
  if (ask.path == "/venue/state") return done(state(now_ms));
  const bool is_post = ask.method == "POST";
  if (is_post && ask.path == "/venue/fault") return add_fault(ask.body, now_ms);
  if (is_post && (ask.path == "/venue/pause" || ask.path == "/venue/resume")) {
    is_paused_ = ask.path == "/venue/pause";
    return done({{"paused", is_paused_}});
  }
  if (is_post && ask.path == "/venue/clear") {
    for (const Fault& over : faults_.expire(INT64_MAX)) undo_fault(over);
    return done(faults_.shown());
  }
  return {404,
          Json{{"error", ask.method + " " + ask.path + " is no control command; there are GET "
                         "/venue/state, POST /venue/pause, /venue/resume, /venue/fault and "
                         "/venue/clear"}}.dump(),
          {}, 0};
}

HttpAnswer SimulatedExchange::add_fault(const std::string& body, std::int64_t now_ms) {
  const auto fault = FaultBoard::parse(Json::parse(body, nullptr, false), now_ms);
  if (!fault) return {400, Json{{"error", fault.error().message}}.dump(), {}, 0};
  begin_fault(*fault, now_ms);
  return {200, faults_.shown().dump(), {}, 0};
}

void SimulatedExchange::begin_fault(const Fault& fault, std::int64_t now_ms) {
  faults_.add(fault);
  switch (fault.kind) {
    case FaultKind::kCut: act_on_streams_(fault.protocol, StreamFate::kCut); break;
    case FaultKind::kHalfOpen: act_on_streams_(fault.protocol, StreamFate::kFreeze); break;
    case FaultKind::kMaintenance: act_on_streams_(fault.protocol, StreamFate::kGoAway); break;
    case FaultKind::kInstrumentChange: set_trading(fault, false); break;
    case FaultKind::kReset: restart_books(fault, now_ms); break;
    case FaultKind::kClockSkew:
      faults_.met(fault.kind);
      for (const auto& p : protocols_) {
        if (fault.protocol.empty() || p->name() == fault.protocol) p->skew_ms = fault.amount_ms;
      }
      break;
    default: break;  // met as messages and answers pass
  }
}

void SimulatedExchange::undo_fault(const Fault& fault) {
  if (fault.kind == FaultKind::kInstrumentChange) set_trading(fault, true);
  if (fault.kind != FaultKind::kClockSkew) return;
  for (const auto& p : protocols_) {
    if (fault.protocol.empty() || p->name() == fault.protocol) p->skew_ms = 0;
  }
}

void SimulatedExchange::restart_books(const Fault& fault, std::int64_t now_ms) {
  for (const auto& p : protocols_) {
    if (!fault.protocol.empty() && p->name() != fault.protocol) continue;
    for (std::size_t left = p->restart_books(fault.holds, now_ms); left > 0; --left) {
      faults_.met(fault.kind);
    }
  }
}

void SimulatedExchange::set_trading(const Fault& fault, bool trades) {
  for (ListingIndex i = 0; i < engine_->size(); ++i) {
    const Listing& l = engine_->at(i).listing;
    if (!fault.protocol.empty() && protocol_of(l.market) != fault.protocol) continue;
    if (!fault.holds.empty() && l.symbol != fault.holds) continue;
    engine_->set_trading(i, trades);
    if (!trades) faults_.met(fault.kind);
  }
}

/// One row of the table against one protocol, by seed; how long and how many are the defaults.
void SimulatedExchange::draw_fault(std::int64_t now_ms) {
  next_fault_ms_ = now_ms + config_.fault_every_ms;
  const std::uint64_t word = random_draw(config_.fault_seed, 0xFA17, drawn_++, 0);
  const FaultRow& row = kFaultTable[word % kFaultTable.size()];
  const std::string_view protocol = kProtocolNames[(word >> 32) % std::size(kProtocolNames)];
  const auto fault = FaultBoard::parse({{"fault", row.name}, {"venue", protocol}}, now_ms);
  if (fault) begin_fault(*fault, now_ms);
}

Json SimulatedExchange::state(std::int64_t now_ms) const {
  Json listings = Json::array();
  for (ListingIndex i = 0; i < engine_->size(); ++i) {
    const VenueBook& b = engine_->at(i);
    listings.push_back({{"market", name_of(b.listing.market)},
                        {"symbol", b.listing.symbol},
                        {"trades", b.listing.trades},
                        {"update_id", b.update_id},
                        {"prints", b.trade_id}});
  }
  return {{"now_ms", now_ms}, {"paused", is_paused_}, {"faults", faults_.shown()},
          {"listings", std::move(listings)}};
}

}  // namespace pinstripe::venue
