// Where a venue's host is reached.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shm/base/result.h"
#include "shm/net/address.h"

namespace pinstripe {

/// `host` at `port`; or, where `address` ("127.0.0.1:8443", a session config's `live.address`) is
/// not empty, that place under the name of `host`: certificate and SNI are the host's either way.
/// Asks the resolver, so it blocks.
Result<net::Endpoint> venue_endpoint(std::string_view host, std::uint16_t port,
                                     const std::string& address);

}  // namespace pinstripe
