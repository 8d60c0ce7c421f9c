#include "tools/rest/venue_hosts.h"

#include <unistd.h>

#include <filesystem>

#include "shm/limits/limits_file.h"
#include "shm/ring/session_dir.h"

namespace pinstripe {

Result<LimiterOptions> rest_limiter_options(const RestTarget& target) {
  if (target.address.empty()) return LimiterOptions{};
  LimiterOptions apart;
  apart.shm_folder = session_root() + "/pinstripe-simulated." + std::to_string(::getuid());
  apart.state_folder = limits_state_folder() + "/simulated";
  std::error_code error;
  std::filesystem::create_directories(apart.shm_folder, error);
  if (error) {
    return fail("cannot make '" + apart.shm_folder + "', where requests to a simulated exchange "
                "are counted: " + error.message());
  }
  return apart;
}

LimitCharge rest_charge(const MarketRules& venue, std::string_view target, std::uint32_t weight,
                        std::string& key) {
  if (!venue.venue.starts_with("OKX")) return {{venue.limits_venue, LimitKind::kRequests}, weight};
  key = "GET " + std::string(target.substr(0, target.find('?')));
  return {{venue.limits_venue, LimitKind::kEndpoint, key}, 1};
}

}  // namespace pinstripe
