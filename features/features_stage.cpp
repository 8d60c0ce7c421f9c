#include "features/features_stage.h"

#include <array>
#include <string_view>

#include "features/instrument_features.h"

namespace pinstripe {
namespace {

constexpr std::array<std::string_view, 4> kStageCounters{"events", "venue_messages", "vectors",
                                                         "unknown_instrument"};
enum StageCounter : std::uint8_t { kEvents, kVenueMessages, kVectors, kUnknownInstrument };
constexpr std::array<std::string_view, 7> kInstrumentCounters{
    "trades",           "non_market_trades", "bars",          "trade_window_overflows",
    "update_window_overflows", "book_resets", "book_levels_dropped"};

}  // namespace

FeaturesStage::FeaturesStage(const Config& config)
    : config_(config),
      registry_hash_(pinstripe::registry_hash(config)),
      counters_(kStageCounters.size() + config.instruments.size() * kInstrumentCounters.size()) {
  instruments_.reserve(config.instruments.size());
  for (const Instrument& i : config.instruments) {
    instruments_.push_back(std::make_unique<InstrumentFeatures>(config, i));
  }
}
FeaturesStage::~FeaturesStage() = default;
FeaturesStage::FeaturesStage(FeaturesStage&&) noexcept = default;
FeaturesStage& FeaturesStage::operator=(FeaturesStage&&) noexcept = default;

bool FeaturesStage::take(TimeNs now, const MarketEvent& event) noexcept {
  ++counters_[kEvents];
  if (event.ends_update()) ++counters_[kVenueMessages];
  if (event.h.instrument >= instruments_.size()) [[unlikely]] {
    ++counters_[kUnknownInstrument];
    return false;
  }
  const bool due = instruments_[event.h.instrument]->take(now, event);
  if (due) ++counters_[kVectors];
  return due;
}

void FeaturesStage::fill(TimeNs now, const MarketEvent& event, FeatureVector& out) noexcept {
  out.registry_hash = registry_hash_;
  out.h.instrument = event.h.instrument;
  instruments_[event.h.instrument]->fill(now, out);
  refresh_counters(event.h.instrument);
}

void FeaturesStage::refresh_counters(std::size_t instrument) noexcept {
  const InstrumentFeatures& f = *instruments_[instrument];
  std::int64_t* c =
      counters_.data() + kStageCounters.size() + instrument * kInstrumentCounters.size();
  *c++ = f.trades();
  *c++ = f.non_market_trades();
  *c++ = f.bars();
  *c++ = f.trade_overflows();
  *c++ = f.update_overflows();
  *c++ = f.book_resets();
  *c++ = f.levels_dropped();
}

std::vector<std::string> FeaturesStage::counter_names() const {
  std::vector<std::string> names(kStageCounters.begin(), kStageCounters.end());
  for (const Instrument& i : config_.instruments) {
    for (const std::string_view name : kInstrumentCounters) {
      names.push_back(i.id + "." + std::string(name));
    }
  }
  return names;
}

std::uint64_t FeaturesStage::state_hash() const noexcept {
  StateWriter w;
  save(w);
  return w.hash();
}

void FeaturesStage::save(StateWriter& w) const noexcept {
  w.u64(registry_hash_);
  w.u64(instruments_.size());
  for (const std::int64_t c : counters_) w.i64(c);
  for (const auto& i : instruments_) i->save(w);
}

Result<void> FeaturesStage::load(StateReader& r) {
  const std::uint64_t hash = r.u64();
  const std::uint64_t count = r.u64();
  if (hash != registry_hash_ || count != instruments_.size()) {
    return fail("features: the checkpoint belongs to another feature registry or instrument list; "
                "start a new session");
  }
  for (std::int64_t& c : counters_) c = r.i64();
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    if (!instruments_[i]->load(r)) {
      return fail("features: the checkpoint of instrument '" + config_.instruments[i].id +
                  "' is damaged or was made with other capacities");
    }
  }
  return {};
}

}  // namespace pinstripe
