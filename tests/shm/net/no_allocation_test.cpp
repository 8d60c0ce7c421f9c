// Once a connection is open, messages cost no allocation: the sealed heap counts them.
#include <gtest/gtest.h>

#include "shm/run/sealed_heap.h"
#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

/// Counts only: what a test client keeps would allocate.
struct CountingClient final : WebSocketEvents {
  CountingClient()
      : loop(Loop::open({}).value()),
        tls(TlsContext::open({PeerProcess::instance().ca_file()}).value()),
        sut(*loop, *tls, *this, {}) {}
  void on_ws_open() noexcept override {}
  void on_ws_message(const WsMessage& m) noexcept override {
    ++messages;
    bytes += m.payload.size();
    if (messages < 2'000) sut.send_text("more");
  }
  void on_ws_closed(const WsClosed&) noexcept override { is_closed = true; }
  void turn_until_messages(std::uint64_t count) {
    const std::int64_t end = Loop::now_ns() + 20'000 * kMs;
    while (messages < count && !is_closed && Loop::now_ns() < end) {
      loop->wait(5 * kMs);
      sut.on_time(Loop::now_ns());
    }
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<TlsContext> tls;
  std::uint64_t messages = 0, bytes = 0;
  bool is_closed = false;
  WebSocket sut;
};

void expect_no_allocation(const char* path, bool deflate, bool asks) {
  if (!heap_can_be_sealed()) GTEST_SKIP() << "sanitizers bring their own heap";
  CountingClient client;
  WsRequest request;
  request.target = path;
  request.offers_deflate = deflate;
  client.sut.connect(PeerProcess::instance().endpoint("ws"), request, Loop::now_ns());
  while (!client.sut.is_open() && !client.is_closed) client.loop->wait(5 * kMs);
  ASSERT_TRUE(client.sut.is_open());
  if (asks) client.sut.send_text("first");
  client.turn_until_messages(10);  // OpenSSL's and zlib's first use
  const std::uint64_t before = allocations_after_seal();
  seal_heap();
  client.turn_until_messages(1'500);
  unseal_heap();
  EXPECT_GE(client.messages, 1'500u);
  EXPECT_EQ(allocations_after_seal() - before, 0u);
}

// More than the loop's buffers hold: it cannot be over before the heap is sealed.
TEST(NoAllocation, of_messages_received) { expect_no_allocation("/flood/50000", false, false); }
TEST(NoAllocation, of_messages_sent_and_received) { expect_no_allocation("/echo", false, true); }
TEST(NoAllocation, of_compressed_messages) { expect_no_allocation("/deflate", true, true); }

}  // namespace
}  // namespace pinstripe::net
