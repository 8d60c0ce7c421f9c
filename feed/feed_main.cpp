// pinstripe-feed: one feed stage as a process, with its source of frames.
#include "feed/feed_stage.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/feed_failure.h"
#include "tools/session/stage_main.h"

int main(int argc, char** argv) {
  using namespace pinstripe;
  if (StageProgram::help(argc, argv, StageKind::kFeed)) return static_cast<int>(Exit::kDone);
  auto program = StageProgram::start(argc, argv, StageKind::kFeed);
  if (!program) return refuse_start(StageKind::kFeed, program.error());
  auto config = feed_config_of(program->plan());
  if (!config) return program->fail_with(config.error());
  auto source = open_source(program->plan(), program->spec().lane);
  if (!source) return program->fail_with(source.error());
  const auto stage = std::make_unique<FeedStage>(*config);
  Probe probe = program->probe();
  FeedRunner<FeedStage, FrameSource> runner(*stage, **source, program->setup(), probe,
                                            program->plan().speed);
  if (auto joined = rejoin_stage(*program, runner); !joined) {
    return program->fail_with(joined.error());
  }
  BadLineLog bad_lines((*source)->files());
  const int status = program->drive(
      *stage, runner, [&](StagePage& page) noexcept { bad_lines(page, stage->errors()); });
  if (const auto error = feed_failure(*stage, **source); error) return program->fail_with(*error);
  return status;
}
