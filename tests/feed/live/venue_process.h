// The simulated exchange as a process of its own, for tests of our connections: started on a free
// port, told what to do wrong, asked what its books hold.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/plain_client.h"
#include "tests/support/temp_dir.h"

namespace pinstripe {

class VenueProcess {
 public:
  using Json = nlohmann::json;

  /// `config` is that of `pinstripe venue`; its ca_file is set here.
  explicit VenueProcess(Json config) {
    config["ca_file"] = folder_.path() + "/ca.pem";
    std::ofstream(folder_.path() + "/venue.json") << config.dump();
    start();
  }
  ~VenueProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  VenueProcess(const VenueProcess&) = delete;
  VenueProcess& operator=(const VenueProcess&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string ca_file() const { return folder_.path() + "/ca.pem"; }
  const std::string& folder() const { return folder_.path(); }

  PlainAnswer get(const std::string& target) const { return client().ask("GET", target); }
  PlainAnswer post(const std::string& target, const Json& body) const {
    return client().ask("POST", target, body.dump());
  }

 private:
  PlainClient client() const { return {address(), ca_file()}; }
  void start() {
    const std::string port_file = folder_.path() + "/port";
    const std::string program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pinstripe-venue").string();
    const std::string config = folder_.path() + "/venue.json";
    pid_ = ::fork();
    if (pid_ == 0) {
      static_cast<void>(std::freopen((folder_.path() + "/log").c_str(), "w", stdout));
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

  TempDir folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace pinstripe
