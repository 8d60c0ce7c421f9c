// A certificate authority made at start, and the server's certificate signed by it: EC P-256, valid
// for a year, for "localhost", 127.0.0.1 and ::1. Clients trust the authority's PEM file; nothing
// of it is kept, so that no secret lies on disk.
#pragma once

#include <string>

#include "shm/base/result.h"

namespace pinstripe::venue {

struct Authority {
  std::string ca_pem;       // what clients trust
  std::string leaf_pem;     // the server's certificate
  std::string leaf_key_pem;
};

/// How the server's certificate is wrong, for tests of clients.
enum class LeafFault { kNone, kOtherHost, kExpired, kUntrusted };

Result<Authority> make_authority(LeafFault fault);

}  // namespace pinstripe::venue
