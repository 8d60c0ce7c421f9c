// pinstripe-feed: one feed stage as a process, with its source of frames.
#include "feed/feed_stage.h"
#include "tools/session/feed_failure.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

namespace pinstripe {
namespace {

template <class Runner>
int run_feed(StageProgram& program, FeedStage& stage, const FrameSource& source, Runner& runner) {
  if (auto joined = rejoin_stage(program, runner); !joined) {
    return program.fail_with(joined.error());
  }
  BadLineLog bad_lines(source.files());
  const int status = program.drive(
      stage, runner, [&](StagePage& page) noexcept { bad_lines(page, stage.errors()); });
  if (const auto error = feed_failure(stage, source); error) return program.fail_with(*error);
  return status;
}

int run_recorded(StageProgram& program, FeedStage& stage) {
  auto source = open_source(program.plan(), program.spec().lane);
  if (!source) return program.fail_with(source.error());
  Probe probe = program.probe();
  FeedRunner<FeedStage, FrameSource> runner(stage, **source, program.setup(), probe,
                                            program.plan().speed);
  return run_feed(program, stage, **source, runner);
}

int run_live(StageProgram& program, FeedStage& stage) {
  auto source = open_live_source(program.plan(), program.spec().lane, program.clock());
  if (!source) return program.fail_with(source.error());
  Probe probe = program.probe();
  LiveFeedRunner<FeedStage, LiveFrameSource> runner(stage, **source, program.setup(), probe);
  return run_feed(program, stage, **source, runner);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  using namespace pinstripe;
  if (StageProgram::help(argc, argv, StageKind::kFeed)) return static_cast<int>(Exit::kDone);
  auto program = StageProgram::start(argc, argv, StageKind::kFeed);
  if (!program) return refuse_start(StageKind::kFeed, program.error());
  auto config = feed_config_of(program->plan());
  if (!config) return program->fail_with(config.error());
  const auto stage = std::make_unique<FeedStage>(*config);
  return program->plan().live ? run_live(*program, *stage) : run_recorded(*program, *stage);
}
