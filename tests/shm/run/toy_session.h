// A session of toy stages over private rings, stepped in any order by one thread, with or without
// journals; a stage may be dropped between two batches and made anew from its journal.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "shm/ring/stage_page.h"
#include "shm/run/feed_runner.h"
#include "shm/run/journal_scan.h"
#include "shm/run/rejoin.h"
#include "shm/run/runner.h"
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

struct Outcome {
  bool ended = false;
  std::uint64_t orders_digest = 0, reports_digest = 0, signals_digest = 0;
  std::uint64_t orders = 0, reports = 0, risk_state = 0, exec_state = 0;
  bool operator==(const Outcome&) const = default;
};

/// What the carrier of one journal has carried.
class Tape {
 public:
  explicit Tape(const PrivateJournal& journal) : journal_(journal.view()), walk_(journal_) {}

  /// Takes over what is committed; frees the segments that it has left behind.
  void carry() {
    JournalEntry e;
    while (walk_.next(e) == JournalLook::kRecord) {
      bytes_.push_back(std::make_unique<std::vector<std::uint64_t>>(e.payload.size() / 8));
      std::memcpy(bytes_.back()->data(), e.payload.data(), e.payload.size());
      e.payload = std::as_bytes(std::span(*bytes_.back()));
      entries_.push_back(e);
    }
    free_journal_segments(journal_, walk_.at().position / journal_.segment_bytes);
  }
  const std::vector<JournalEntry>& entries() const { return entries_; }

 private:
  JournalView journal_;
  JournalWalk walk_;
  std::vector<std::unique_ptr<std::vector<std::uint64_t>>> bytes_;
  std::vector<JournalEntry> entries_;
};

/// What a helper has made of the first records of a journal; empty: nothing.
struct Checkpoint {
  std::vector<std::byte> state;
  std::size_t records = 0;
};

/// Journal of one stage of a session: memory, the writer of the stage's present life, the tape.
struct Journal {
  explicit Journal(const JournalShape& shape) : memory(shape), tape(memory) { attach(); }
  void attach() { writer.emplace(JournalWriter::attach(memory.memory(), {}).value()); }

  PrivateJournal memory;
  Tape tape;
  std::optional<JournalWriter> writer;
};

/// One stage of a session: what it is made from, and its present life.
template <class S, class R>
struct Desk {
  typename S::Config config;
  RunnerSetup setup;
  std::optional<Journal> journal;
  std::unique_ptr<S> stage;
  std::unique_ptr<R> runner;
};

/// Feed has the index 0, then come computing, risk and exec.
template <class P = LivePolicy, class FrameSource = Source>
class Session {
 public:
  /// `journals`: their size; null for none.
  Session(const Scenario& s, std::uint64_t capacity, std::uint32_t batch,
          const JournalShape* journals = nullptr)
      : frames_(s.frames), to_c_(shape<MarketEvent>(capacity, 0)),
        to_risk_(shape<MarketEvent>(capacity, 1)), to_exec_(shape<MarketEvent>(capacity, 2)),
        signals_(shape<Signal>(kSignalsCapacity, 3)),
        orders_(shape<OrderCommand>(std::max<std::uint64_t>(capacity, kOrdersCapacity), 4)),
        reports_(shape<ExecReport>(capacity, 5)) {
    compute.config = {s.signal_every, s.echo};
    risk.config = {s.brackets, s.timer_period, s.in_flight_max};
    exec.config = {s.order_latency, s.reports_per_order};
    wire(s);
    for_each([&](auto& desk) {
      desk.setup.batch_max = batch;
      desk.setup.drain_ns = TimeNs(1000);
      desk.setup.least_response = TimeNs(s.response_latency);
      if (journals != nullptr) desk.journal.emplace(*journals);
      start(desk);
    });
  }

  std::uint32_t step(unsigned which) {
    const RingConsumer<> reports(reports_.view());
    const TimeNs w = reports.watermark();
    const std::uint64_t k = reports.watermark_k();
    std::uint32_t done = 0;
    at(which, [&](auto& desk) { done = desk.runner->run_batch(); });
    falls_ += reports.watermark() < w && reports.watermark_k() > k ? 1 : 0;
    return done;
  }
  /// How often exec's promise of silence w fell as its k rose (protocol 4).
  std::uint64_t falls() const { return falls_; }
  bool ended() {
    bool all = true;
    for_each([&](auto& desk) { all = all && desk.runner->done(); });
    return all;
  }
  void carry(unsigned which) {
    at(which, [&](auto& desk) { desk.journal->tape.carry(); });
  }
  /// Drops stage and runner and makes them anew, with nothing but the rings and the journal, and
  /// the checkpoint if there is one.
  void restart(unsigned which, const Checkpoint& from = {}) {
    at(which, [&](auto& desk) {
      desk.runner.reset();
      desk.journal->attach();
      desk.journal->tape.carry();
      start(desk);
      rejoin(desk, from);
    });
  }
  Outcome outcome() {
    Outcome o;
    o.ended = ended();
    o.orders_digest = risk.runner->ports()[0].digest();
    o.reports_digest = exec.runner->ports()[0].digest();
    o.signals_digest = compute.runner->ports()[0].digest();
    o.orders = risk.runner->ports()[0].count();
    o.reports = exec.runner->ports()[0].count();
    o.risk_state = risk.stage->state_hash();
    o.exec_state = exec.stage->state_hash();
    return o;
  }
  /// Outputs that a successor said otherwise than its rings hold.
  int faults = 0;

