// From a session config to a complete plan: looks at the data, the instruments, the clocks, the
// models.
#pragma once

#include <functional>
#include <span>

#include "shm/base/result.h"
#include "tools/session/session_config.h"

namespace pinstripe {

/// Where the records of instruments on live markets come from, by id.
using InstrumentLookup =
    std::function<Result<std::vector<Instrument>>(std::span<const std::string> ids,
                                                  const VenuesPlan& venues)>;
/// The instruments that ship.
Result<std::vector<Instrument>> look_up_shipped(std::span<const std::string> ids,
                                                const VenuesPlan& venues);

/// Completes `config`: instruments (from the data or as named), streams with their clock offsets,
/// traded time, model folds. Everything that would fail at start fails here, with the reason.
Result<SessionPlan> prepare_plan(const SessionConfig& config,
                                 const InstrumentLookup& look_up = look_up_shipped);

/// The recorded files of `plan` still hold what they held when it was prepared, whatever their
/// times say. Reads them all (of binary captures the headers).
Result<void> verify_data(const SessionPlan& plan);

/// Folder for what is kept between sessions: $XDG_CACHE_HOME/pinstripe, else ~/.cache/pinstripe.
std::string cache_folder();

}  // namespace pinstripe
