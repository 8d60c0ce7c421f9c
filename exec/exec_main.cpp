// pinstripe-exec: one exec stage as a process. Everything but the stage class is in tools/session.
#include "exec/exec_stage.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

int main(int argc, char** argv) {
  return pinstripe::run_stage_main<pinstripe::ExecStage>(
      argc, argv, pinstripe::StageKind::kExec, pinstripe::exec_config_of);
}
