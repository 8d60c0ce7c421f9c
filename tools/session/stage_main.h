// The main function of the stages that read rings: features, models, risk, exec.
#pragma once

#include <cstdio>
#include <memory>

#include "tools/journal/recovery.h"
#include "tools/session/stage_program.h"

namespace pinstripe {

/// Prints a start-up error and gives its exit status.
inline int refuse_start(StageKind kind, const Error& error) {
  std::fprintf(stderr, "pinstripe-%s: %s\n", kStageKindNames[static_cast<std::size_t>(kind)],
               error.message.c_str());
  return static_cast<int>(error.exit);
}

/// `config_of(plan)` gives Result<S::Config>.
template <class S, class ConfigOf>
int run_stage_main(int argc, char** argv, StageKind kind, ConfigOf&& config_of) {
  if (StageProgram::help(argc, argv, kind)) return static_cast<int>(Exit::kDone);
  auto program = StageProgram::start(argc, argv, kind);
  if (!program) return refuse_start(kind, program.error());
  auto config = config_of(program->plan());
  if (!config) return program->fail_with(config.error());
  const auto stage = std::make_unique<S>(*config);
  Probe probe = program->probe();
  Runner<S> runner(*stage, program->setup(), probe);
  if (auto joined = rejoin_stage(*program, runner); !joined) {
    return program->fail_with(joined.error());
  }
  return program->drive(*stage, runner);
}

}  // namespace pinstripe
