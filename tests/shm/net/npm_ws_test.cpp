// The WebSocket client against a second independent peer, npm's `ws`: its encoder makes the frames,
// its decoder judges what comes back. Skipped where tools/setup --tests has not brought it.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/shm/net/peer_process.h"

namespace pinstripe::net {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPackages = "tests/venue/node_modules";

/// tests/shm/net/peer/ws_peer.mjs, ended with its standard input.
class NpmPeer {
 public:
  NpmPeer() {
    const std::string own = std::string(kPackages) + "/node/bin/node";
    const std::string node = fs::exists(own) ? own : "node";
    const std::string folder = fs::path(PeerProcess::instance().ca_file()).parent_path().string();
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execlp(node.c_str(), "node", "tests/shm/net/peer/ws_peer.mjs", folder.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_peer_ = in[1];
    std::FILE* const lines = ::fdopen(out[0], "r");
    int port = 0;
    if (std::fscanf(lines, "port=%d", &port) == 1) port_ = static_cast<std::uint16_t>(port);
    std::fclose(lines);
  }
  ~NpmPeer() {
    ::close(to_peer_);
    ::waitpid(pid_, nullptr, 0);
  }
  NpmPeer(const NpmPeer&) = delete;
  NpmPeer& operator=(const NpmPeer&) = delete;

  /// 0: it did not start.
  std::uint16_t port() const { return port_; }
  Endpoint endpoint() const {
    Endpoint e = resolve("127.0.0.1", port_).value();
    e.host = "127.0.0.1";
    return e;
  }

 private:
  pid_t pid_ = 0;
  int to_peer_ = -1;
  std::uint16_t port_ = 0;
};

/// The one message of a path that says something.
std::string told(const NpmPeer& peer, const std::string& path) {
  WsClient client;
  client.connect(peer.endpoint(), path);
  EXPECT_TRUE(client.until([&] { return client.closes == 1; })) << path << " does not end";
  return client.messages.size() == 1 ? client.messages[0] : "nothing: " + client.closed.text;
}

TEST(NpmWs, passes_every_case_that_npm_ws_frames_and_judges) {
  if (!fs::exists(std::string(kPackages) + "/ws")) {
    GTEST_SKIP() << "the npm package ws is not installed; tools/setup --tests installs it";
  }
  const NpmPeer peer;
  ASSERT_NE(peer.port(), 0) << "node did not start";
  const int cases = std::stoi(told(peer, "/count"));
  EXPECT_GT(cases, 180);
  WsOptions large;
  large.send_bytes_max = 1u << 20;
  large.tls.queue_bytes = 4u << 20;
  for (int i = 0; i < cases; ++i) {
    WsClient client(large);
    client.echoes = true;
    client.connect(peer.endpoint(), "/case/" + std::to_string(i), true);
    ASSERT_TRUE(client.until([&] { return client.closes == 1; })) << "case " << i;
    const std::string verdict = told(peer, "/verdict/" + std::to_string(i));
    EXPECT_TRUE(verdict.ends_with(": ok")) << verdict << "; here " << client.closed.text;
  }
}

}  // namespace
}  // namespace pinstripe::net
