// What all TLS connections of a process share: whom to trust, and how to speak.
#pragma once

#include <memory>
#include <string>

#include "shm/base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace pinstripe::net {

struct Endpoint;
class TlsStream;

struct TlsOptions {
  /// Certificate authorities to trust instead of the system's; empty: the system's.
  std::string ca_file;
};

/// TLS 1.2 and 1.3, peers always verified. Must outlive its streams.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> open(const TlsOptions& options = {});
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsStream;

  TlsContext() = default;
  /// A connection's state that accepts a certificate for this host only; null out of memory.
  ssl_st* start(const Endpoint& endpoint, TlsStream& stream) const noexcept;

  ssl_ctx_st* context_ = nullptr;
};

/// The first error that OpenSSL has noted for this thread, in words; forgets all of them.
std::string take_tls_error();

}  // namespace pinstripe::net
