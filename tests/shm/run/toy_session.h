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
#include "shm/run/rejoin.h"
#include "shm/run/runner.h"
#include "tests/shm/run/toy_feed.h"
#include "tests/shm/run/toy_wires.h"
#include "tests/support/journal_tape.h"

namespace pinstripe::toy {

struct Outcome {
  bool ended = false;
  std::uint64_t orders_digest = 0, reports_digest = 0, signals_digest = 0;
  std::uint64_t orders = 0, reports = 0, risk_state = 0, exec_state = 0;
  bool operator==(const Outcome&) const = default;
};

/// One stage of a session: what it is made from, and its present life.
template <class S, class R>
struct Desk {
  typename S::Config config;
  RunnerSetup setup;
  std::optional<StageJournal> journal;
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
      : frames_(s.frames), wires_(s, capacity, batch) {
    feed.config = {s.patience};
    compute.config = {s.signal_every, s.echo};
    risk.config = {s.brackets, s.timer_period, s.in_flight_max};
    exec.config = {s.order_latency, s.reports_per_order};
    feed.setup = wires_.feed;
    compute.setup = wires_.compute;
    risk.setup = wires_.risk;
    exec.setup = wires_.exec;
    for_each([&](auto& desk) {
      if (journals != nullptr) desk.journal.emplace(*journals);
      start(desk);
    });
  }

  std::uint32_t step(unsigned which) {
    const RingConsumer<> reports(wires_.reports.view());
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
  /// A live source: frames that come while nobody reads them, each time that feed is made anew.
  std::uint64_t missed_frames = 0;

  using Frames = FrameSource;
  using FeedR = FeedRunnerOf<Feed, FrameSource, P>;
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
  template <class D>
  void start(D& desk) {
    desk.setup.journal = desk.journal ? &*desk.journal->writer : nullptr;
    using S = std::remove_reference_t<decltype(*desk.stage)>;
    desk.stage = std::make_unique<S>(desk.config);
    if constexpr (std::is_same_v<S, Feed>) {
      source_ = std::make_unique<FrameSource>(frames_);
      desk.runner = make_feed_runner<FeedR>(*desk.stage, *source_, desk.setup, probe_);
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
      if (!is_feed(desk)) return;
      // Who has not worked yet misses nothing.
      const std::uint64_t kept = kept_frames(desk.journal->tape);
      source_->skip_to(kept == 0 ? 0 : kept + missed_frames);
    }
  }
  template <class D>
  static constexpr bool is_feed(const D&) {
    return std::is_same_v<D, Desk<Feed, FeedR>>;
  }
  /// Up to the newest frame in the journal.
  static std::uint64_t kept_frames(const Tape& tape) {
    std::uint64_t kept = 0;
    for (const JournalEntry& e : tape.entries()) {
      Frame frame;
      if (e.kind != JournalKind::kFrame) continue;
      std::memcpy(&frame, e.payload.data(), sizeof(frame));
      kept = frame.number + 1;
    }
    return kept;
  }
  std::vector<Frame> frames_;
  Wires wires_;
  std::unique_ptr<FrameSource> source_;
  std::uint64_t falls_ = 0;
  std::unique_ptr<StagePage> page_ = std::make_unique<StagePage>();
  Probe probe_{*page_, SessionClock(), 0, 0};
};

}  // namespace pinstripe::toy
