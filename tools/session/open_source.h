// Opens what a lane's feed reads, as the plan says.
#pragma once

#include <memory>

#include "feed/live_source.h"
#include "feed/synthetic.h"
#include "shm/run/clock.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Settings for one instrument of the plan: its own seed, the session's length and feed latency.
Result<SyntheticConfig> synthetic_config_of(const SessionPlan& plan, std::uint16_t instrument);

/// Recorded files or synthetic markets of `lane`, merged by time, cut to --for and --events.
Result<std::unique_ptr<FrameSource>> open_source(const SessionPlan& plan, std::uint16_t lane);

/// The same played live: by the session's clock, at the plan's speed.
Result<std::unique_ptr<LiveFrameSource>> open_played_source(const SessionPlan& plan,
                                                            std::uint16_t lane,
                                                            const SessionClock& clock);

/// A synthetic instrument of another name: "SYNTHETIC:ABCUSD".
Instrument synthetic_instrument_named(const std::string& id);

}  // namespace pinstripe
