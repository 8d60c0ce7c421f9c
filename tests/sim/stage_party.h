// Parties over the real runner classes: stages that read rings, and feeds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "shm/run/feed_runner.h"
#include "shm/run/rejoin.h"
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

  const S* stage() const { return stage_.get(); }
  bool alive() const override { return runner_ != nullptr; }
  bool done() const override { return alive() && runner_->done(); }
  std::uint64_t state_hash() const override { return stage_->state_hash(); }
  std::uint64_t published(std::size_t port) const override {
    return ring_published(setup.outputs[port].ring);
  }
  void rejoin(const Checkpoint* from) override {
    entries_ = journal().tape.all();
    std::size_t at = 0;
    if (from != nullptr) {
      StateReader r(from->state);
      if (!runner_->load(r) || r.failed() || !r.exhausted()) {
        note_fault("a checkpoint does not load");
      }
      at = from->records;
    }
    const std::uint64_t last = entries_.empty() ? 0 : journal().writer->last_record();
    report_ = pinstripe::rejoin(*runner_, last, [&](JournalEntry& e) {
      if (at == entries_.size()) return RejoinNext::kEnd;
      e = entries_[at++];
      return RejoinNext::kRecord;
    });
    if (report_.end != RejoinEnd::kDone) {
      const auto number = [](std::size_t i) { return std::to_string(i); };
      note_fault(rejoin_text(report_, number, number));
    }
    after_rejoin();
  }

  typename S::Config config;
  RunnerSetup setup;

 protected:
  virtual void after_rejoin() {}

  /// The checkpoint helper, on the records that have been carried. `make` gives its replica.
  template <class Replica, class Make>
  void follow_with(std::unique_ptr<Replica>& replica, std::size_t records, Make&& make) {
    if (candidate_) return;
    if (!replica) replica = make();
    const auto& entries = journal().tape.entries();
    const std::size_t end = std::min(entries.size(), followed_ + records);
    for (; followed_ < end; ++followed_) {
      replica->settle_before(entries[followed_]);
      // What the last record begins may go on: then a place before it will do.
      if (followed_ + 4 >= end) propose(*replica);
      replica->act(entries[followed_]);
    }
    if (followed_ < entries.size()) replica->settle_before(entries[followed_]);
    propose(*replica);
  }
  /// A candidate from what `replica` has come to, if nothing goes on there.
  template <class Replica>
  void propose(const Replica& replica) {
    if (replica.runner->busy()) return;
    Candidate made{{replica.save(), followed_}, followed_, {}};
    if constexpr (requires { replica.runner->frames(); }) made.progress = replica.runner->frames();
    for (const auto& port : replica.runner->ports()) made.outputs.push_back(port.count());
    candidate_ = std::move(made);
  }

  std::unique_ptr<S> stage_;
  std::unique_ptr<R> runner_;
  std::vector<JournalEntry> entries_;
  RejoinReport report_;
  std::size_t followed_ = 0;  // records that the helper has acted on
};

/// A stage that reads rings.
template <class S>
class RingParty : public StageParty<S, Runner<S, SimPolicy>> {
 public:
  using Base = StageParty<S, Runner<S, SimPolicy>>;
  using Base::Base;

  void start() override {
    if (!this->attach()) return;
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
    this->follow_with(replica_, records,
                      [&] { return std::make_unique<toy::RingReplica<S>>(*this); });
  }

 private:
  void after_rejoin() override {
    if (fuse.mutant == Mutant::kResumeAtLast) take_last_again();
    if constexpr (Runner<S, SimPolicy>::kIsExec) {
      if (fuse.mutant == Mutant::kSilenceAtRejoin) this->runner_->start_fresh();
    }
  }
  void take_last_again() {
    if (this->entries_.empty() || this->entries_.back().kind != JournalKind::kMessage) return;
    const JournalEntry& last = this->entries_.back();
    this->runner_->merge().inputs()[last.input].ring.resume_at(last.message_number());
  }

  std::unique_ptr<toy::RingReplica<S>> replica_;
};

/// A feed over a source of frames, made anew with each life.
template <class S, class Source>
class FeedParty : public StageParty<S, FeedRunner<S, Source, SimPolicy>> {
 public:
  using Base = StageParty<S, FeedRunner<S, Source, SimPolicy>>;
  using MakeSource = std::function<std::unique_ptr<Source>()>;

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
    if (!this->attach()) return;
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
  void follow(std::size_t records) override {
    this->follow_with(replica_, records, [&] {
      followed_source_ = make_source_();
      return std::make_unique<Replica>(*this, followed_source_.get());
    });
  }

 private:
  using Replica = toy::Replica<S, FeedRunner<S, Source, BacktestPolicy>, Source>;

  void after_rejoin() override {
    if (stopped_) this->runner_->stop();
  }

  MakeSource make_source_;
  std::unique_ptr<Source> source_, followed_source_;
  std::unique_ptr<Replica> replica_;
  bool stopped_ = false;
};

}  // namespace pinstripe::sim
