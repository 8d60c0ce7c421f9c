// Peers that misbehave: each is noticed in bounded time and memory, with a reason.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

struct Fault {
  const char* path;
  std::uint16_t code;
  bool was_open;
  const char* text;
};

/// Short times only where the fault is that time runs out: a busy machine is no fault.
WsOptions options_for(const std::string& path) {
  WsOptions o;
  o.message_bytes_max = 1 << 20;
  if (path == "/noanswer" || path == "/drip") o.open_ns_max = 1'500 * kMs;
  if (path == "/mute") o.open_ns_max = 300 * kMs;
  if (path == "/silent") {
    o.ping_after_ns = 100 * kMs;
    o.silence_ns_max = 400 * kMs;
  }
  return o;
}

class WsFaults : public testing::TestWithParam<Fault> {};

TEST_P(WsFaults, end_the_connection_with_a_reason) {
  const Fault& f = GetParam();
  WsClient client(options_for(f.path));
  client.run(f.path, true);
  EXPECT_EQ(client.closed.code, f.code) << client.closed.text;
  EXPECT_EQ(client.closed.was_open, f.was_open);
  EXPECT_NE(client.closed.text.find(f.text), std::string::npos) << client.closed.text;
  EXPECT_TRUE(client.sut.is_idle());
  // And the same socket goes on to a sound one.
  client.connect(PeerProcess::instance().endpoint("ws"), "/echo");
  EXPECT_TRUE(client.until([&] { return client.sut.is_open(); })) << client.closed.text;
}

INSTANTIATE_TEST_SUITE_P(
    Peers, WsFaults,
    testing::Values(
        Fault{"/refused", 1006, false, "status 404 'no stream'"},
        Fault{"/redirect", 1006, false, "status 301"},
        Fault{"/nohttp", 1006, false, "no HTTP/1.x status line"},
        Fault{"/badaccept", 1006, false, "Sec-WebSocket-Accept"},
        Fault{"/hugehead", 1006, false, "a head above the size limit"},
        Fault{"/noanswer", 1006, false, "did not end within the time given"},
        Fault{"/drip", 1006, false, "did not end within the time given"},
        Fault{"/oversize", 1009, true, "a message above the size limit"},
        Fault{"/deflate/bomb", 1009, true, "a message above the size limit"},
        Fault{"/rubbish", 1002, true, "reserved bits"},
        Fault{"/masked", 1002, true, "the server masked a frame"},
        Fault{"/cut", 1006, true, "without ending TLS"},
        Fault{"/reset", 1006, true, "the connection broke: Connection reset"},
        Fault{"/hangup", 1006, true, "the peer ended TLS"},
        Fault{"/silent", 1006, true, "silent for too long"}),
    [](const auto& fault) {
      std::string name = fault.param.path + 1;
      std::ranges::replace(name, '/', '_');
      return name;
    });

TEST(WsFaultsAtTls, a_peer_that_takes_the_connection_and_says_nothing_times_out) {
  WsClient client(options_for("/mute"));
  client.run("/", false, "mute");
  EXPECT_NE(client.closed.text.find("handshake did not end"), std::string::npos)
      << client.closed.text;
}

TEST(WsFaultsAtTls, what_came_whole_before_the_cut_counts) {
  WsClient client;
  client.run("/cut");
  EXPECT_EQ(client.messages, std::vector<std::string>{"whole"});
}

TEST(WsFaultsAtTls, a_close_before_the_connection_is_open_ends_it_at_once) {
  WsClient client;
  client.connect(PeerProcess::instance().endpoint("mute"), "/");
  client.sut.close(1000, "", Loop::now_ns());
  EXPECT_EQ(client.closes, 1);
  EXPECT_TRUE(client.sut.is_idle());
}

TEST(WsFaultsAtTls, a_message_larger_than_allowed_is_not_sent) {
  WsClient client;
  client.connect(PeerProcess::instance().endpoint("ws"), "/echo");
  EXPECT_FALSE(client.sut.send_text("not open yet"));
  ASSERT_TRUE(client.until([&] { return client.is_open; }));
  EXPECT_FALSE(client.sut.send_text(std::string(WsOptions{}.send_bytes_max + 1, 'x')));
  EXPECT_TRUE(client.sut.send_text("fits"));
  EXPECT_TRUE(client.until([&] { return client.messages.size() == 1; }));
}

TEST(WsFaultsAtTls, a_full_queue_is_told_and_drains) {
  WsOptions options;
  options.tls.queue_bytes = 100'000;
  WsClient client(options);
  client.connect(PeerProcess::instance().endpoint("ws"), "/lazy");
  ASSERT_TRUE(client.until([&] { return client.is_open; }));
  const std::string big(60'000, 'x');
  int sent = 0;
  while (sent < 1'000 && client.sut.send_text(big)) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 1'000) << "the peer reads nothing, so there is an end to what its kernel takes";
  WsClient waker;
  waker.run("/wake");
  EXPECT_TRUE(client.until([&] { return client.sut.send_text(big); })) << client.closed.text;
}

}  // namespace
}  // namespace pinstripe::net
