// `limits`: what this machine may still ask of each venue, and the operator's word over a ban.
#include <cstdio>

#include "shm/limits/limiter.h"
#include "shm/run/steady_time.h"
#include "tools/commands/find_session.h"
#include "tools/commands/limits_view.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"
#include "tools/rest/venue_hosts.h"

namespace pinstripe {

namespace {

/// The limiter that is meant: the venues' own, or that of a simulated exchange.
Result<LimiterOptions> chosen_limits(const LimitsOptions& options) {
  if (options.session.empty()) return limits_at(options.address);
  const auto found = find_session(options.session);
  if (!found) return std::unexpected(found.error());
  if (found->plan.source != SourceKind::kVenues) {
    return fail_usage("session '" + options.session + "' listens to no venue, so none is asked "
                      "for anything; without --session the machine's limits are shown");
  }
  return limits_at(found->plan.venues.address);
}

Result<void> clear_ban(const LimiterOptions& limits, const std::string& venue) {
  auto limiter = Limiter::open(limits, steady_realtime_ns());
  if (!limiter) return std::unexpected(std::move(limiter.error()));
  return limiter->clear_ban(venue);
}

}  // namespace

Exit run_limits(const LimitsOptions& options) {
  const auto limits = chosen_limits(options);
  if (!limits) return report_error(limits.error(), options.json);
  const std::int64_t now_ns = steady_realtime_ns();
  auto state = read_limit_state(*limits, now_ns);
  if (!state) return report_error(state.error(), options.json);
  if (!options.clear_ban.empty()) {
    const bool is_apart = !limits->shm_folder.empty();
    if (is_apart && (*state)->gates[0].name[0] == '\0') {
      return report_error(fail_usage("no simulated exchange was asked for anything at this "
                                     "address; 'pinstripe status' of the session shows its own")
                              .error(),
                          options.json);
    }
    if (auto cleared = clear_ban(*limits, options.clear_ban); !cleared) {
      return report_error(cleared.error(), options.json);
    }
    say("requests to " + options.clear_ban + " may be sent again; a venue that still bans this "
        "machine may lengthen the ban");
    state = read_limit_state(*limits, now_ns);
    if (!state) return report_error(state.error(), options.json);
  }
  std::string shown =
      options.json ? limits_json(**state, now_ns) + "\n" : limits_text(**state, now_ns);
  if (!options.json && limits->shm_folder.empty()) {
    shown += "(simulated exchanges are counted apart: --address HOST:PORT or --session NAME)\n";
  }
  std::fputs(shown.c_str(), stdout);
  return Exit::kDone;
}

}  // namespace pinstripe