  using FeedR = FeedRunner<Feed, FrameSource, P>;
  Desk<Feed, FeedR> feed;
  Desk<Compute, Runner<Compute, P>> compute;
  Desk<Risk, Runner<Risk, P>> risk;
  Desk<Exec, Runner<Exec, P>> exec;

  template <class F>
  void for_each(F&& f) {
    f(feed);
    f(compute);
    f(risk);
    f(exec);
  }
  template <class F>
  void at(unsigned which, F&& f) {
    switch (which) {
      case 0: f(feed); return;
      case 1: f(compute); return;
      case 2: f(risk); return;
      default: f(exec); return;
    }
  }
 private:
  void wire(const Scenario& s) {
    auto delay = [&](std::int64_t base, std::uint64_t stream) {
      return DelayModel{base, s.stage_tail > 0 ? 0.2 : 0.0, s.stage_tail, 7, stream};
    };
    feed.setup.outputs = {{to_c_.view(), 0, DelayModel{s.stage_delay}, 0, nullptr},
                          {to_risk_.view(), 1, DelayModel{s.stage_delay}, 0, nullptr},
                          {to_exec_.view(), 2, s.lead, 0, nullptr}};
    compute.setup.inputs = {{to_c_.view(), 0}};
    compute.setup.outputs = {{signals_.view(), 3, delay(s.stage_delay, 3), 0, nullptr}};
    risk.setup.inputs = {{to_risk_.view(), 1}, {signals_.view(), 3},
                         {reports_.view(), 5, true, true}};
    risk.setup.outputs = {{orders_.view(), 4, delay(s.stage_delay, 4), 0, nullptr}};
    exec.setup.inputs = {{to_exec_.view(), 2}, {orders_.view(), 4, true}};
    exec.setup.outputs = {{reports_.view(), 5, DelayModel{s.response_latency}, 512, nullptr}};
  }
  template <class D>
  void start(D& desk) {
    desk.setup.journal = desk.journal ? &*desk.journal->writer : nullptr;
    using S = std::remove_reference_t<decltype(*desk.stage)>;
    desk.stage = std::make_unique<S>(desk.config);
    if constexpr (std::is_same_v<S, Feed>) {
      source_ = std::make_unique<FrameSource>(frames_);
      desk.runner = std::make_unique<FeedR>(*desk.stage, *source_, desk.setup, probe_, 0.0);
    } else {
      desk.runner = std::make_unique<Runner<S, P>>(*desk.stage, desk.setup, probe_);
    }
  }
  /// The bare bones of a rejoin: load, act, compare, go on.
  template <class D>
  void rejoin(D& desk, const Checkpoint& from) {
    auto& runner = *desk.runner;
    if (!from.state.empty()) {
      StateReader r(from.state);
      faults += !runner.load(r) || r.failed() || !r.exhausted();
    }
    const auto& entries = desk.journal->tape.entries();
    std::size_t i = from.records;
    const std::uint64_t last = entries.empty() ? 0 : entries.back().number;
    const RejoinReport report = pinstripe::rejoin(runner, last, [&](JournalEntry& e) {
      if (i == entries.size()) return RejoinNext::kEnd;
      e = entries[i++];
      return RejoinNext::kRecord;
    });
    faults += report.end != RejoinEnd::kDone;
    if (report.end != RejoinEnd::kDone) {
      ADD_FAILURE() << (is_feed(desk) ? "feed " : "") << rejoin_text(
          report, [](std::size_t p) { return "output " + std::to_string(p); },
          [](std::size_t p) { return "input " + std::to_string(p); });
    }
    if constexpr (requires { source_->read_frame({}); }) {
      if (is_feed(desk)) source_->skip_to(kept_frames(desk.journal->tape));
    }
  }
  template <class D>
  static constexpr bool is_feed(const D&) {
    return std::is_same_v<D, Desk<Feed, FeedR>>;
  }
  static std::uint64_t kept_frames(const Tape& tape) {
    std::uint64_t kept = 0;
    for (const JournalEntry& e : tape.entries()) kept += e.kind == JournalKind::kFrame;
    return kept;
  }
  template <class T>
  static RingShape shape(std::uint64_t capacity, std::uint16_t id) {
    return ring_shape<T>(capacity, id, FullPolicy::kWait);
  }

  std::vector<Frame> frames_;
  PrivateRing to_c_, to_risk_, to_exec_, signals_, orders_, reports_;
  std::unique_ptr<FrameSource> source_;
  std::uint64_t falls_ = 0;
  std::unique_ptr<StagePage> page_ = std::make_unique<StagePage>();
  Probe probe_{*page_, SessionClock(), 0, 0};
};

}  // namespace pinstripe::toy
