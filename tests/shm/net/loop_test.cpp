// The loop over plain sockets: what it tells, and when TCP's acknowledgements go out.
#include "shm/net/loop.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "shm/base/units.h"

namespace pinstripe::net {
namespace {

struct Heard final : SocketEvents {
  void on_connected(int error) noexcept override { connected = error; }
  void on_received(std::string_view bytes, std::int64_t) noexcept override { text += bytes; }
  void on_writable() noexcept override {}
  void on_ended(int error) noexcept override { ended = error; }
  std::string text;
  int connected = -1;
  int ended = -1;
};

class LoopTest : public ::testing::Test {
 protected:
  LoopTest() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(to);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&to), bytes), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&to), &bytes), 0);
    std::memcpy(&address_.storage, &to, bytes);
    address_.bytes = bytes;
  }
  ~LoopTest() override {
    if (peer_ >= 0) ::close(peer_);
    ::close(listener_);
  }
  std::unique_ptr<Loop> open(const Loop::Options& options) {
    auto loop = Loop::open(options);
    EXPECT_TRUE(loop) << loop.error().message;
    return std::move(*loop);
  }
  SocketId connect(Loop& loop) {
    const SocketId id = loop.connect(address_, heard_);
    EXPECT_NE(id.life, 0U);
    peer_ = ::accept(listener_, nullptr, nullptr);
    while (heard_.connected < 0) loop.wait(kNsPerMs);
    EXPECT_EQ(heard_.connected, 0);
    return id;
  }
  /// Sends from the peer, and polls until all of it is here.
  void pass(Loop& loop, const std::string& text) {
    const std::size_t wanted = heard_.text.size() + text.size();
    ASSERT_EQ(::send(peer_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    while (heard_.text.size() < wanted && heard_.ended < 0) loop.poll();
  }
  /// Bytes that the peer has sent and that are not acknowledged.
  int unacknowledged() const {
    int bytes = -1;
    EXPECT_EQ(::ioctl(peer_, SIOCOUTQ, &bytes), 0);
    return bytes;
  }

  int listener_ = -1;
  int peer_ = -1;
  Address address_;
  Heard heard_;
};

TEST_F(LoopTest, idle_polls_acknowledge_what_came) {
  const auto loop = open({});
  connect(*loop);
  for (int i = 0; i < 200; ++i) {
    pass(*loop, std::string(100 + static_cast<std::size_t>(i) * 37 % 4'000, 'x'));
    for (int idle = 0; idle < 3;) idle = loop->poll() == 0 ? idle + 1 : 0;
    ASSERT_EQ(unacknowledged(), 0) << "after message " << i;
  }
}

TEST_F(LoopTest, what_came_is_acknowledged_before_the_loop_sleeps) {
  const auto loop = open({});
  connect(*loop);
  pass(*loop, "one message");
  loop->wait(1);
  EXPECT_EQ(unacknowledged(), 0);
}

TEST_F(LoopTest, a_socket_closed_with_an_acknowledgement_owed_leaves_the_next_one_whole) {
  const auto loop = open({.sockets_max = 1});
  for (int i = 0; i < 20; ++i) {
    const SocketId id = connect(*loop);
    pass(*loop, "message " + std::to_string(i));
    loop->close(id);
    EXPECT_EQ(heard_.ended, -1);
    ::close(peer_);
    heard_ = {};
    peer_ = -1;
  }
}

}  // namespace
}  // namespace pinstripe::net
