// Feed's replica. In a recorded session its journal only says how far it had come (every 4,096
// frames, and how much it had said by then), so it reads its source again; a live feed has its
// frames there.
#pragma once

#include <memory>

#include "tools/replay/replica.h"

namespace pinstripe {

Result<std::unique_ptr<Replica>> make_feed_replica(const SessionPlan& plan,
                                                   const StageSpec& stage);

}  // namespace pinstripe
