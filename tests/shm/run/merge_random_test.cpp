// Random schedules over the real runner and ring classes with small toy stages: rings as small as
// one burst, latencies from 0, ties. Every schedule must end and give one digest (protocol 4).
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/msg/signal.h"
#include "shm/ring/ring.h"
#include "shm/run/feed_runner.h"
#include "tests/shm/run/toy_stages.h"

namespace pinstripe {
namespace {

struct Scenario {
  std::vector<toy::Frame> frames;
  std::int64_t order_latency, response_latency, feed_lead, stage_delay, stage_tail;
  unsigned signal_every, reports_per_order;
  bool brackets;
  std::int64_t timer_period;
  std::uint32_t in_flight_max;
};

// Commands without a first answer stay below capacity less one burst (protocol 5), so risk never
// blocks on the orders ring.
constexpr std::uint64_t kOrdersCapacity = 4;
constexpr std::uint32_t kInFlightMost = kOrdersCapacity - toy::Risk::kMaxBurst;

// The signals ring holds the decisions of one delay window and of one instant's ties: risk may not
// take a signal before the market of its time, and the feed must reach that time past a full ring.
constexpr std::uint64_t kSignalsCapacity = 64;

Scenario make_scenario(std::mt19937_64& rng) {
  auto pick = [&](auto... v) {
    const std::vector<std::int64_t> all{v...};
    return all[rng() % all.size()];
  };
  Scenario s;
  TimeNs t(pick(0, 1'700'000'000'000'000'000));
  const int gaps_kind = static_cast<int>(rng() % 4);
  static const std::vector<std::vector<std::int64_t>> gaps{
      {0, 1, 1, 2, 5}, {0, 0, 0, 1}, {1, 100}, {0, 3}};
  for (std::uint64_t i = 0; i < 60; ++i) {
    const auto& g = gaps[static_cast<std::size_t>(gaps_kind)];
    t += TimeNs(g[rng() % g.size()]);
    s.frames.push_back({t, 0, i});
  }
  const std::vector<std::pair<std::int64_t, std::int64_t>> latencies{{0, 0}, {0, 3}, {3, 0},
                                                                     {5, 5}, {1, 50}, {50, 1}};
  std::tie(s.order_latency, s.response_latency) = latencies[rng() % latencies.size()];
  s.feed_lead = pick(0, 0, 2, 7);
  s.stage_delay = pick(0, 0, 1, 4);
  s.stage_tail = pick(0, 0, 3);
  // The condition under which rings of one burst cannot deadlock; `check` enforces it on configs.
  s.response_latency = std::max(s.response_latency, s.feed_lead + s.stage_delay);
  s.signal_every = static_cast<unsigned>(pick(1, 2, 3, 7));
  s.reports_per_order = static_cast<unsigned>(pick(1, 2, 3, 4));
  s.brackets = rng() % 2 == 0;
  s.timer_period = pick(0, 3, 10);
  s.in_flight_max = 1 + static_cast<std::uint32_t>(rng() % kInFlightMost);
  return s;
}

struct Outcome {
  bool ended = false;
  std::uint64_t orders_digest = 0, reports_digest = 0, signals_digest = 0;
  std::uint64_t orders = 0, reports = 0, risk_state = 0, exec_state = 0;
  bool operator==(const Outcome&) const = default;
};

/// Rings, stages and runners of one toy session; stepped in any order.
class ToySession {
 public:
  ToySession(const Scenario& s, std::uint64_t capacity, std::uint32_t batch)
      : scenario_(s),
        to_c_(shape<MarketEvent>(capacity, 0)), to_risk_(shape<MarketEvent>(capacity, 1)),
        to_exec_(shape<MarketEvent>(capacity, 2)), signals_(shape<Signal>(kSignalsCapacity, 3)),
        orders_(shape<OrderCommand>(std::max<std::uint64_t>(capacity, kOrdersCapacity), 4)),
        reports_(shape<ExecReport>(capacity, 5)),
        c_({s.signal_every}), risk_({s.brackets, s.timer_period, s.in_flight_max}),
        exec_({s.order_latency, s.reports_per_order}), source_(s.frames) {
    const TimeNs lr(s.response_latency);
    auto delay = [&](std::int64_t base, std::uint64_t stream) {
      return DelayModel{base, s.stage_tail > 0 ? 0.2 : 0.0, s.stage_tail, 7, stream};
    };
    feed_setup_.outputs = {{to_c_.view(), 0, DelayModel{s.stage_delay}, 0, nullptr},
                           {to_risk_.view(), 1, DelayModel{s.stage_delay}, 0, nullptr},
                           {to_exec_.view(), 2, DelayModel{-s.feed_lead}, 0, nullptr}};
    c_setup_.inputs = {{to_c_.view(), 0}};
    c_setup_.outputs = {{signals_.view(), 3, delay(s.stage_delay, 3), 0, nullptr}};
    risk_setup_.inputs = {{to_risk_.view(), 1}, {signals_.view(), 3},
                          {reports_.view(), 5, true, true}};
    risk_setup_.outputs = {{orders_.view(), 4, delay(s.stage_delay, 4), 0, nullptr}};
    exec_setup_.inputs = {{to_exec_.view(), 2}, {orders_.view(), 4, true}};
    exec_setup_.outputs = {{reports_.view(), 5, DelayModel{s.response_latency}, 512, nullptr}};
    for (RunnerSetup* r : {&feed_setup_, &c_setup_, &risk_setup_, &exec_setup_}) {
      r->batch_max = batch;
      r->drain_ns = TimeNs(1000);
      r->least_response = lr;
    }
    feed_ = std::make_unique<FeedRunner<toy::Feed, toy::Source>>(feed_stage_, source_, feed_setup_,
                                                                probe_, 0.0);
    c_runner_ = std::make_unique<Runner<toy::Compute>>(c_, c_setup_, probe_);
    risk_runner_ = std::make_unique<Runner<toy::Risk>>(risk_, risk_setup_, probe_);
    exec_runner_ = std::make_unique<Runner<toy::Exec>>(exec_, exec_setup_, probe_);
  }

