// The instruments that ship: the twenty largest symbols of Binance spot, USD-M and COIN-M, the two
// of the Tardis samples, and the synthetic market's. The tables (feed/instruments/*.json) lie in
// the binary.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

/// All shipped instruments.
const std::vector<Instrument>& shipped_instruments();

/// `venue` as in "BINANCE_USDM", `symbol` as the venue writes it ("BTCUSDT"; case is ignored). The
/// error names the nearest symbol and what to do.
Result<Instrument> find_instrument(std::string_view venue, std::string_view symbol);
/// By canonical id, "BINANCE_USDM:BTCUSDT".
Result<Instrument> find_instrument(std::string_view id);

/// The one of `all` that has this name, as find_instrument takes it; null where none has.
const Instrument* instrument_in(std::span<const Instrument> all, std::string_view venue,
                                std::string_view symbol);

/// Reads a table in the format of feed/instruments/*.json, or a list `tables` of them (what a
/// recording carries: feed/instrument_file.h).
Result<std::vector<Instrument>> read_instrument_table(std::string_view json_text,
                                                      std::string_view origin);

}  // namespace pinstripe
