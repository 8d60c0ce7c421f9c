#include "tools/replay/feed_replica.h"

#include <cstring>

#include "feed/feed_stage.h"
#include "shm/run/feed_runner.h"
#include "tools/replay/replica_base.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"

namespace pinstripe {
namespace {

using SourceRunner = FeedRunner<FeedStage, FrameSource, BacktestPolicy>;

class FeedReplica : public ReplicaBase<FeedStage, SourceRunner> {
 public:
  FeedReplica(const FeedConfig& config, std::unique_ptr<FrameSource> source, ReplicaRings rings)
      : ReplicaBase(config, std::move(rings),
                    [&](FeedStage& stage, const RunnerSetup& setup, Probe& probe) {
                      return std::make_unique<SourceRunner>(stage, *source, setup, probe, 0.0);
                    }),
        source_(std::move(source)) {}

  Result<void> load(std::span<const std::byte> state) override {
    if (auto loaded = ReplicaBase::load(state); !loaded) return loaded;
    return find_frame(*source_);
  }
  Result<void> settle_before(const JournalEntry& e) override {
    switch (e.kind) {
      case JournalKind::kPosition: {
        FeedPosition position;
        std::memcpy(&position, e.payload.data(), sizeof(position));
        return read_on([&] { return runner_->frames() < position.frames; });
      }
      case JournalKind::kDigest:
        return read_on([&] { return !said(e, 0); });
      case JournalKind::kEnd: {
        JournalEnd end;
        std::memcpy(&end, e.payload.data(), sizeof(end));
        // Timers between the last frame and the end are told by the time and by what they said.
        return read_on([&] {
          return runner_->frames() < end.frames || stage_.more() || runner_->now() < e.now ||
                 !said(e, sizeof(JournalEnd));
        });
      }
      default:
        return fail(std::string("a ") + kJournalKindNames[static_cast<std::size_t>(e.kind)] +
                    " record, which this feed never writes");
    }
  }
  Result<void> read_to(TimeNs until) override {
    return read_on([&] {
      const FeedFrame* next = source_->peek();
      return stage_.more() || (next != nullptr && next->origin_ns <= until);
    });
  }
  std::uint64_t frames() const override { return runner_->frames(); }

 private:
  /// Turn by turn while `wanted`. A source that ends before is no error: what is missing differs.
  template <class Wanted>
  Result<void> read_on(Wanted wanted) {
    while (wanted() && runner_->read_on()) drain();
    if (auto error = source_->error()) return std::unexpected(std::move(*error));
    return {};
  }
  /// Each output has as many messages as the record states behind byte `at` of its payload.
  bool said(const JournalEntry& e, std::size_t at) const {
    for (std::size_t i = 0; i < ports() && at + sizeof(JournalPort) <= e.payload.size(); ++i) {
      JournalPort stated;
      std::memcpy(&stated, e.payload.data() + at, sizeof(stated));
      if (port(i).count < stated.count) return false;
      at += sizeof(stated);
    }
    return true;
  }
  /// A source that cannot save its place is read again up to the frame, without acting on it.
  template <class Source>
  Result<void> find_frame(Source& source) {
    if constexpr (!requires(StateReader& r) { source.load(r); }) {
      for (std::uint64_t n = 0; n < runner_->frames() && source.peek() != nullptr; ++n) {
        source.pop();
      }
      if (auto error = source.error()) return std::unexpected(std::move(*error));
    }
    return {};
  }

  std::unique_ptr<FrameSource> source_;
};

}  // namespace

Result<std::unique_ptr<Replica>> make_feed_replica(const SessionPlan& plan,
                                                   const StageSpec& stage) {
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(std::move(config.error()));
  auto source = open_source(plan, stage.lane);
  if (!source) return std::unexpected(std::move(source.error()));
  auto rings = ReplicaRings::make(plan, stage);
  if (!rings) return std::unexpected(std::move(rings.error()));
  return std::make_unique<FeedReplica>(*config, std::move(*source), std::move(*rings));
}

}  // namespace pinstripe
