// Files of settled funding rates: CSV, gz or plain, `funding_time_ms,funding_rate` and possibly
// more columns. Read at start only. Not a stage file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exec/exec_config.h"
#include "shm/base/result.h"

namespace pinstripe {

/// Rates of `path`, rising in time. Venues stamp an instant some milliseconds late: a time at most
/// 1 s past a full minute is taken as that minute. Rates are rounded to 1e-8, half away from zero.
/// Errors name file and line.
Result<std::vector<FundingEntry>> load_funding_file(const std::string& path);
/// The same from the text of a file; `origin` stands in front of messages.
Result<std::vector<FundingEntry>> parse_funding(std::string_view text, const std::string& origin);
/// Loads every file that the config names into `config.funding`. `config.instruments` is set
/// already.
Result<void> load_funding_files(ExecConfig& config);

}  // namespace pinstripe
