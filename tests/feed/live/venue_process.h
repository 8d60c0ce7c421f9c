// The simulated exchange as a process of its own, for tests of our connections: started on a free
// port, told what to do wrong, asked what its books hold.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "shm/net/http_client.h"

namespace pinstripe {

/// One answer, waited for.
struct PlainAnswer {
  int status = 0;
  std::string body;
};

class VenueProcess {
 public:
  using Json = nlohmann::json;

  /// `config` is that of `pinstripe venue`; its ca_file is set here.
  explicit VenueProcess(Json config) {
    std::string name = "/tmp/pinstripe-venue-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder under /tmp");
    folder_ = name;
    config["ca_file"] = folder_ + "/ca.pem";
    std::ofstream(folder_ + "/venue.json") << config.dump();
    start();
  }
  ~VenueProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  VenueProcess(const VenueProcess&) = delete;
  VenueProcess& operator=(const VenueProcess&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string ca_file() const { return folder_ + "/ca.pem"; }
  const std::string& folder() const { return folder_; }

  PlainAnswer get(const std::string& target) const { return ask({.target = target}); }
  PlainAnswer post(const std::string& target, const Json& body) const {
    const std::string text = body.dump();
    return ask({.method = "POST", .target = target, .body = text});
  }

 private:
  struct Waiting final : net::HttpEvents {
    void on_http_response(const net::HttpResponse& r) noexcept override {
      answer = {r.status, std::string(r.body)};
      is_done = true;
    }
    void on_http_failure(const net::HttpFailure& f) noexcept override {
      answer = {0, f.text};
      is_done = true;
    }
    PlainAnswer answer;
    bool is_done = false;
  };

  PlainAnswer ask(const net::HttpRequest& request) const {
    auto loop = net::Loop::open({}).value();
    auto tls = net::TlsContext::open({ca_file()}).value();
    auto endpoint = net::resolve("127.0.0.1", port_).value();
    Waiting waiting;
    net::HttpClient client(*loop, *tls, endpoint, waiting, {});
    client.send(request, net::Loop::now_ns());
    while (!waiting.is_done) {
      loop->wait(5'000'000);
      client.on_time(net::Loop::now_ns());
    }
    return waiting.answer;
  }

  void start() {
    const std::string port_file = folder_ + "/port";
    const std::string program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pinstripe-venue").string();
    const std::string config = folder_ + "/venue.json";
    pid_ = ::fork();
    if (pid_ == 0) {
      static_cast<void>(std::freopen((folder_ + "/log").c_str(), "w", stdout));
      ::execl(program.c_str(), program.c_str(), "--config", config.c_str(), "--port-file",
              port_file.c_str(), nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 3'000; ++i) {
      std::ifstream in(port_file);
      const Json told = Json::parse(in, nullptr, false);
      if (told.is_object()) {
        port_ = told.at("port").get<std::uint16_t>();
        return;
      }
      ::usleep(10'000);
    }
    throw std::runtime_error("pinstripe-venue did not start: " + program);
  }

  std::string folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace pinstripe
