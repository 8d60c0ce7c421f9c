#include "tools/session/money_at_stake.h"

#include <map>
#include <string>

namespace pinstripe {

MoneyAtStake::MoneyAtStake(const SessionPlan& plan) : plan_(plan) {
  for (const StageSpec& s : plan.topology.stages) {
    if (s.kind != StageKind::kRisk) continue;
    if (auto page = StagePageView::open(plan.directory + "/" + s.name + ".page"); page) {
      page_.emplace(std::move(*page));
    }
  }
}

void MoneyAtStake::find_places() {
  const auto counters = page_->counters();
  if (counters.empty()) return;  // risk has not begun
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < counters.size(); ++i) places.emplace(counters[i].first, i);
  const auto place_of = [&](const std::string& name) {
    const auto at = places.find(name);
    return at == places.end() ? kNowhere : at->second;
  };
  for (const Instrument& i : plan_.instruments) {
    places_.push_back({place_of(i.id + ".position_lots"), place_of(i.id + ".working_orders")});
  }
}

bool MoneyAtStake::of(std::uint16_t instrument) {
  if (!page_) return false;
  if (places_.empty()) find_places();
  if (places_.empty()) return false;
  const auto is_there = [&](std::size_t place) {
    return place != kNowhere && page_->page().counter_values[place].get() != 0;
  };
  return is_there(places_[instrument].position) || is_there(places_[instrument].working);
}

}  // namespace pinstripe
