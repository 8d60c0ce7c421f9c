// pinstripe-features: one features stage as a process. Everything but the stage class is in
// tools/session.
#include "features/features_stage.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

int main(int argc, char** argv) {
  return pinstripe::run_stage_main<pinstripe::FeaturesStage>(
      argc, argv, pinstripe::StageKind::kFeatures, pinstripe::features_config_of);
}
