// What the replicas of feed and of the other stages share: a stage, its runner without
// measurement, and the rings between which it stands.
#pragma once

#include <utility>

#include "shm/run/policy.h"
#include "shm/run/probe.h"
#include "tools/replay/replica_rings.h"

namespace pinstripe {

/// `R` is a runner of `S`; `more` are what its constructor takes besides (feed: the source).
template <class S, class R>
class ReplicaBase : public Replica {
 public:
  template <class MakeRunner>
  ReplicaBase(const typename S::Config& config, ReplicaRings rings, MakeRunner&& make_runner)
      : rings_(std::move(rings)), probe_(rings_.page(), SessionClock{}, 0, 0), stage_(config),
        runner_(make_runner(stage_, rings_.setup(), probe_)) {}

  Result<void> load(std::span<const std::byte> state) override {
    StateReader r(state);
    if (auto loaded = runner_->load(r); !loaded) return loaded;
    if (r.failed() || !r.exhausted()) {
      return fail("the state is of another length than this stage's");
    }
    for (std::size_t i = 0; i < ports(); ++i) rings_.go_on(i, port(i).count);
    return {};
  }
  void act(const JournalEntry& e) override {
    runner_->act(e);
    drain();
  }
  void settle() override {
    while (runner_->busy() && runner_->settle()) drain();
  }
  Result<void> read_to(TimeNs) override { return {}; }
  bool at_boundary() const override { return !runner_->busy(); }
  std::optional<std::size_t> differing_port(const JournalEntry& e) const override {
    return runner_->differing_port(e);
  }
  std::uint64_t state_hash() const override { return stage_.state_hash(); }
  std::vector<std::byte> save() const override {
    StateWriter size;
    runner_->save(size);
    std::vector<std::byte> state(size.size());
    StateWriter w(state);
    runner_->save(w);
    return state;
  }
  std::size_t ports() const override { return S::kPorts; }
  JournalPort port(std::size_t i) const override {
    const auto& p = runner_->ports()[i];
    return {p.count(), p.journal_digest()};
  }
  std::uint16_t ring_id(std::size_t port) const override {
    return rings_.setup().outputs[port].ring_id;
  }
  std::uint64_t frames() const override { return 0; }

 protected:
  void drain() { rings_.drain(on_output); }
  /// Turns of earlier records that `e` finds done.
  void settle_turns(const JournalEntry& e) {
    while (runner_->owes_before(e) && runner_->settle()) drain();
  }

  ReplicaRings rings_;
  Probe probe_;
  S stage_;
  std::unique_ptr<R> runner_;
};

}  // namespace pinstripe
