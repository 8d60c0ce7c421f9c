#include "shm/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/net/address.h"
#include "shm/net/tls_memory.h"
#include "shm/net/tls_stream.h"

namespace pinstripe::net {

std::string take_tls_error() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* const reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(const TlsOptions& options) {
  std::unique_ptr<TlsContext> self(new TlsContext);
  give_openssl_a_pool();
  self->context_ = ::SSL_CTX_new(::TLS_client_method());
  SSL_CTX* const c = self->context_;
  if (c == nullptr || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1) {
    return fail("cannot start TLS: " + take_tls_error());
  }
  const bool is_own = !options.ca_file.empty();
  if (is_own && ::access(options.ca_file.c_str(), R_OK) != 0) {  // OpenSSL says only a number
    return fail("cannot read certificate authorities from '" + options.ca_file + "': " +
                std::strerror(errno) + "; name a file of PEM certificates, or none to take the "
                "system's");
  }
  const int loaded = is_own
                         ? ::SSL_CTX_load_verify_locations(c, options.ca_file.c_str(), nullptr)
                         : ::SSL_CTX_set_default_verify_paths(c);
  if (loaded != 1) {
    return fail("cannot read certificate authorities" +
                (is_own ? " from '" + options.ca_file + "'" : std::string(" of the system")) +
                ": " + take_tls_error() + "; the file must hold PEM certificates");
  }
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Sessions are kept by the stream that got them: they are of one host.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(c, &TlsStream::keep_session);
  return self;
}

TlsContext::~TlsContext() { ::SSL_CTX_free(context_); }

ssl_st* TlsContext::start(const Endpoint& endpoint, TlsStream& stream) const noexcept {
  SSL* const ssl = ::SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  SSL_set_app_data(ssl, &stream);
  X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(ssl);
  int is_set = 0;
  if (is_ip_address(endpoint.host)) {  // names only go into SNI
    is_set = ::X509_VERIFY_PARAM_set1_ip_asc(wanted, endpoint.host.c_str());
  } else {
    ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = ::X509_VERIFY_PARAM_set1_host(wanted, endpoint.host.c_str(), 0) == 1 &&
             SSL_set_tlsext_host_name(ssl, endpoint.host.c_str()) == 1;
  }
  if (is_set != 1) {
    ::SSL_free(ssl);
    return nullptr;
  }
  ::SSL_set_connect_state(ssl);
  return ssl;
}

}  // namespace pinstripe::net
