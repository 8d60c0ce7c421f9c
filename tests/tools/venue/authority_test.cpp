// The certificates as a client judges them, by OpenSSL's own verification.
#include "tools/venue/authority.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace pinstripe::venue {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read(const std::string& pem) {
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate c(PEM_read_bio_X509(in, nullptr, nullptr, nullptr), X509_free);
  BIO_free(in);
  return c;
}

/// X509_V_OK, or why a client that trusts the authority refuses the server's certificate.
int judged(const Authority& a) {
  const Certificate ca = read(a.ca_pem);
  const Certificate leaf = read(a.leaf_pem);
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trust(X509_STORE_new(), X509_STORE_free);
  X509_STORE_add_cert(trust.get(), ca.get());
  std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                         X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), trust.get(), leaf.get(), nullptr);
  X509_VERIFY_PARAM* rule = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rule, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set1_ip_asc(rule, "127.0.0.1");
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST(Authority, AClientThatTrustsItTakesTheServersCertificate) {
  const auto sut = make_authority(LeafFault::kNone);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(judged(*sut), X509_V_OK) << X509_verify_cert_error_string(judged(*sut));
  const Certificate leaf = read(sut->leaf_pem);
  EXPECT_EQ(X509_check_host(leaf.get(), "localhost", 0, 0, nullptr), 1);
  for (const char* host : {"stream.binance.com", "fstream.binance.com", "api.binance.com",
                           "fapi.binance.com", "stream.bybit.com", "api.bybit.com", "ws.okx.com",
                           "www.okx.com"}) {
    EXPECT_EQ(X509_check_host(leaf.get(), host, 0, 0, nullptr), 1) << host;
  }
  EXPECT_NE(X509_check_host(leaf.get(), "example.com", 0, 0, nullptr), 1);
  EXPECT_NE(X509_check_host(leaf.get(), "binance.com", 0, 0, nullptr), 1);
}

TEST(Authority, EachFaultIsRefusedForItsOwnReason) {
  EXPECT_EQ(judged(*make_authority(LeafFault::kOtherHost)), X509_V_ERR_IP_ADDRESS_MISMATCH);
  EXPECT_EQ(judged(*make_authority(LeafFault::kExpired)), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(judged(*make_authority(LeafFault::kUntrusted)), X509_V_ERR_CERT_SIGNATURE_FAILURE);
}

TEST(Authority, IsMadeAnewEachTime) {
  EXPECT_NE(make_authority(LeafFault::kNone)->leaf_key_pem,
            make_authority(LeafFault::kNone)->leaf_key_pem);
}

}  // namespace
}  // namespace pinstripe::venue
