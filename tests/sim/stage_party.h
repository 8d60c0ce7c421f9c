// Parties over the real runner classes: stages that read rings, and feeds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "shm/run/feed_runner.h"
#include "shm/run/runner.h"
#include "tests/shm/run/toy_replica.h"
#include "tests/sim/party.h"

namespace pinstripe::sim {

/// Nothing is measured; runners want one.
inline Probe& no_probe() {
  static const std::unique_ptr<StagePage> page = std::make_unique<StagePage>();
  static Probe probe(*page, SessionClock(), 0, 0);
  return probe;
}

/// What all stages have in common. `R` is the runner of `S`.
template <class S, class R>
class StageParty : public Party {
 public:
  StageParty(std::string name, typename S::Config stage_config, RunnerSetup runner_setup,
             const JournalShape& shape)
      : Party(std::move(name), shape), config(std::move(stage_config)),
        setup(std::move(runner_setup)) {}

  bool alive() const override { return runner_ != nullptr; }
  bool done() const override { return alive() && runner_->done(); }
  std::uint64_t state_hash() const override { return stage_->state_hash(); }
  std::uint64_t published(std::size_t port) const override {
    return ring_published(setup.outputs[port].ring);
  }
  void rejoin(const Checkpoint* from) override {
    entries_ = journal().tape.all();
    if (from != nullptr) {
      StateReader r(from->state);
      if (!runner_->load(r) || r.failed() || !r.exhausted()) note_fault("a checkpoint does not load");
    }
    runner_->catch_up();
    for (std::size_t i = begin_at(from); i < entries_.size(); ++i) {
      const JournalEntry& e = entries_[i];
      while (runner_->owes_before(e) && runner_->settle()) continue;
      if (i + 1 == entries_.size()) check_last(false);
      runner_->act(e);
      if (e.kind == JournalKind::kDigest) check_digest(e);
    }
    finish_rejoin();
  }

  typename S::Config config;
  RunnerSetup setup;

 protected:
  virtual std::size_t begin_at(const Checkpoint* from) const {
    return from != nullptr ? from->records : 0;
  }
  virtual void finish_rejoin() {
    check_last(true);
    for (const auto& port : runner_->ports()) {
      if (port.fault() == nullptr) continue;
      note_fault("output " + std::to_string(port.fault()->number) +
                 " differs from the ring's at byte " + std::to_string(port.fault()->offset));
    }
  }
  void check_digest(const JournalEntry& e) {
    if (this->is_feed()) return;  // feeds state theirs between frames, which no record shows
    if (runner_->differing_port(e)) {
      note_fault("record " + std::to_string(e.number) + " states another digest");
    }
  }
  /// T(J-1) <= P for every output but a queued one, and P <= T(J) where nothing goes on.
  void check_last(bool acted) {
    if (this->is_feed()) return;
    for (std::size_t i = 0; i < runner_->ports().size(); ++i) {
      const std::uint64_t count = runner_->ports()[i].count();
      const std::uint64_t there = published(i);
      if (!acted && setup.outputs[i].queue_capacity == 0 && count > there) {
        note_fault("diverged: " + std::to_string(count) + " outputs before the last record, " +
                   std::to_string(there) + " in the ring");
      }
      if (acted && !stage_->more() && there > count) {
        note_fault("journal behind ring: " + std::to_string(count) + " outputs, " +
                   std::to_string(there) + " in the ring");
      }
    }
  }
  /// A candidate from what `replica` has come to, `records` being what it covers.
  template <class Replica>
  void propose(const Replica& replica, std::size_t records) {
    if (replica.stage->more()) return;
    Candidate made{{replica.save(), records}, {}};
    for (const auto& port : replica.runner->ports()) made.outputs.push_back(port.count());
    candidate_ = std::move(made);
  }

  std::unique_ptr<S> stage_;
  std::unique_ptr<R> runner_;
  std::vector<JournalEntry> entries_;
};

/// A stage that reads rings.
template <class S>
class RingParty : public StageParty<S, Runner<S, SimPolicy>> {
 public:
  using Base = StageParty<S, Runner<S, SimPolicy>>;
  using Base::Base;

  void start() override {
    this->attach();
    this->setup.journal = &*this->journal().writer;
    this->stage_ = std::make_unique<S>(this->config);
    this->runner_ = std::make_unique<Runner<S, SimPolicy>>(*this->stage_, this->setup, no_probe());
  }
  void die() override {
    this->runner_.reset();
    this->stage_.reset();
  }
  std::uint32_t turn() override {
    fuse.running = {&*this->journal().writer, &this->runner_->merge().inputs()};
    return this->runner_->run_batch();
  }
  void follow(std::size_t records) override {
    if (this->candidate_) return;
    const auto& entries = this->journal().tape.entries();
    if (!replica_) replica_ = std::make_unique<toy::RingReplica<S>>(*this);
    const std::size_t end = std::min(entries.size(), followed_ + records);
    for (; followed_ < end; ++followed_) {
      replica_->settle_before(entries[followed_]);
      // What the last record begins may go on: then a place before it will do.
      if (followed_ + 4 >= end) this->propose(*replica_, followed_);
      replica_->act(entries[followed_]);
    }
    if (followed_ < entries.size()) replica_->settle_before(entries[followed_]);
    this->propose(*replica_, followed_);
  }

