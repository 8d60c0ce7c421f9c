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

  Result<void> settle_before(const JournalEntry& e) override {
    switch (e.kind) {
      case JournalKind::kPosition: {
        FeedPosition position;
        std::memcpy(&position, e.payload.data(), sizeof(position));
        auto read = read_on([&] { return runner_->frames() < position.frames; });
        return read ? check_file(position) : read;
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
