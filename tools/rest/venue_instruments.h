// Instruments as the venues define them today: what a live session trades by, where the shipped
// tables (feed/instruments) are those of the recordings.
#pragma once

#include <optional>
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

/// What a venue says of one instrument.
struct InstrumentStatus {
  std::optional<Instrument> record;  // none: it does not trade, or its venue does not list it
  std::string refusal;               // then why: "does not trade: its status is BREAK"
  std::string problem{};             // the answer cannot be read: why, and nothing is known by it
};

/// What `venue` says of each of `symbols` now, in their order. What is not listed or does not trade
/// is no error here; a row that cannot be read is that symbol's `problem` and no other's.
Result<std::vector<InstrumentStatus>> fetch_statuses(VenueRest& rest, const std::string& venue,
                                                     std::span<const std::string> symbols);
/// The same from the text of answers.
Result<std::vector<InstrumentStatus>> read_statuses(std::string_view venue,
                                                    std::span<const std::string> answers,
                                                    std::span<const std::string> symbols);

/// Instruments from the text of answers. `symbols`: as the venue writes them, all of one venue.
Result<std::vector<Instrument>> read_instruments(std::string_view venue,
                                                 std::span<const std::string> answers,
                                                 std::span<const std::string> symbols);

}  // namespace pinstripe
