// Runs the built programs as a user does, in a root of their own for sessions and caches.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pinstripe {

struct CommandResult {
  int exit = -1;        // exit status, or 128 + signal
  std::string out;      // standard output
  std::string err;      // standard error
  long peak_kib = 0;    // most memory it ever held
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// A started program, its output going to files until `wait`.
struct StartedCommand {
  pid_t pid = -1;
  std::string out_file, err_file;
};

class CliTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Runs `<bin>/pinstripe arguments...` to its end.
  CommandResult run(const std::vector<std::string>& arguments);
  /// Runs any program.
  CommandResult run_program(const std::vector<std::string>& command);
  StartedCommand start(const std::vector<std::string>& arguments);
  CommandResult wait(const StartedCommand& started);
  /// The program has ended; `wait` gives what it left.
  static bool has_ended(const StartedCommand& started);
  /// Writes a session config; gives its path.
  std::string config(const std::string& text, const std::string& name = "session");
  /// A config of the synthetic market with one member that trades; `more` are further keys, each
  /// with a comma behind it.
  std::string trading_config(const std::string& more = "", const std::string& name = "session");
  /// The same in real time and for ten minutes: on no machine does it end before the test ends it.
  std::string paced_config(const std::string& more = "");
  /// Waits until the session's stages run and its first event has come; false after a minute or so.
  bool wait_until_running(const std::string& session);
  /// Session directories that exist now.
  std::vector<std::string> leftovers() const;

  std::filesystem::path folder_;   // configs, models
  std::filesystem::path root_;     // PINSTRIPE_SHM_ROOT
  std::string bin_;
  int started_ = 0;

 private:
  std::string trading_text(const std::string& more, int seconds);
  std::vector<pid_t> running_;     // started and not waited for
};

/// A logistic model on the imbalance of the touch: trades often on the synthetic market.
void write_imbalance_model(const std::string& path, std::uint64_t registry_hash_change = 0);

}  // namespace pinstripe
