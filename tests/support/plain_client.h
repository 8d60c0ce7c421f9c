// One HTTP request over TLS and its answer, waited for: a client without limiter or rules.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "shm/net/http_client.h"

namespace pinstripe {

struct PlainAnswer {
  int status = 0;    // 0: no answer
  std::string body;  // or what went wrong
};

class PlainClient final : private net::HttpEvents {
 public:
  /// `address`: "127.0.0.1:PORT", whose certificate bears that address.
  PlainClient(const std::string& address, const std::string& ca_file)
      : loop_(net::Loop::open({}).value()),
        tls_(net::TlsContext::open({ca_file}).value()),
        client_(*loop_, *tls_, endpoint_of(address), *this, {}) {}

  PlainAnswer ask(const char* method, const std::string& target, const std::string& body = "") {
    answer_ = {0, "the request was not sent"};
    EXPECT_TRUE(
        client_.send({.method = method, .target = target, .body = body}, net::Loop::now_ns()));
    while (!client_.is_idle()) {
      loop_->wait(kNsPerMs);
      client_.on_time(net::Loop::now_ns());
    }
    return answer_;
  }

 private:
  static net::Endpoint endpoint_of(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    const int port = std::stoi(address.substr(colon + 1));
    return net::resolve(address.substr(0, colon), static_cast<std::uint16_t>(port)).value();
  }
  void on_http_response(const net::HttpResponse& r) noexcept override {
    answer_ = {r.status, std::string(r.body)};
  }
  void on_http_failure(const net::HttpFailure& f) noexcept override { answer_ = {0, f.text}; }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::TlsContext> tls_;
  PlainAnswer answer_;
  net::HttpClient client_;
};

}  // namespace pinstripe