  std::uint32_t step(unsigned which) {
    switch (which) {
      case 0: return feed_->run_batch();
      case 1: return c_runner_->run_batch();
      case 2: return risk_runner_->run_batch();
      default: return step_exec();
    }
  }
  /// How often exec's promise of silence w fell as its k rose (protocol 4).
  std::uint64_t falls() const { return falls_; }
  bool ended() const {
    return feed_->done() && c_runner_->done() && risk_runner_->done() && exec_runner_->done();
  }
  Outcome outcome() {
    Outcome o;
    o.ended = ended();
    o.orders_digest = risk_runner_->ports()[0].digest();
    o.reports_digest = exec_runner_->ports()[0].digest();
    o.signals_digest = c_runner_->ports()[0].digest();
    o.orders = risk_runner_->ports()[0].count();
    o.reports = exec_runner_->ports()[0].count();
    o.risk_state = risk_.state_hash();
    o.exec_state = exec_.state_hash();
    return o;
  }

 private:
  std::uint32_t step_exec() {
    const RingConsumer<> reports(reports_.view());
    const TimeNs w = reports.watermark();
    const std::uint64_t k = reports.watermark_k();
    const std::uint32_t moved = exec_runner_->run_batch();
    falls_ += reports.watermark() < w && reports.watermark_k() > k ? 1 : 0;
    return moved;
  }
  template <class T>
  static RingShape shape(std::uint64_t capacity, std::uint16_t id) {
    return ring_shape<T>(capacity, id, FullPolicy::kWait);
  }
  Scenario scenario_;
  PrivateRing to_c_, to_risk_, to_exec_, signals_, orders_, reports_;
  toy::Feed feed_stage_{toy::Feed::Config{}};
  toy::Compute c_;
  toy::Risk risk_;
  toy::Exec exec_;
  toy::Source source_;
  std::unique_ptr<StagePage> page_ = std::make_unique<StagePage>();
  Probe probe_{*page_, SessionClock(), 0, 0};
  RunnerSetup feed_setup_, c_setup_, risk_setup_, exec_setup_;
  std::unique_ptr<FeedRunner<toy::Feed, toy::Source>> feed_;
  std::unique_ptr<Runner<toy::Compute>> c_runner_;
  std::unique_ptr<Runner<toy::Risk>> risk_runner_;
  std::unique_ptr<Runner<toy::Exec>> exec_runner_;
  std::uint64_t falls_ = 0;
};

/// Runs to the end, or until nobody has made progress for long. `falls`: see ToySession.
Outcome run(const Scenario& s, std::uint64_t capacity, std::uint32_t batch, std::mt19937_64* rng,
            std::uint64_t* falls = nullptr) {
  ToySession sut(s, capacity, batch);
  int idle = 0;
  for (int steps = 0; steps < 200'000 && !sut.ended() && idle < 400; ++steps) {
    const unsigned which = rng != nullptr ? static_cast<unsigned>((*rng)() % 4)
                                          : static_cast<unsigned>(steps % 4);
    const unsigned times = rng != nullptr ? 1 + static_cast<unsigned>((*rng)() % 5) : 1;
    for (unsigned i = 0; i < times; ++i) idle = sut.step(which) > 0 ? 0 : idle + 1;
  }
  if (falls != nullptr) *falls = sut.falls();
  return sut.outcome();
}

TEST(MergeRandomSchedules, every_schedule_ends_with_the_digest_of_the_quiet_run) {
  std::uint64_t runs = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    std::mt19937_64 rng(seed);
    const Scenario s = make_scenario(rng);
    const Outcome reference = run(s, 256, 64, nullptr);
    ASSERT_TRUE(reference.ended) << "quiet run of seed " << seed << " did not end";
    ASSERT_GT(reference.reports, 0u) << "seed " << seed << " is no test: nothing was decided";
    for (int k = 0; k < 6; ++k) {
      const std::uint64_t capacity = std::uint64_t{2} << (rng() % 3);
      const auto batch = static_cast<std::uint32_t>(1 + rng() % 8);
      const Outcome got = run(s, capacity, batch, &rng);
      ASSERT_TRUE(got.ended) << "seed " << seed << " schedule " << k << " never ended";
      ASSERT_TRUE(got == reference)
          << "seed " << seed << " schedule " << k << " decided differently";
      ++runs;
    }
  }
  RecordProperty("schedules", static_cast<int>(runs));
}

// An order that rests makes exec take back its promise of silence: w falls from the end of time to
// the market's, as k rises. A risk that went on trusting the old w would take the market before the
// answer, and decide differently.
TEST(MergeRandomSchedules, a_promise_of_silence_taken_back_changes_no_decision) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 rng(seed);
    Scenario s = make_scenario(rng);
    s.order_latency = static_cast<std::int64_t>(rng() % 60);
    s.response_latency = std::max<std::int64_t>(s.response_latency, 10);
    s.reports_per_order = 2 + static_cast<unsigned>(rng() % 3);  // the first answer leaves it open
    const Outcome reference = run(s, 256, 64, nullptr);
    for (int k = 0; k < 4; ++k) {
      std::uint64_t falls = 0;
      const std::uint64_t capacity = std::uint64_t{2} << (rng() % 3);
      const Outcome got = run(s, capacity, static_cast<std::uint32_t>(1 + rng() % 2), &rng, &falls);
      ASSERT_TRUE(got == reference) << "seed " << seed << " schedule " << k;
      ASSERT_GT(falls, 0U) << "seed " << seed << " schedule " << k << " is no test of it";
    }
  }
}

TEST(MergeRandomSchedules, a_session_without_any_event_ends) {
  std::mt19937_64 rng(1);
  Scenario s = make_scenario(rng);
  s.frames.clear();
  EXPECT_TRUE(run(s, 2, 1, &rng).ended);
}

}  // namespace
}  // namespace pinstripe
