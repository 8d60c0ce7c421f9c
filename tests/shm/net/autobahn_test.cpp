// The client before Autobahn's own test suite, where somebody has it: tests/shm/net/autobahn.sh
// starts the suite and this test. (Elsewhere websocket_test.cpp sends the same list of cases.)
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

/// The suite's largest messages come as 16 MiB and go back.
WsOptions as_large_as_the_suite() {
  WsOptions o;
  o.message_bytes_max = 32u << 20;
  o.send_bytes_max = 32u << 20;
  o.tls.queue_bytes = 64u << 20;
  return o;
}

/// Connects to a path of the suite and lets it run until the suite ends it; false: it does not.
bool run_at(WsClient& client, std::uint16_t port, const std::string& path) {
  Endpoint e = resolve("127.0.0.1", port).value();
  e.host = "127.0.0.1";
  client.connect(e, path, true);
  const std::int64_t end = Loop::now_ns() + 600'000 * kMs;
  while (client.closes == 0 && Loop::now_ns() < end) {
    client.loop->wait(5 * kMs);
    client.sut.on_time(Loop::now_ns());
  }
  return client.closes > 0;
}

TEST(Autobahn, its_own_suite_is_served_case_by_case) {
  const char* const port_text = std::getenv("PINSTRIPE_AUTOBAHN_PORT");
  const char* const ca = std::getenv("PINSTRIPE_AUTOBAHN_CA");
  if (port_text == nullptr || ca == nullptr) {
    GTEST_SKIP() << "run by tests/shm/net/autobahn.sh, which needs the suite";
  }
  const auto port = static_cast<std::uint16_t>(std::stoi(port_text));
  WsClient counter(as_large_as_the_suite(), ca);
  ASSERT_TRUE(run_at(counter, port, "/getCaseCount")) << counter.closed.text;
  ASSERT_EQ(counter.messages.size(), 1u);
  const int cases = std::stoi(counter.messages[0]);
  EXPECT_GT(cases, 250);
  for (int i = 1; i <= cases; ++i) {
    WsClient client(as_large_as_the_suite(), ca);
    client.echoes = true;
    EXPECT_TRUE(run_at(client, port, "/runCase?case=" + std::to_string(i) + "&agent=pinstripe"))
        << "case number " << i << " does not end";
  }
  WsClient reporter(as_large_as_the_suite(), ca);
  EXPECT_TRUE(run_at(reporter, port, "/updateReports?agent=pinstripe"));
  // What the suite made of them stands in its index.json, which autobahn.sh reads.
}

}  // namespace
}  // namespace pinstripe::net
