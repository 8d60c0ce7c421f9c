// `limits`: what this machine may still ask of each venue, and the operator's word over a ban.
#include <cstdio>

#include "shm/limits/limiter.h"
#include "shm/run/machine_time.h"
#include "tools/commands/limits_view.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"

namespace pinstripe {

namespace {

Result<void> clear_ban(const std::string& venue) {
  auto limiter = Limiter::open({}, realtime_ns());
  if (!limiter) return std::unexpected(std::move(limiter.error()));
  return limiter->clear_ban(venue);
}

}  // namespace

Exit run_limits(const LimitsOptions& options) {
  if (!options.clear_ban.empty()) {
    if (auto cleared = clear_ban(options.clear_ban); !cleared) {
      return report_error(cleared.error(), options.json);
    }
    say("requests to " + options.clear_ban + " may be sent again; a venue that still bans this "
        "machine may lengthen the ban");
  }
  const std::int64_t now_ns = realtime_ns();
  const auto state = read_limit_state({}, now_ns);
  if (!state) return report_error(state.error(), options.json);
  const std::string shown =
      options.json ? limits_json(**state, now_ns) + "\n" : limits_text(**state, now_ns);
  std::fputs(shown.c_str(), stdout);
  return Exit::kDone;
}

}  // namespace pinstripe
