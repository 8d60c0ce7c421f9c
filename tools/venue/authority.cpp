#include "tools/venue/authority.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace pinstripe::venue {
namespace {

constexpr long kDayS = 86'400;

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

std::unexpected<Error> refused(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return fail(std::string("cannot make the venue's certificates: ") + what + ": " +
              (reason != nullptr ? reason : "OpenSSL gives no reason") +
              "; check that OpenSSL 3 is installed whole (tools/setup)");
}

bool add_extension(X509* to, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> e(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return e && X509_add_ext(to, e.get(), -1) == 1;
}

/// A certificate without extensions, unsigned. `serial` tells the two apart.
Certificate blank(EVP_PKEY* key, const char* name, long serial, long from_s, long to_s) {
  Certificate c(X509_new());
  if (!c) return c;
  X509_set_version(c.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(c.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(c.get()), to_s);
  X509_set_pubkey(c.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return c;
}

std::string pem_of(const Certificate& c) {
  const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), c.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(const Key& key) {
  const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Certificate make_ca(EVP_PKEY* key) {
  Certificate ca = blank(key, "Pinstripe simulated venue CA", 1, -kDayS, 365 * kDayS);
  if (!ca) return ca;
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  const bool made = add_extension(ca.get(), ca.get(), NID_basic_constraints,
                                  "critical,CA:TRUE,pathlen:0") &&
                    add_extension(ca.get(), ca.get(), NID_key_usage,
                                  "critical,keyCertSign,cRLSign") &&
                    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                    X509_sign(ca.get(), key, EVP_sha256()) > 0;
  if (!made) ca.reset();
  return ca;
}

std::string right_names() {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1";
  for (const std::string_view host : kVenueHosts) names += ",DNS:" + std::string(host);
  return names;
}

Certificate make_leaf(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key, LeafFault fault) {
  const bool expired = fault == LeafFault::kExpired;
  Certificate leaf = blank(key, "Pinstripe simulated venue", 2, expired ? -2 * kDayS : -kDayS,
                           expired ? -kDayS : 365 * kDayS);
  if (!leaf) return leaf;
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca));
  const std::string names =
      fault == LeafFault::kOtherHost ? "DNS:elsewhere.invalid" : right_names();
  const bool made = add_extension(leaf.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(leaf.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(leaf.get(), ca, NID_ext_key_usage, "serverAuth") &&
                    add_extension(leaf.get(), ca, NID_subject_alt_name, names.c_str()) &&
                    add_extension(leaf.get(), ca, NID_authority_key_identifier, "keyid") &&
                    X509_sign(leaf.get(), ca_key, EVP_sha256()) > 0;
  if (!made) leaf.reset();
  return leaf;
}

}  // namespace

Result<Authority> make_authority(LeafFault fault) {
  const Key ca_key(EVP_EC_gen("P-256"));
  const Key signing_key(fault == LeafFault::kUntrusted ? EVP_EC_gen("P-256") : nullptr);
  const Key leaf_key(EVP_EC_gen("P-256"));
  if (!ca_key || !leaf_key) return refused("no key of curve P-256");
  const Certificate ca = make_ca(ca_key.get());
  if (!ca) return refused("the authority's certificate was not made");
  EVP_PKEY* signer = signing_key ? signing_key.get() : ca_key.get();
  const Certificate leaf = make_leaf(leaf_key.get(), ca.get(), signer, fault);
  if (!leaf) return refused("the server's certificate was not made");
  return Authority{pem_of(ca), pem_of(leaf), pem_of(leaf_key)};
}

}  // namespace pinstripe::venue
