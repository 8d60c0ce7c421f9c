// The watch over a live session's instruments, as `status` and the account tell of it.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tools/session/watch_marks.h"

namespace pinstripe {

/// Whether the process is there now.
bool runs(const WatchLife& life) noexcept;
/// Keys: tools/README.md. `now_ns`: UTC.
nlohmann::ordered_json watch_json(const WatchShot& shot, std::int64_t now_ns);
/// A line for the process and one for each venue.
std::string watch_text(const WatchShot& shot, std::int64_t now_ns);
/// At the end of a session: "" where it was watched without a break.
std::string watch_account_text(const WatchShot& shot);

}  // namespace pinstripe
