// One toy stage replayed from its journal, over private rings that are drained after each turn.
#pragma once

#include <bit>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "shm/ring/ring.h"
#include "shm/ring/stage_page.h"
#include "shm/run/runner.h"
#include "tests/shm/run/toy_feed.h"
#include "tests/shm/run/toy_wires.h"
#include "tests/support/journal_tape.h"

namespace pinstripe::toy {

template <class Out>
using Outputs = std::vector<std::vector<Out>>;  // by port

/// Equal but for the slot word and the measurement stamps.
template <class Out>
bool same_message(const Out& a, const Out& b) {
  const auto* x = reinterpret_cast<const std::byte*>(&a);
  const auto* y = reinterpret_cast<const std::byte*>(&b);
  return std::memcmp(x + 8, y + 8, 32) == 0 &&
         std::memcmp(x + sizeof(MsgHeader), y + sizeof(MsgHeader),
                     sizeof(Out) - sizeof(MsgHeader)) == 0;
}

/// `R` is a runner of `S` without measurement. A feed brings its source.
template <class S, class R, class Source = int>
class Replica {
 public:
  using Out = typename S::Out;

  template <class D>
  explicit Replica(const D& desk, Source* source = nullptr)
      : setup_(desk.setup), outputs(S::kPorts) {
    setup_.journal = nullptr;
    setup_.digest_all = true;
    setup_.orders_capacity = desk.setup.outputs[0].ring.capacity;
    for (RunnerInput& in : setup_.inputs) {
      RingShape shape{1, in.ring.message_bytes, in.ring.layout_hash, in.ring.ring_id, "toy"};
      in.ring = rings_.emplace_back(std::make_unique<PrivateRing>(shape))->view();
    }
    for (RunnerOutput& out : setup_.outputs) {
      const auto capacity = std::bit_ceil(std::uint64_t{2} * S::kMaxBurst);
      const auto shape = ring_shape<Out>(capacity, out.ring_id, FullPolicy::kWait);
      out.ring = rings_.emplace_back(std::make_unique<PrivateRing>(shape))->view();
      drains_.emplace_back(out.ring);
    }
    stage = std::make_unique<S>(desk.config);
    if constexpr (std::is_same_v<Source, int>) {
      runner = std::make_unique<R>(*stage, setup_, probe_);
    } else {
      runner = make_feed_runner<R>(*stage, *source, setup_, probe_);
    }
  }

  /// Continued turns that come before `e`.
  void settle_before(const JournalEntry& e) {
    while (runner->owes_before(e) && runner->settle()) drain();
  }
  void act(const JournalEntry& e) {
    if (e.kind == JournalKind::kSegmentEnd) return;  // it may lie in the midst of a turn's outputs
    settle_before(e);
    runner->act(e);
    drain();
    if (e.kind == JournalKind::kDigest || e.kind == JournalKind::kEnd) {
      differences += runner->differing_port(e) ? 1 : 0;
    }
  }
  std::vector<std::byte> save() const {
    StateWriter size;
    runner->save(size);
    std::vector<std::byte> state(size.size());
    StateWriter w(state);
    runner->save(w);
    return state;
  }
  bool load(const std::vector<std::byte>& state) {
    StateReader r(state);
    const bool loaded = runner->load(r).has_value() && !r.failed() && r.exhausted();
    for (std::size_t i = 0; i < drains_.size(); ++i) first.push_back(runner->ports()[i].count());
    return loaded;
  }
  void drain() {
    for (std::size_t i = 0; i < drains_.size(); ++i) {
      while (const MsgHeader* head = drains_[i].peek()) {
        outputs[i].push_back(*reinterpret_cast<const Out*>(head));
        drains_[i].advance();
      }
      drains_[i].release();
    }
  }

 private:
  RunnerSetup setup_;
  std::vector<std::unique_ptr<PrivateRing>> rings_;
  std::vector<RingConsumer<>> drains_;
  std::unique_ptr<StagePage> page_ = std::make_unique<StagePage>();
  Probe probe_{*page_, SessionClock(), 0, 0};

 public:
  std::unique_ptr<S> stage;
  std::unique_ptr<R> runner;
  Outputs<Out> outputs;
  std::vector<std::uint64_t> first;  // outputs before the state that was loaded
  int differences = 0;               // stated digests that did not hold
};

template <class S>
using RingReplica = Replica<S, Runner<S, BacktestPolicy>>;
template <class FrameSource>
using FeedReplica = Replica<Feed, FeedRunnerOf<Feed, FrameSource, BacktestPolicy>, FrameSource>;

/// What the checkpoint helper would have made of the first `records` of a stage's journal (feed's
/// source: frames). Empty where something goes on there, or where a ring does not show all outputs
/// yet: such a checkpoint is not valid.
template <class Rep, class D>
Checkpoint valid_checkpoint(const Rep& replica, const D& desk, std::size_t records) {
  if (replica.stage->more()) return {};
  for (std::size_t i = 0; i < replica.runner->ports().size(); ++i) {
    if (replica.runner->ports()[i].count() > ring_published(desk.setup.outputs[i].ring)) return {};
  }
  return {replica.save(), records};
}
template <class S, class D>
Checkpoint checkpoint_of(const D& desk, std::size_t records) {
  RingReplica<S> replica(desk);
  const auto& entries = desk.journal->tape.entries();
  for (std::size_t i = 0; i < records; ++i) replica.act(entries[i]);
  if (records < entries.size()) replica.settle_before(entries[records]);
  return valid_checkpoint(replica, desk, records);
}
template <class FrameSource, class D>
Checkpoint feed_checkpoint_of(const D& desk, const std::vector<Frame>& frames,
                              std::size_t records) {
  FrameSource source(frames);
  FeedReplica<FrameSource> replica(desk, &source);
  const auto& entries = desk.journal->tape.entries();
  for (std::size_t i = 0; i < records; ++i) replica.act(entries[i]);
  return valid_checkpoint(replica, desk, records);
}

/// Of a record drawn at random; empty as often as not.
template <class Session>
Checkpoint some_checkpoint(Session& s, const Scenario& scenario, unsigned which,
                           std::mt19937_64& rng) {
  s.carry(which);
  const std::uint64_t draw = rng();
  if (draw % 2 == 0) return {};
  const auto of = [&](const auto& desk) {
    return draw / 2 % (desk.journal->tape.entries().size() + 1);
  };
  switch (which) {
    case 0:
      return feed_checkpoint_of<typename Session::Frames>(s.feed, scenario.frames, of(s.feed));
    case 1: return checkpoint_of<Compute>(s.compute, of(s.compute));
    case 2: return checkpoint_of<Risk>(s.risk, of(s.risk));
    default: return checkpoint_of<Exec>(s.exec, of(s.exec));
  }
}

}  // namespace pinstripe::toy
