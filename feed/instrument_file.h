// The definitions that a recording carries: `instruments.json` in its folder. Tables in the form of
// feed/instruments/*.json, with everything in them, so that nothing which the shipped tables say
// later changes what a replay decides.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

inline constexpr const char* kInstrumentFileName = "instruments.json";

/// The file of definitions in the folder of the capture `path`, whether it is there or not.
std::string instrument_file_beside(const std::string& path);
/// Whether `path` is such a file and no capture: who names all of a folder names it too.
bool is_instrument_file(const std::string& path);

/// Its instruments; none where there is no such file. Refuses what is no table, and an instrument
/// that stands twice.
Result<std::vector<Instrument>> read_instrument_file(const std::string& path);

/// The text of a file that holds `instruments`.
std::string instrument_file_text(std::span<const Instrument> instruments);

/// The first thing that two definitions of one instrument say differently, as in "tick 0.1 and
/// 0.01"; "" where they say the same.
std::string definition_difference(const Instrument& a, const Instrument& b);

/// Refuses instruments that the file at `path` defines otherwise: what is recorded in its folder
/// was counted by those.
Result<void> check_instrument_file(const std::string& path, std::span<const Instrument> added);
/// Adds to the file at `path` what it does not hold yet, and makes it where there is none; all at
/// once, beside other processes that do the same. Its folder is there.
Result<void> add_to_instrument_file(const std::string& path, std::span<const Instrument> added);

}  // namespace pinstripe
