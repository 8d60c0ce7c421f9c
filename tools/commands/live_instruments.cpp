#include "tools/commands/live_instruments.h"

#include "tools/rest/venue_instruments.h"

namespace pinstripe {

Result<std::vector<Instrument>> look_up_live(std::span<const std::string> ids,
                                             const VenuesPlan& venues) {
  VenueRest::Options options;
  options.request_ns_max = venues.open_ns;
  options.patience_ns = 2 * venues.open_ns;
  auto rest = VenueRest::open({venues.address, venues.ca_file}, options);
  if (!rest) return std::unexpected(rest.error());
  return fetch_instruments(*rest, ids);
}

}  // namespace pinstripe
