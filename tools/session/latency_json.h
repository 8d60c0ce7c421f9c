// A latency histogram's percentiles as JSON; null where nothing was measured.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/session/snapshot.h"

namespace pinstripe {

/// {"count", "p50", "p99", "p999", "max"}, ns.
nlohmann::ordered_json latency_json(const LatencyShot& latency);

}  // namespace pinstripe
