// Instruments as the venues define them today: what a live session trades by, where the shipped
// tables (feed/instruments) are those of the recordings.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"
#include "tools/rest/venue_rest.h"

namespace pinstripe {

/// The definitions of `ids` ("BINANCE_USDM:BTCUSDT"), in their order. A symbol that its venue does
/// not list is refused with the nearest one that it does, one that does not trade by its status.
/// Fees, and the maintenance tiers that no public answer holds, are those of the shipped tables.
Result<std::vector<Instrument>> fetch_instruments(VenueRest& rest,
                                                  std::span<const std::string> ids);

/// The same from the text of answers. `symbols`: as the venue writes them, all of one venue.
Result<std::vector<Instrument>> read_instruments(std::string_view venue,
                                                 std::span<const std::string> answers,
                                                 std::span<const std::string> symbols);

}  // namespace pinstripe
