#include "tests/tools/cli_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "features/registry.h"
#include "tests/support/imbalance_model.h"
#include "tools/session/processes.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

}  // namespace

void CliTest::SetUp() {
  std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  std::replace(test.begin(), test.end(), '/', '-');  // a parameterised test's name
  folder_ = fs::temp_directory_path() / ("pinstripe-cli-" + test + "-" + std::to_string(getpid()));
  root_ = fs::path("/dev/shm") / ("pinstripe-test-" + test + "-" + std::to_string(getpid()));
  fs::create_directories(folder_);
  fs::create_directories(root_);
  bin_ = program_folder();
  setenv("PINSTRIPE_SHM_ROOT", root_.c_str(), 1);
  setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  setenv("XDG_STATE_HOME", (folder_ / "state").c_str(), 1);
}

/// What a failed test leaves running would disturb the next.
void CliTest::TearDown() {
  for (const pid_t pid : running_) {
    kill(pid, SIGTERM);
    bool ended = false;
    for (int i = 0; i < 1'000 && !ended; ++i) {
      ended = waitpid(pid, nullptr, WNOHANG) != 0;
      if (!ended) usleep(10'000);
    }
    if (ended) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  fs::remove_all(folder_);
  fs::remove_all(root_);
}

StartedCommand CliTest::start(const std::vector<std::string>& command) {
  StartedCommand s;
  const std::string stem = (folder_ / ("command" + std::to_string(started_++))).string();
  s.out_file = stem + ".out";
  s.err_file = stem + ".err";
  std::vector<char*> argv;
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  s.pid = fork();
  if (s.pid == 0) {
    dup2(open(s.out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(s.err_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  running_.push_back(s.pid);
  return s;
}

CommandResult CliTest::wait(const StartedCommand& started) {
  int status = 0;
  rusage used{};
  wait4(started.pid, &status, 0, &used);
  std::erase(running_, started.pid);
  CommandResult r;
  r.peak_kib = used.ru_maxrss;
  r.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  r.out = text_of(started.out_file);
  r.err = text_of(started.err_file);
  return r;
}

bool CliTest::has_ended(const StartedCommand& started) {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(started.pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == started.pid;
}

CommandResult CliTest::run_program(const std::vector<std::string>& command) {
  return wait(start(command));
}

CommandResult CliTest::run(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{bin_ + "/pinstripe"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command);
}

std::string CliTest::config(const std::string& text, const std::string& name) {
  const std::string file = (folder_ / (name + ".json")).string();
  std::ofstream(file) << text;
  return file;
}

std::string CliTest::trading_text(const std::string& more, int seconds) {
  write_imbalance_model((folder_ / "model.json").string());
  return "{" + more + "\"for_ns\": " + std::to_string(seconds) + R"(000000000,
    "market": {"seed": 5, "rate_per_s": 500, "gap_at_s": 12, "gap_resync_s": 1},
    "models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
    "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})";
}

std::string CliTest::trading_config(const std::string& more, const std::string& name) {
  return config(trading_text(more, 20), name);
}

std::string CliTest::paced_config(const std::string& more) {
  return config(trading_text(R"("speed": 1,)" + more, 600));
}

bool CliTest::wait_until_running(const std::string& session) {
  for (int i = 0; i < 1'200; ++i) {
    const CommandResult status = run({"status", session, "--json"});
    if (status.exit == 0) {
      // Running is not enough: a session stopped before its first event has nothing to account for.
      bool all = true;
      const auto json = status.json();
      for (const auto& stage : json.at("stages")) all = all && stage.at("state") == "running";
      if (all && json.at("stages").at(0).at("event_ns") > 0) return true;
    }
    usleep(50'000);
  }
  return false;
}

std::vector<std::string> CliTest::leftovers() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root_)) names.push_back(entry.path().filename());
  return names;
}

void write_imbalance_model(const std::string& path, std::uint64_t registry_hash_change) {
  const ModelFile m = imbalance_model(registry_hash() ^ registry_hash_change, kNsPerSecond);
  const auto saved = save_model(m, path);
  ASSERT_TRUE(saved) << saved.error().message;
}

}  // namespace pinstripe
