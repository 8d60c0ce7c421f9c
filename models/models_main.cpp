// pinstripe-models: one models stage as a process. Everything but the stage class is in
// tools/session.
#include "models/models_stage.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

int main(int argc, char** argv) {
  return pinstripe::run_stage_main<pinstripe::ModelsStage>(
      argc, argv, pinstripe::StageKind::kModels, pinstripe::models_config_of);
}
