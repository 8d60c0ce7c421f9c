// The independent servers of tests/shm/net/peer, started once for the test program, and clients
// that keep what they see.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "shm/net/http_client.h"
#include "shm/net/websocket.h"

namespace pinstripe::net {

/// python3-websockets and http.server behind TLS, with certificates made for this run.
class PeerProcess {
 public:
  static PeerProcess& instance() {
    static PeerProcess peer;
    return peer;
  }
  std::uint16_t port(const std::string& name) const { return ports_.at(name); }
  std::string ca_file() const { return folder_ + "/ca.pem"; }
  Endpoint endpoint(const std::string& name, const std::string& host = "127.0.0.1") const {
    Endpoint e = resolve("127.0.0.1", port(name)).value();
    e.host = host;
    return e;
  }

 private:
  PeerProcess() {
    std::string pattern = testing::TempDir() + "/pinstripe_peer_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    const std::string make = "tests/shm/net/peer/make_certificates.sh " + folder_;
    if (std::system((make + " >" + folder_ + "/log 2>&1").c_str()) != 0) {
      throw std::runtime_error("cannot make certificates; see " + folder_ + "/log");
    }
    start();
  }
  ~PeerProcess() {
    ::close(to_peer_);  // it ends with its standard input
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }

  void start() {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execl("/usr/bin/python3", "python3", "tests/shm/net/peer/peer.py", folder_.c_str(),
              nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_peer_ = in[1];
    std::FILE* const lines = ::fdopen(out[0], "r");
    std::array<char, 1024> line{};
    if (std::fgets(line.data(), line.size(), lines) == nullptr) {
      throw std::runtime_error("the peer does not start; is python3-websockets installed?");
    }
    std::istringstream words(line.data());
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      const int number = std::stoi(word.substr(equals + 1));
      ports_[word.substr(0, equals)] = static_cast<std::uint16_t>(number);
    }
    std::fclose(lines);
  }

  std::string folder_;
  std::map<std::string, std::uint16_t> ports_;
  pid_t pid_ = 0;
  int to_peer_ = -1;
};

constexpr std::int64_t kMs = 1'000'000;

/// Turns the loop until `done`, at most for 20 s; the clients' clocks with it.
template <class Client>
bool turn_until(Loop& loop, Client& client, const std::function<bool()>& done) {
  const std::int64_t end = Loop::now_ns() + 20'000 * kMs;
  while (!done() && Loop::now_ns() < end) {
    loop.wait(5 * kMs);
    client.on_time(Loop::now_ns());
  }
  return done();
}

/// A client under test: echoes if told so, keeps what came.
struct WsClient final : WebSocketEvents {
  explicit WsClient(const WsOptions& options = {}, const std::string& ca = "",
                    const Loop::Options& loop_options = {})
      : loop(Loop::open(loop_options).value()),
        tls(TlsContext::open({ca.empty() ? PeerProcess::instance().ca_file() : ca}).value()),
        sut(*loop, *tls, *this, options) {}

  void on_ws_open() noexcept override { is_open = true; }
  void on_ws_message(const WsMessage& m) noexcept override {
    stamps.push_back(m.receive_ns);
    messages.emplace_back(m.payload);
    if (echoes) m.is_text ? sut.send_text(m.payload) : sut.send_binary(m.payload);
  }
  void on_ws_pong(std::string_view payload) noexcept override { pongs.emplace_back(payload); }
  void on_ws_ping(std::string_view payload) noexcept override { pings.emplace_back(payload); }
  void on_ws_closed(const WsClosed& c) noexcept override {
    closed = c;
    reason = c.reason;
    ++closes;
  }

  void connect(const Endpoint& endpoint, const std::string& path, bool deflate = false) {
    WsRequest request;
    request.target = path;
    request.offers_deflate = deflate;
    sut.connect(endpoint, request, Loop::now_ns());
  }
  bool until(const std::function<bool()>& done) { return turn_until(*loop, sut, done); }
  /// Connects and lets it run to its end.
  void run(const std::string& path, bool deflate = false, const std::string& server = "ws") {
    const int before = closes;
    connect(PeerProcess::instance().endpoint(server), path, deflate);
    EXPECT_TRUE(until([&] { return closes > before; })) << path << " does not end";
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<TlsContext> tls;
  bool is_open = false;
  bool echoes = false;
  int closes = 0;
  std::vector<std::string> messages, pings, pongs;
  std::vector<std::int64_t> stamps;
  WsClosed closed;
  std::string reason;
  WebSocket sut;
};

}  // namespace pinstripe::net
