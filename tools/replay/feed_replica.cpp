#include "tools/replay/feed_replica.h"

#include <cstring>

#include "feed/feed_stage.h"
#include "shm/run/feed_runner.h"
#include "shm/run/live_feed_runner.h"
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

  Result<void> settle_before(const JournalEntry& e) override {
    switch (e.kind) {
      case JournalKind::kPosition:
      case JournalKind::kDigest:
      case JournalKind::kEnd: break;
      default:
        return fail(std::string("a ") + kJournalKindNames[static_cast<std::size_t>(e.kind)] +
                    " record, which this feed never writes");
    }
    settle_turns(e);
    if (auto held = source_holds(); !held || e.kind != JournalKind::kPosition) return held;
    FeedPosition position;
    std::memcpy(&position, e.payload.data(), sizeof(position));
    return check_file(position);
  }
  Result<void> read_to(TimeNs until) override {
    const auto goes_on = [&] {
      const FeedFrame* next = source_->peek();
      return stage_.more() || (next != nullptr && next->origin_ns <= until);
    };
    while (goes_on() && runner_->read_on()) drain();
    return source_holds();
  }
  std::uint64_t frames() const override { return runner_->frames(); }

 private:
  /// A source that ends early is no error: what is missing differs.
  Result<void> source_holds() const {
    if (auto error = source_->error()) return std::unexpected(std::move(*error));
    return {};
  }
  /// The frame lies where it lay, in a file of that size. (When that was last changed is no matter
  /// here: a copy of the data will do.)
  Result<void> check_file(const FeedPosition& stated) {
    if (runner_->frames() != stated.frames || source_->peek() == nullptr) return {};
    const FeedPosition here = source_->position();
    if (here.file == stated.file && here.size == stated.size && here.offset == stated.offset &&
        here.line == stated.line) {
      return {};
    }
    const auto files = source_->files();
    const std::string file =
        here.file < files.size() ? "'" + files[here.file] + "'" : "the source";
    return fail("the recorded data are not those of the session: frame " +
                std::to_string(stated.frames) + " was at line " + std::to_string(stated.line) +
                " of a file of " + std::to_string(stated.size) + " bytes, in " + file + " it is at "
                "line " + std::to_string(here.line) + " of " + std::to_string(here.size) +
                " bytes; put the session's own data there again");
  }
  std::unique_ptr<FrameSource> source_;
};

using LiveRunner = LiveFeedRunner<FeedStage, LiveFrameSource, BacktestPolicy>;

/// Of a live feed: the frames lie in the journal, with whatever else it took.
class LiveFeedReplica : public ReplicaBase<FeedStage, LiveRunner> {
 public:
  LiveFeedReplica(const FeedConfig& config, std::unique_ptr<LiveFrameSource> source,
                  ReplicaRings rings)
      : ReplicaBase(config, std::move(rings),
                    [&](FeedStage& stage, const RunnerSetup& setup, Probe& probe) {
                      return std::make_unique<LiveRunner>(stage, *source, setup, probe);
                    }),
        source_(std::move(source)) {}

  Result<void> settle_before(const JournalEntry& e) override {
    switch (e.kind) {
      case JournalKind::kFrame:
        if (!LiveFrameSource::holds_frame(e.payload)) {
          return fail("a frame of " + std::to_string(e.payload.size()) + " bytes that is none");
        }
        break;
      case JournalKind::kRoom:
        if (e.input >= ports()) return fail("room on port " + std::to_string(e.input));
        break;
      case JournalKind::kTimer:
      case JournalKind::kLost:
      case JournalKind::kDigest:
      case JournalKind::kEnd: break;
      default:
        return fail(std::string("a ") + kJournalKindNames[static_cast<std::size_t>(e.kind)] +
                    " record, which a live feed never writes");
    }
    settle_turns(e);
    return {};
  }
  std::uint64_t frames() const override { return runner_->frames(); }

 private:
  std::unique_ptr<LiveFrameSource> source_;
};

}  // namespace

Result<std::unique_ptr<Replica>> make_feed_replica(const SessionPlan& plan,
                                                   const StageSpec& stage) {
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(std::move(config.error()));
  auto rings = ReplicaRings::make(plan, stage);
  if (!rings) return std::unexpected(std::move(rings.error()));
  if (plan.live) {
    return std::make_unique<LiveFeedReplica>(*config, std::make_unique<JournaledFrames>(),
                                             std::move(*rings));
  }
  auto source = open_source(plan, stage.lane);
  if (!source) return std::unexpected(std::move(source.error()));
  return std::make_unique<FeedReplica>(*config, std::move(*source), std::move(*rings));
}

}  // namespace pinstripe
