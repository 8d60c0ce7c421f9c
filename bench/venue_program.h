// The simulated exchange beside a bench: `pinstripe-venue` of this build on a free port, ended with
// this object.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "bench/machine.h"

namespace pinstripe::bench {

class VenueProgram {
 public:
  /// Returns once it serves; throws where it does not. Its files lie in `folder`, and it runs on
  /// `core` alone.
  VenueProgram(nlohmann::ordered_json config, const std::filesystem::path& folder, int core)
      : folder_(folder), core_(core) {
    config["ca_file"] = ca_file();
    std::ofstream(folder / "venue.json") << config.dump();
    start();
    const std::filesystem::path ready = folder / "port.json";
    for (int i = 0; i < kPatienceMs / 10 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) {
      std::ifstream in(ready);
      const auto told = nlohmann::json::parse(in, nullptr, false);
      if (told.is_object()) {
        port_ = told.at("port").get<int>();
        return;
      }
      ::usleep(10'000);
    }
    stop();
    throw std::runtime_error("pinstripe-venue did not start; `pinstripe venue --config " +
                             (folder / "venue.json").string() + "` says why");
  }
  ~VenueProgram() { stop(); }
  VenueProgram(const VenueProgram&) = delete;
  VenueProgram& operator=(const VenueProgram&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string ca_file() const { return (folder_ / "ca.pem").string(); }
  /// When each stream message left (tools/venue/send_stamps.h); whole once it has stopped.
  std::string stamps_file() const { return (folder_ / "stamps").string(); }

  void stop() noexcept {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  static constexpr int kPatienceMs = 30'000;

  void start() {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    const std::string program = (self.parent_path() / "pinstripe-venue").string();
    const std::string config = (folder_ / "venue.json").string();
    const std::string ready = (folder_ / "port.json").string();
    const std::string stamps = stamps_file();
    const std::string log = (folder_ / "venue.log").string();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    pin(core_);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out >= 0) ::dup2(out, STDOUT_FILENO);
    if (out >= 0) ::dup2(out, STDERR_FILENO);
    ::execl(program.c_str(), program.c_str(), "--config", config.c_str(), "--port-file",
            ready.c_str(), "--stamps", stamps.c_str(), nullptr);
    ::_exit(127);
  }

  std::filesystem::path folder_;
  int core_ = 0;
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace pinstripe::bench
