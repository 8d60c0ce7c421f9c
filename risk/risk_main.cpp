// pinstripe-risk: one risk stage as a process. Everything but the stage class is in tools/session.
#include "risk/risk_stage.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

int main(int argc, char** argv) {
  return pinstripe::run_stage_main<pinstripe::RiskStage>(
      argc, argv, pinstripe::StageKind::kRisk, pinstripe::risk_config_of);
}
