// The WebSocket client against python3-websockets over TLS: conformance, and what goes wrong.
#include "shm/net/websocket.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Room for the largest messages of the case list, back and forth.
WsOptions large() {
  WsOptions o;
  o.send_bytes_max = 8u << 20;
  o.tls.queue_bytes = 32u << 20;
  return o;
}

TEST(WebSocket, passes_every_case_of_the_autobahn_list_as_the_independent_peer_judges) {
  WsClient counter;
  counter.run("/count");
  ASSERT_EQ(counter.messages.size(), 1u) << counter.closed.text;
  const int count = std::stoi(counter.messages[0]);
  EXPECT_GT(count, 250);
  for (int i = 0; i < count; ++i) {
    WsClient client(large());
    client.echoes = true;
    client.run("/case/" + std::to_string(i), true);
    WsClient judge;
    judge.run("/verdict/" + std::to_string(i));
    ASSERT_EQ(judge.messages.size(), 1u);
    EXPECT_TRUE(has(judge.messages[0], ": ok")) << judge.messages[0] << "; here "
                                                << client.closed.text;
  }
}

TEST(WebSocket, echoes_come_back_and_both_sides_close) {
  WsClient client;
  client.connect(PeerProcess::instance().endpoint("ws"), "/echo");
  ASSERT_TRUE(client.until([&] { return client.is_open; })) << client.closed.text;
  EXPECT_TRUE(client.sut.send_text("subscribe"));
  EXPECT_TRUE(client.sut.send_binary(std::string(60'000, '\xfe')));
  EXPECT_TRUE(client.sut.send_ping("beat"));
  ASSERT_TRUE(client.until([&] { return client.messages.size() == 2 && !client.pongs.empty(); }));
  EXPECT_EQ(client.messages[0], "subscribe");
  EXPECT_EQ(client.messages[1], std::string(60'000, '\xfe'));
  EXPECT_EQ(client.pongs[0], "beat");
  client.sut.close(1000, "done", Loop::now_ns());
  EXPECT_FALSE(client.sut.send_text("late"));
  ASSERT_TRUE(client.until([&] { return client.closes == 1; }));
  EXPECT_EQ(client.closed.code, 1000);
  EXPECT_TRUE(client.closed.was_open);
}

TEST(WebSocket, compression_is_taken_up_only_where_it_was_offered) {
  for (const bool offered : {false, true}) {
    WsClient client;
    client.connect(PeerProcess::instance().endpoint("ws"), "/deflate", offered);
    ASSERT_TRUE(client.until([&] { return client.is_open; }));
    EXPECT_EQ(client.sut.is_compressed(), offered);
    for (int i = 0; i < 20; ++i) client.sut.send_text(std::string(500, 'z') + std::to_string(i));
    ASSERT_TRUE(client.until([&] { return client.messages.size() == 20; }));
    EXPECT_EQ(client.messages[19], std::string(500, 'z') + "19");
  }
}

TEST(WebSocket, messages_bear_the_time_of_their_arrival) {
  for (const bool by_kernel : {true, false}) {
    WsClient client({}, "", {.kernel_stamps = by_kernel});
    client.run("/flood/200");
    ASSERT_EQ(client.stamps.size(), 200u);
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    const std::int64_t now = t.tv_sec * 1'000'000'000 + t.tv_nsec;
    EXPECT_TRUE(std::ranges::is_sorted(client.stamps));
    EXPECT_LE(client.stamps.back(), now);
    EXPECT_GT(client.stamps.front(), now - 20'000 * kMs);
  }
}

TEST(WebSocket, a_flood_arrives_whole_and_in_order_through_few_small_buffers) {
  WsClient client({}, "", {.buffers = 4, .buffer_bytes = 2'048});
  client.run("/flood/20000");
  EXPECT_EQ(client.closed.code, 1000);
  ASSERT_EQ(client.messages.size(), 20'000u);
  for (std::size_t i = 0; i < client.messages.size(); ++i) {
    ASSERT_TRUE(client.messages[i].starts_with("{\"n\":" + std::to_string(i) + ","));
  }
}

/// Takes one message at a time: each stays where it is until it is let go.
struct PullingClient final : WebSocketEvents {
  explicit PullingClient(const Loop::Options& options)
      : loop(Loop::open(options).value()),
        tls(TlsContext::open({PeerProcess::instance().ca_file()}).value()),
        sut(*loop, *tls, *this, {}) {}
  void on_ws_open() noexcept override {}
  void on_ws_message(const WsMessage& m) noexcept override {
    ASSERT_TRUE(held.data() == nullptr) << "a message came while another was held";
    held = m.payload;
    stamp = m.receive_ns;
    sut.pause();
  }
  void on_ws_closed(const WsClosed&) noexcept override { is_closed = true; }
  /// The next message; null at the end.
  const std::string_view* next() {
    held = {};
    if (is_held) sut.resume();
    is_held = false;
    const std::int64_t end = Loop::now_ns() + 20'000 * kMs;
    while (held.data() == nullptr && !is_closed && Loop::now_ns() < end) loop->poll_one();
    is_held = held.data() != nullptr;
    return is_held ? &held : nullptr;
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<TlsContext> tls;
  bool is_closed = false, is_held = false;
  std::string_view held;
  std::int64_t stamp = 0;
  WebSocket sut;
};

TEST(WebSocket, messages_taken_one_at_a_time_stay_in_place_and_none_is_lost) {
  for (const unsigned buffer_bytes : {2'048u, 32'768u}) {
    PullingClient client({.buffers = 4, .buffer_bytes = buffer_bytes});
    WsRequest request;
    request.target = "/flood/20000";
    client.sut.connect(PeerProcess::instance().endpoint("ws"), request, Loop::now_ns());
    std::size_t count = 0;
    std::int64_t last = 0;
    while (const std::string_view* m = client.next()) {
      ASSERT_TRUE(m->starts_with("{\"n\":" + std::to_string(count) + ","));
      ASSERT_GE(client.stamp, last);
      last = client.stamp;
      const std::string copy(*m);
      client.sut.on_time(Loop::now_ns());  // time may pass meanwhile
      ASSERT_EQ(*m, copy);
      ++count;
    }
    EXPECT_EQ(count, 20'000u);
    EXPECT_TRUE(client.is_closed);
  }
}

TEST(WebSocket, pings_are_answered_and_told) {
  WsClient client;
  client.connect(PeerProcess::instance().endpoint("ws"), "/ping");
  ASSERT_TRUE(client.until([&] { return client.messages.size() == 1; }));
  ASSERT_EQ(client.pings.size(), 1u);
  EXPECT_EQ(client.pings[0], "are you there");
}

TEST(WebSocket, the_words_of_a_close_reach_the_owner) {
  WsClient client;
  client.run("/close");
  EXPECT_EQ(client.closed.code, 4001);
  EXPECT_EQ(client.reason, "maintenance");
}

TEST(WebSocket, the_same_socket_connects_again_and_resumes_its_tls_session) {
  WsClient client;
  std::vector<bool> resumed;
  for (int i = 0; i < 3; ++i) {
    client.is_open = false;
    client.connect(PeerProcess::instance().endpoint("ws"), "/echo");
    ASSERT_TRUE(client.until([&] { return client.is_open; })) << client.closed.text;
    resumed.push_back(client.sut.tls().is_resumed());
    client.sut.send_text("x");
    ASSERT_TRUE(client.until([&] { return client.messages.size() == std::size_t(i) + 1; }));
    client.sut.close(1000, "", Loop::now_ns());
    ASSERT_TRUE(client.until([&] { return client.sut.is_idle(); }));
  }
  EXPECT_EQ(resumed, (std::vector<bool>{false, true, true}));
}

TEST(WebSocket, speaks_tls_1_2_and_1_3) {
  for (const auto& [server, version] : {std::pair{"tls12", "TLSv1.2"}, {"ws", "TLSv1.3"}}) {
    WsClient client;
    client.connect(PeerProcess::instance().endpoint(server), "/echo");
    ASSERT_TRUE(client.until([&] { return client.is_open; })) << client.closed.text;
    EXPECT_TRUE(has(client.sut.tls().description(), version)) << client.sut.tls().description();
  }
}

TEST(WebSocket, a_host_name_is_verified_as_well_as_an_address) {
  WsClient client;
  client.connect(PeerProcess::instance().endpoint("ws", "localhost"), "/echo");
  EXPECT_TRUE(client.until([&] { return client.is_open; })) << client.closed.text;
  WsClient wrong;
  wrong.connect(PeerProcess::instance().endpoint("ws", "venue.example"), "/echo");
  ASSERT_TRUE(wrong.until([&] { return wrong.closes == 1; }));
  EXPECT_TRUE(wrong.closed.is_certificate);
  EXPECT_TRUE(has(wrong.closed.text, "ostname mismatch")) << wrong.closed.text;
}

TEST(WebSocket, certificates_of_another_host_expired_or_unknown_are_refused_with_the_reason) {
  for (const auto& [server, reason] :
       {std::pair{"other", "IP address mismatch"}, {"expired", "certificate has expired"},
        {"stranger", "unable to get local issuer certificate"}}) {
    WsClient client;
    client.run("/echo", false, server);
    EXPECT_FALSE(client.closed.was_open);
    EXPECT_TRUE(client.closed.is_certificate) << server;
    EXPECT_EQ(client.closed.code, kClosedAbnormally);
    EXPECT_TRUE(has(client.closed.text, reason)) << client.closed.text;
    EXPECT_TRUE(has(client.closed.text, "127.0.0.1:")) << client.closed.text;
  }
}

TEST(WebSocket, what_is_no_tls_and_what_does_not_listen_is_told_apart) {
  WsClient client;
  client.run("/", false, "plain");
  EXPECT_TRUE(has(client.closed.text, "TLS failed: wrong version number")) << client.closed.text;
  Endpoint nobody = PeerProcess::instance().endpoint("ws");
  nobody.addresses = resolve("127.0.0.1", 1).value().addresses;
  client.connect(nobody, "/");
  ASSERT_TRUE(client.until([&] { return client.closes == 2; }));
  EXPECT_TRUE(has(client.closed.text, "Connection refused")) << client.closed.text;
}

TEST(WebSocket, addresses_are_tried_in_order) {
  Endpoint two = PeerProcess::instance().endpoint("ws");
  two.addresses.insert(two.addresses.begin(), resolve("127.0.0.1", 1).value().addresses[0]);
  WsClient client;
  client.connect(two, "/echo");
  EXPECT_TRUE(client.until([&] { return client.is_open; })) << client.closed.text;
}

}  // namespace
}  // namespace pinstripe::net
