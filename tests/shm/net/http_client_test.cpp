// The HTTP client against Python's http.server over TLS.
#include "shm/net/http_client.h"

#include <gtest/gtest.h>

#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

struct RestClient final : HttpEvents {
  explicit RestClient(HttpClient::Options options = {}, const std::string& server = "rest")
      : loop(Loop::open({}).value()),
        tls(TlsContext::open({PeerProcess::instance().ca_file()}).value()),
        sut(*loop, *tls, PeerProcess::instance().endpoint(server), *this, options) {}

  void on_http_response(const HttpResponse& r) noexcept override {
    ++answers;
    status = r.status;
    body = r.body;
    weight = r.field("X-MBX-USED-WEIGHT-1M");
    retry_after = r.field("Retry-After");
    key = r.field("X-Key");
  }
  void on_http_failure(const HttpFailure& f) noexcept override {
    ++answers;
    failure = f;
  }
  /// The body, or what went wrong.
  std::string ask(const HttpRequest& request) {
    const int before = answers;
    body.clear();
    failure = {};
    EXPECT_TRUE(sut.send(request, Loop::now_ns()));
    EXPECT_TRUE(turn_until(*loop, sut, [&] { return answers > before; }));
    return failure.text.empty() ? body : failure.text;
  }
  std::string get(const std::string& target) { return ask({.target = target}); }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<TlsContext> tls;
  int answers = 0;
  int status = 0;
  std::string body, weight, retry_after, key;
  HttpFailure failure;
  HttpClient sut;
};

TEST(HttpClient, many_requests_go_over_one_connection) {
  RestClient client;
  EXPECT_EQ(client.get("/json"), "{\"ok\":true}");
  EXPECT_EQ(client.weight, "17");
  for (int i = 0; i < 20; ++i) {
    const std::string got = client.get("/bytes/" + std::to_string(i * 5'000));
    ASSERT_EQ(got.size(), static_cast<std::size_t>(i) * 5'000);
  }
  std::string chunks;
  for (int i = 1; i < 200; ++i) chunks += std::string(i, static_cast<char>('A' + i % 26));
  EXPECT_EQ(client.get("/chunked"), chunks);
  EXPECT_EQ(client.sut.connections(), 1u);
}

TEST(HttpClient, a_large_body_arrives_whole) {
  RestClient client;
  const std::string got = client.get("/bytes/5000000");
  ASSERT_EQ(got.size(), 5'000'000u);
  for (std::size_t i = 0; i < got.size(); i += 99'991) {
    EXPECT_EQ(static_cast<unsigned char>(got[i]), i * 31 % 251);
  }
}

TEST(HttpClient, a_post_carries_body_and_fields) {
  RestClient client;
  EXPECT_EQ(client.ask({"POST", "/order", "X-Key: abc\r\n", "symbol=BTCUSDT"}), "symbol=BTCUSDT");
  EXPECT_EQ(client.key, "abc");
}

TEST(HttpClient, a_status_is_an_answer_not_a_failure) {
  RestClient client;
  EXPECT_EQ(client.get("/limited"), "{\"code\":-1003}");
  EXPECT_EQ(client.status, 429);
  EXPECT_EQ(client.retry_after, "7");
  client.get("/no/such/thing");
  EXPECT_EQ(client.status, 404);
}

TEST(HttpClient, a_connection_that_the_server_ends_is_opened_again) {
  RestClient client;
  EXPECT_EQ(client.get("/last"), "bye");
  EXPECT_EQ(client.get("/json"), "{\"ok\":true}");
  EXPECT_EQ(client.sut.connections(), 2u);
}

TEST(HttpClient, a_body_without_length_ends_with_the_end_of_tls) {
  RestClient client;
  EXPECT_EQ(client.get("/toend"), "to the end");
  EXPECT_EQ(client.get("/json"), "{\"ok\":true}");
}

TEST(HttpClient, a_body_that_is_cut_off_is_a_failure_and_the_client_goes_on) {
  RestClient client;
  EXPECT_NE(client.get("/cut").find("before the response was whole"), std::string::npos);
  EXPECT_TRUE(client.failure.may_have_arrived);
  EXPECT_EQ(client.get("/json"), "{\"ok\":true}");
}

TEST(HttpClient, compression_that_was_not_offered_is_refused) {
  RestClient client;
  EXPECT_NE(client.get("/gzip").find("a coding that was not offered"), std::string::npos);
}

TEST(HttpClient, a_server_that_drips_runs_into_the_deadline) {
  RestClient client({.limits = {}, .request_ns_max = 300 * kMs, .tls = {}});
  EXPECT_NE(client.get("/drip").find("no whole response within"), std::string::npos);
}

TEST(HttpClient, a_body_above_the_limit_is_refused) {
  RestClient client({.limits = {.body_bytes_max = 10'000}, .tls = {}});
  EXPECT_NE(client.get("/bytes/10001").find("above the size limit"), std::string::npos);
  EXPECT_EQ(client.get("/bytes/10000").size(), 10'000u);
}

TEST(HttpClient, a_wrong_certificate_is_told_and_nothing_was_sent) {
  RestClient client({}, "expired");
  EXPECT_NE(client.get("/json").find("certificate has expired"), std::string::npos);
  EXPECT_TRUE(client.failure.is_certificate);
  EXPECT_FALSE(client.failure.may_have_arrived);
}

TEST(HttpClient, a_request_above_the_limit_is_not_taken) {
  RestClient client;
  const std::string body(100'000, 'x');
  EXPECT_FALSE(client.sut.send({"POST", "/", "", body}, Loop::now_ns()));
  EXPECT_EQ(client.get("/json"), "{\"ok\":true}");
}

}  // namespace
}  // namespace pinstripe::net
