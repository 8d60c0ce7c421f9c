#include "tests/sim/real_world.h"

#include <algorithm>
#include <string>
#include <utility>

#include "features/features_stage.h"
#include "features/registry.h"
#include "feed/feed_stage.h"
#include "models/models_stage.h"
#include "risk/risk_stage.h"
#include "tests/sim/faulty_exec.h"
#include "tests/sim/frame_tape.h"
#include "tests/sim/money_check.h"
#include "tests/sim/seed_faults.h"
#include "tests/sim/stage_party.h"
#include "tests/support/imbalance_model.h"

namespace pinstripe::sim {

struct RealScenario {
  std::unique_ptr<FrameTape> tape;
  FeedConfig feed;
  FeaturesConfig features;
  ModelsConfig models;
  RiskConfig risk;
  FaultyExec::Config exec;
  std::int64_t feed_latency_ns = 0;    // venue to us
  std::int64_t response_ns = 0;
  DelayModel feed_delay, features_delay, models_delay, risk_delay;
};

namespace {

constexpr std::int64_t kUs = 1'000;
constexpr std::uint64_t kOrdersCapacity = 16;
constexpr std::uint64_t kSignalsCapacity = 512;
enum RingId : std::uint16_t {
  kToFeatures, kToRisk, kToExec, kVectors, kSignals, kOrders, kReports
};

MemberConfig imbalance_member(const FeaturesConfig& features, std::int64_t horizon_ns) {
  MemberConfig member;
  member.model = imbalance_model(registry_hash(features), horizon_ns);
  member.name = member.model.name;
  member.cost_ns = 1'000;
  return member;
}

/// Memory as small as this market lets it be, so that a world is quickly made.
void make_small(RealScenario& s) {
  s.feed.book_levels = 64;
  s.feed.frame_levels_max = 64;
  s.feed.frame_bytes_max = 1 << 14;
  s.feed.diffs_buffered_max = 64;
  s.feed.diff_levels_buffered_max = 1'024;
  s.features.book_levels = 64;
  s.features.trade_capacity = 1'024;
  s.features.update_capacity = 1'024;
  s.risk.order_memory = 64;
  s.risk.exec_id_memory = 1'024;
  s.exec.exec.book_levels_max = 128;
  s.exec.exec.resting_orders_max = 32;
  s.exec.exec.in_flight_max = 32;
}

/// What takes seconds in a session takes milliseconds here, so that a short tape sees it.
void make_quick(RealScenario& s, std::int64_t horizon_ns) {
  s.feed.warm_ns = 20 * kNsPerMs;
  s.feed.warm_matches = 3;
  s.feed.stale_depth_ns = s.feed.stale_ticker_ns = 40 * kNsPerMs;
  s.features.bar_ns = kNsPerMs;
  s.features.vpin_calibration_ns = 20 * kNsPerMs;
  s.models.members = {imbalance_member(s.features, horizon_ns)};
  s.models.threshold = 0.02;
  s.models.decision_interval_ns = 0;
  s.models.min_valid_share = 0;
  s.risk.limits.warm_up_bars = 1;
  s.risk.limits.spread_max_bps = s.risk.limits.depth_multiple = 0;
  s.risk.limits.participation_max = 0;
  s.risk.limits.opens_per_second = 5'000;
  s.risk.limits.reduces_per_second = 5'000;
  s.risk.limits.breaker_window_ns = 100 * kNsPerMs;
  s.risk.limits.breaker_cool_down_ns = 20 * kNsPerMs;
  s.risk.limits.in_flight_max = kOrdersCapacity - RiskStage::kMaxBurst;
  s.risk.sizing.mode = SizingMode::kFixedFraction;
  s.risk.policy.min_edge = 0;
  s.risk.policy.enter_probability = 0.51;
  s.risk.policy.exit_ttl_ns = 5 * kNsPerMs;
  s.risk.policy.invalid_exit_grace_ns = 5 * kNsPerMs;
  s.risk.policy.retry_ns = 2 * kNsPerMs;
}

SyntheticConfig market_of(std::mt19937_64& rng, std::int64_t feed_latency_ns) {
  SyntheticConfig m;
  m.seed = rng();
  // Funding is due in the midst of the tape.
  m.start_ns = TimeNs(1'699'999'200'000'000'000 - 70 * kNsPerMs);
  m.rate_per_s = 1'300;
  m.duration_ns = 10 * kNsPerSecond;
  m.volatility_bps = 40;
  m.tick_e8 = synthetic_instrument().tick_e8;
  m.feed_delay_ns = feed_latency_ns;
  // A gap, and the snapshot that heals it and whatever a bad feed has torn before.
  if (rng() % 2 == 0) {
    m.gap_at_s = 0.04 + 0.01 * static_cast<double>(rng() % 4);
    m.gap_resync_s = 0.01;
  }
  if (rng() % 3 == 0) m.jump_at_s = 0.12;
  return m;
}

FeedFaults draw_feed_faults(std::mt19937_64& rng) {
  const auto share = [&] { return rng() % 2 == 0 ? 0U : static_cast<unsigned>(rng() % 60); };
  if (rng() % 3 == 0) return {};
  return {share(), share(), share(), share() / 4};
}

}  // namespace

std::shared_ptr<const RealScenario> draw_real_scenario(std::mt19937_64& rng) {
  auto s = std::make_shared<RealScenario>();
  const auto one_of = [&](auto... v) {
    const std::int64_t all[] = {static_cast<std::int64_t>(v)...};
    return all[rng() % std::size(all)];
  };
  make_small(*s);
  make_quick(*s, one_of(5, 20) * kNsPerMs);
  s->feed_latency_ns = one_of(0, 100, 1'000) * kUs;
  s->feed_delay = DelayModel{one_of(0, 5) * kUs};
  const std::int64_t tail_ns = one_of(0, 20'000) * kUs;  // past the budget: stale signals
  s->features_delay = DelayModel{one_of(0, 20) * kUs, 0.05, tail_ns / 4, 3, kVectors};
  s->models_delay = DelayModel{one_of(0, 50) * kUs, 0.05, tail_ns, 3, kSignals};
  s->risk_delay = DelayModel{one_of(0, 5) * kUs};
  s->response_ns =
      std::max(one_of(1, 200, 3'000) * kUs, s->feed_latency_ns + s->feed_delay.base_ns);
  s->exec.exec.order_latency_ns = one_of(0, 200, 3'000) * kUs;
  s->exec.exec.response_latency_ns = s->response_ns;
  s->exec.exec.latency_seed = s->exec.seed = rng();
  s->exec.exec.market_ring_ids = {kToExec};
  s->exec.exec.orders_ring_id = kOrders;
  s->models.label_delay_ns = 100 * kUs;
  if (rng() % 3 == 0) {
    s->exec.late = static_cast<unsigned>(rng() % 200);
    s->exec.twice = static_cast<unsigned>(rng() % 200);
    s->exec.late_ns = 10 * kNsPerMs;
  }
  const std::vector<Instrument> instruments{synthetic_instrument()};
  s->feed.instruments = s->features.instruments = s->models.instruments = instruments;
  s->risk.instruments = s->exec.exec.instruments = instruments;
  const SyntheticConfig market = market_of(rng, s->feed_latency_ns);
  s->tape = std::make_unique<FrameTape>(market, 250, draw_feed_faults(rng), rng);
  return s;
}

namespace {

class RealWorld : public World {
 public:
  RealWorld(std::shared_ptr<const RealScenario> scenario, const WorldShape& shape)
      : s_(std::move(scenario)),
        to_features_(ring<MarketEvent>(market_slots(shape), kToFeatures)),
        to_risk_(ring<MarketEvent>(market_slots(shape), kToRisk)),
        to_exec_(ring<MarketEvent>(market_slots(shape), kToExec)),
        vectors_(ring<FeatureVector>(shape.capacity, kVectors)),
        signals_(ring<Signal>(kSignalsCapacity, kSignals)),
        orders_(ring<OrderCommand>(kOrdersCapacity, kOrders)),
        reports_(ring<ExecReport>(std::max<std::uint64_t>(shape.capacity, 64), kReports)),
        check_({s_->risk, s_->risk_delay.base_ns}) {
    add_parties(shape);
    const auto tape = [&](const char* name, const PrivateRing& r, RingTape::Each each = nullptr) {
      rings.emplace_back(name, r.view(), false, std::move(each));
    };
    tape("feed.features", to_features_);
    tape("feed.risk", to_risk_, [this](std::uint64_t, const MsgHeader& m) {
      check_.market(reinterpret_cast<const MarketEvent&>(m));
    });
    tape("feed.exec", to_exec_);
    tape("features.models", vectors_);
    tape("models.risk", signals_);
    tape("risk.exec", orders_, [this](std::uint64_t n, const MsgHeader& m) {
      check_.command(n, reinterpret_cast<const OrderCommand&>(m));
    });
    const auto report = [this](std::uint64_t, const MsgHeader& m) {
      check_.report(reinterpret_cast<const ExecReport&>(m));
    };
    rings.emplace_back("exec.risk", reports_.view(), true, report);
  }

  std::string wrong(bool ended) override {
    if (!ended) return check_.wrong();
    const TimeNs halted_at = halt_time();
    // Time enough for the time stop, and for exits that do not fill at once.
    const TimeNs last = s_->tape->frames().back().origin_ns;
    const std::int64_t stop_ns = 3 * s_->models.members.front().model.horizon_ns;
    const bool must_be_flat = s_->exec.late == 0 && halted_at < TimeNs::max() &&
                              (last - halted_at).value > stop_ns + 40 * kNsPerMs;
    return check_.at_end(risk_->stage()->core(), exec_->stage()->venue(),
                         {halted_at, must_be_flat});
  }
  void halt() override {
    risk_->journal().memory.view().header()->halt = 1;
  }
  std::uint64_t fills() const override { return check_.fills(); }

 private:
  /// When risk took the halt (max: never); its journal says, for no ring shows it.
  TimeNs halt_time() {
    for (const JournalEntry& e : risk_->journal().tape.all()) {
      if (e.kind == JournalKind::kControl) return e.now;
    }
    return TimeNs::max();
  }

  /// Feed's largest burst fits at least.
  static std::uint64_t market_slots(const WorldShape& shape) {
    return std::max<std::uint64_t>(shape.capacity, FeedStage::kMaxBurst);
  }
  template <class T>
  static RingShape ring(std::uint64_t capacity, std::uint16_t id) {
    return ring_shape<T>(capacity, id, FullPolicy::kWait);
  }
  RunnerSetup base(const WorldShape& shape) const {
    RunnerSetup setup;
    setup.batch_max = shape.batch;
    setup.drain_ns = TimeNs(kNsPerSecond);
    setup.least_response = TimeNs(s_->response_ns);
    setup.checkpoint_lag_max = shape.lag_max;
    return setup;
  }
  template <class S>
  RingParty<S>* add(const char* name, typename S::Config config, RunnerSetup setup,
                    const JournalShape& shape) {
    auto party = std::make_unique<RingParty<S>>(name, std::move(config), std::move(setup), shape);
    RingParty<S>* const raw = party.get();
    parties.push_back(std::move(party));
    return raw;
  }
  void add_parties(const WorldShape& shape) {
    RunnerSetup feed = base(shape);
    feed.outputs = {{to_features_.view(), kToFeatures, s_->feed_delay, 0, nullptr},
                    {to_risk_.view(), kToRisk, s_->feed_delay, 0, nullptr},
                    {to_exec_.view(), kToExec, DelayModel{-s_->feed_latency_ns}, 0, nullptr}};
    parties.push_back(std::make_unique<FeedParty<FeedStage, TapeSource>>(
        "feed", s_->feed, feed, shape.journal, [s = s_, most = shape.frames_max] {
          return std::make_unique<TapeSource>(*s->tape, most);
        }));
    RunnerSetup features = base(shape);
    features.inputs = {{to_features_.view(), kToFeatures}};
    features.outputs = {{vectors_.view(), kVectors, s_->features_delay, 0, nullptr}};
    add<FeaturesStage>("features", s_->features, features, shape.journal);
    RunnerSetup models = base(shape);
    models.inputs = {{vectors_.view(), kVectors}};
    models.outputs = {{signals_.view(), kSignals, s_->models_delay, 0, nullptr}};
    add<ModelsStage>("models", s_->models, models, shape.journal);
    RunnerSetup risk = base(shape);
    risk.inputs = {{to_risk_.view(), kToRisk}, {signals_.view(), kSignals},
                   {reports_.view(), kReports, true, true}};
    risk.outputs = {{orders_.view(), kOrders, s_->risk_delay, 0, nullptr}};
    risk_ = add<RiskStage>("risk", s_->risk, risk, shape.journal);
    RunnerSetup exec = base(shape);
    exec.inputs = {{to_exec_.view(), kToExec}, {orders_.view(), kOrders, true}};
    exec.outputs = {{reports_.view(), kReports, DelayModel{s_->response_ns}, 4'096, nullptr}};
    exec_ = add<FaultyExec>("exec", s_->exec, exec, shape.journal);
  }

  std::shared_ptr<const RealScenario> s_;
  PrivateRing to_features_, to_risk_, to_exec_, vectors_, signals_, orders_, reports_;
  RingParty<RiskStage>* risk_ = nullptr;
  RingParty<FaultyExec>* exec_ = nullptr;
  MoneyCheck check_;
};

}  // namespace

MakeWorld real_world(std::shared_ptr<const RealScenario> scenario) {
  return [scenario = std::move(scenario)](const WorldShape& shape) -> std::unique_ptr<World> {
    return std::make_unique<RealWorld>(scenario, shape);
  };
}

Verdict run_real_seed(std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  const auto scenario = draw_real_scenario(rng);
  WorldShape shape;
  shape.capacity = std::uint64_t{2} << (rng() % 9);
  shape.batch = static_cast<std::uint32_t>(1 + rng() % 64);
  shape.journal = {1'024 + 512 * (rng() % 16), 2 + static_cast<std::uint32_t>(rng() % 4)};
  Faults faults = draw_faults(rng, 250);
  if (rng() % 6 == 0) {
    faults.stop_at = 0;
    faults.halt_at = 60 + rng() % 100;
  }
  if (faults.helper && rng() % 2 == 0) shape.lag_max = 600 + rng() % 400;
  return run_seed(real_world(scenario), shape, faults, rng());
}

}  // namespace pinstripe::sim