 private:
  void finish_rejoin() override {
    for (MergeInput& in : this->runner_->merge().inputs()) {
      if (in.ring.released() > in.ring.taken()) {
        this->note_fault("journal behind ring: input " + std::to_string(in.ring_id) +
                         " was released to " + std::to_string(in.ring.released()) +
                         ", the journal knows of " + std::to_string(in.ring.taken()));
      }
    }
    Base::finish_rejoin();
    if (fuse.mutant == Mutant::kResumeAtLast) take_last_again();
    if constexpr (Runner<S, SimPolicy>::kIsExec) {
      if (fuse.mutant == Mutant::kSilenceAtRejoin) this->runner_->start_fresh();
    }
    for (MergeInput& in : this->runner_->merge().inputs()) in.ring.release();
  }
  void take_last_again() {
    if (this->entries_.empty() || this->entries_.back().kind != JournalKind::kMessage) return;
    const JournalEntry& last = this->entries_.back();
    this->runner_->merge().inputs()[last.input].ring.resume_at(last.message_number());
  }

  std::unique_ptr<toy::RingReplica<S>> replica_;
  std::size_t followed_ = 0;
};

/// A feed over a source of frames, made anew with each life.
template <class S, class Source>
class FeedParty : public StageParty<S, FeedRunner<S, Source, SimPolicy>> {
 public:
  using Base = StageParty<S, FeedRunner<S, Source, SimPolicy>>;
  using MakeSource = std::function<std::unique_ptr<Source>()>;
  static constexpr bool kKeepsFrames = FeedRunner<S, Source, SimPolicy>::kKeepsFrames;

  FeedParty(std::string name, typename S::Config stage_config, RunnerSetup runner_setup,
            const JournalShape& shape, MakeSource make_source)
      : Base(std::move(name), std::move(stage_config), std::move(runner_setup), shape),
        make_source_(std::move(make_source)) {}

  bool is_feed() const override { return true; }
  std::uint64_t frames() const override { return this->alive() ? this->runner_->frames() : 0; }
  void stop() override {
    stopped_ = true;
    if (this->alive()) this->runner_->stop();
  }
  void start() override {
    this->attach();
    this->setup.journal = &*this->journal().writer;
    this->stage_ = std::make_unique<S>(this->config);
    source_ = make_source_();
    this->runner_ = std::make_unique<FeedRunner<S, Source, SimPolicy>>(
        *this->stage_, *source_, this->setup, no_probe(), 0.0);
  }
  void die() override {
    this->runner_.reset();
    this->stage_.reset();
    source_.reset();
  }
  std::uint32_t turn() override {
    fuse.running = {&*this->journal().writer, nullptr};
    return this->runner_->run_batch();
  }
  void follow(std::size_t frames) override {
    if (this->candidate_) return;
    // Not further than feed may go without the checkpoint.
    const std::uint64_t lag_max = this->setup.checkpoint_lag_max;
    if (lag_max != 0) frames = std::min(frames, lag_max);
    if (!replica_) {
      followed_source_ = make_source_();
      replica_ = std::make_unique<Replica>(*this, followed_source_.get());
    }
    if constexpr (kKeepsFrames) {
      const auto& entries = this->journal().tape.entries();
      const std::size_t end = std::min(entries.size(), followed_ + frames);
      for (; followed_ < end; ++followed_) replica_->act(entries[followed_]);
      while (replica_->runner->settle()) replica_->drain();
      this->propose(*replica_, followed_);
    } else {
      const std::uint64_t end = replica_->runner->frames() + frames;
      while (replica_->runner->frames() < end && replica_->runner->read_on()) replica_->drain();
      this->propose(*replica_, replica_->runner->frames());
    }
  }

 private:
  using Replica =
      toy::Replica<S, FeedRunner<S, Source, BacktestPolicy>, Source>;

  std::size_t begin_at(const Checkpoint* from) const override {
    return kKeepsFrames ? Base::begin_at(from) : 0;
  }
  void finish_rejoin() override {
    if constexpr (kKeepsFrames) {
      std::uint64_t kept = 0;
      for (const JournalEntry& e : this->entries_) kept += e.kind == JournalKind::kFrame;
      source_->skip_to(kept);
    } else {
      while (this->runner_->catching_up() && this->runner_->read_on()) continue;
    }
    Base::finish_rejoin();
    if (stopped_) this->runner_->stop();
  }

  MakeSource make_source_;
  std::unique_ptr<Source> source_, followed_source_;
  std::unique_ptr<Replica> replica_;
  std::size_t followed_ = 0;
  bool stopped_ = false;
};

}  // namespace pinstripe::sim
