// What a session of toy stages decides with and is connected by: scenario, rings, runners' setups.
#pragma once

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "shm/run/turn.h"
#include "tests/shm/run/toy_stages.h"

namespace pinstripe::toy {

struct Scenario {
  std::vector<Frame> frames;
  std::int64_t order_latency, response_latency, feed_lead, stage_delay, stage_tail;
  unsigned signal_every, reports_per_order;
  bool brackets;
  std::int64_t timer_period;
  std::uint32_t in_flight_max;
  bool echo;
  // How the feed's lead on exec's ring varies: not at all, drawn from a table, by the stamps of the
  // frames. At most `feed_lead` in all of them.
  DelayModel lead;
  bool live = false;          // inputs as they arrive; feed drops what its readers have no room for
  std::int64_t patience = 0;  // feed's, see there
};

// Commands without a first answer stay below capacity less one burst (protocol 5), so risk never
// blocks on the orders ring.
inline constexpr std::uint64_t kOrdersCapacity = 4;
inline constexpr std::uint32_t kInFlightMost = kOrdersCapacity - Risk::kMaxBurst;

// The signals ring holds the decisions of one delay window and of one instant's ties: risk may not
// take a signal before the market of its time, and the feed must reach that time past a full ring.
inline constexpr std::uint64_t kSignalsCapacity = 128;

inline Scenario make_scenario(std::mt19937_64& rng) {
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
  s.echo = rng() % 2 == 0;
  auto aside = rng;  // draws nothing from what the schedules draw from
  switch (s.feed_lead > 0 ? aside() % 3 : 0) {
    case 1: s.lead = DelayModel::of_table({0, -1, -s.feed_lead, -s.feed_lead / 2}, 11, 2); break;
    case 2: s.lead = DelayModel::of_stamps(s.feed_lead / 2, s.feed_lead); break;
    default: s.lead = DelayModel{-s.feed_lead};
  }
  return s;
}

/// The rings of a session, and what each runner is told of them. Not to be copied: setups point to
/// the rings.
struct Wires {
  Wires(const Scenario& s, std::uint64_t capacity, std::uint32_t batch)
      : to_compute(shape<MarketEvent>(capacity, 0)), to_risk(shape<MarketEvent>(capacity, 1)),
        to_exec(shape<MarketEvent>(capacity, 2)), signals(shape<Signal>(kSignalsCapacity, 3)),
        orders(shape<OrderCommand>(std::max<std::uint64_t>(capacity, kOrdersCapacity), 4)),
        reports(shape<ExecReport>(capacity, 5)) {
    auto delay = [&](std::int64_t base, std::uint64_t stream) {
      return DelayModel{base, s.stage_tail > 0 ? 0.2 : 0.0, s.stage_tail, 7, stream};
    };
    feed.outputs = {{to_compute.view(), 0, DelayModel{s.stage_delay}, 0, nullptr},
                    {to_risk.view(), 1, DelayModel{s.stage_delay}, 0, nullptr},
                    {to_exec.view(), 2, s.lead, 0, nullptr}};
    compute.inputs = {{to_compute.view(), 0}};
    compute.outputs = {{signals.view(), 3, delay(s.stage_delay, 3), 0, nullptr}};
    risk.inputs = {{to_risk.view(), 1}, {signals.view(), 3}, {reports.view(), 5, true, true}};
    risk.outputs = {{orders.view(), 4, delay(s.stage_delay, 4), 0, nullptr}};
    exec.inputs = {{to_exec.view(), 2}, {orders.view(), 4, true}};
    exec.outputs = {{reports.view(), 5, DelayModel{s.response_latency}, 512, nullptr}};
    for (RunnerOutput& out : feed.outputs) out.resync = s.live;
    for (RunnerSetup* setup : {&feed, &compute, &risk, &exec}) {
      setup->batch_max = batch;
      setup->drain_ns = TimeNs(1000);
      setup->least_response = TimeNs(s.response_latency);
      setup->live = s.live;
    }
  }
  Wires(const Wires&) = delete;
  Wires& operator=(const Wires&) = delete;

  PrivateRing to_compute, to_risk, to_exec, signals, orders, reports;
  RunnerSetup feed, compute, risk, exec;

 private:
  template <class T>
  static RingShape shape(std::uint64_t capacity, std::uint16_t id) {
    return ring_shape<T>(capacity, id, FullPolicy::kWait);
  }
};

}  // namespace pinstripe::toy
