// The instruments of a session on live markets, as their venues define them now.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// An InstrumentLookup that asks the venues. So a host that does not exist, a certificate that is
/// not trusted, a symbol that does not trade are refused before there is a session.
Result<std::vector<Instrument>> look_up_live(std::span<const std::string> ids,
                                             const VenuesPlan& venues);

}  // namespace pinstripe
