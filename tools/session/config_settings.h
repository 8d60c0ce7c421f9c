// `--set key.path=value`: values of a session config changed from the command line.
#pragma once

#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

/// `json` (one object) with each of `settings` put in, in order; objects on the way are made. A
/// number in the path goes into an array; a ring's name keeps its dot
/// ("rings.risk.exec.capacity=64"). The value is JSON, and text where it is no JSON
/// ("feed.on_bad_line=stop"). Refuses what is no `key.path=value` and what leads through a value
/// that has no members (usage); whether the keys exist, the reader of the config says.
Result<std::string> with_settings(const std::string& json,
                                  const std::vector<std::string>& settings);

}  // namespace pinstripe
