// The features stage: market events in, one feature vector out after each complete venue message.
//
// Between the first and the last message of a venue message nothing is computed (trading.md 2). No
// feature can see the future: a vector is made of what came before it and of nothing else. While
// the book is not valid vectors go on, with the state in the context and book features marked
// absent.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/features_config.h"
#include "features/registry.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/market_event.h"
#include "shm/msg/stage.h"

namespace pinstripe {

class InstrumentFeatures;

class FeaturesStage {
 public:
  using Config = FeaturesConfig;
  using In = Input;
  using Out = FeatureVector;
  static constexpr unsigned kPorts = 1;
  static constexpr unsigned kMaxBurst = 1;

  explicit FeaturesStage(const Config& config);
  ~FeaturesStage();
  FeaturesStage(FeaturesStage&&) noexcept;
  FeaturesStage& operator=(FeaturesStage&&) noexcept;

  template <class S>
  void on_event(TimeNs now, const In& in, S& sink) noexcept {
    if (in.kind() != InputKind::kMessage) return;
    const auto& event = in.as<MarketEvent>();
    if (!take(now, event)) return;
    FeatureVector& out = sink.claim(0);
    fill(now, event, out);
    sink.commit(0);
  }
  /// Time alone never makes this stage act: bars close at the first event past their end.
  TimeNs next_due() const noexcept { return TimeNs::max(); }
  bool more() const noexcept { return false; }
  std::uint64_t state_hash() const noexcept;
  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);
  std::span<const std::int64_t> counters() const noexcept { return counters_; }
  std::vector<std::string> counter_names() const;

 private:
  /// Takes one event; true where a vector is due.
  bool take(TimeNs now, const MarketEvent& event) noexcept;
  void fill(TimeNs now, const MarketEvent& event, FeatureVector& out) noexcept;
  void refresh_counters(std::size_t instrument) noexcept;

  Config config_;
  std::uint64_t registry_hash_;
  std::vector<std::unique_ptr<InstrumentFeatures>> instruments_;
  std::vector<std::int64_t> counters_;
};
static_assert(Stage<FeaturesStage>);

}  // namespace pinstripe
