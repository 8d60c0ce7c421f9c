#include "tools/rest/venue_hosts.h"

#include <unistd.h>

#include <cctype>
#include <filesystem>

#include "shm/limits/limits_file.h"
#include "shm/ring/session_dir.h"

namespace pinstripe {

LimiterOptions limits_at(const std::string& address) {
  if (address.empty()) return {};
  std::string name = address;  // "127.0.0.1:8443" -> "at-127.0.0.1_8443"
  for (char& c : name) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    if (!is_plain) c = '_';
  }
  LimiterOptions apart;
  apart.shm_folder =
      session_root() + "/pinstripe-simulated." + std::to_string(::getuid()) + "/at-" + name;
  apart.state_folder = limits_state_folder() + "/simulated/at-" + name;
  return apart;
}

Result<LimiterOptions> rest_limiter_options(const RestTarget& target) {
  LimiterOptions options = limits_at(target.address);
  if (target.address.empty()) return options;
  std::error_code error;
  std::filesystem::create_directories(options.shm_folder, error);
  if (error) {
    return fail("cannot make '" + options.shm_folder + "', where requests to a simulated exchange "
                "are counted: " + error.message());
  }
  return options;
}

LimitCharge rest_charge(const MarketRules& venue, std::string_view target, std::uint32_t weight,
                        std::string& key) {
  if (!venue.venue.starts_with("OKX")) return {{venue.limits_venue, LimitKind::kRequests}, weight};
  key = "GET " + std::string(target.substr(0, target.find('?')));
  return {{venue.limits_venue, LimitKind::kEndpoint, key}, 1};
}

}  // namespace pinstripe
