// Stage processes of a session: spawned beside this program, pinned, watched through pidfds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/program.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// The core each stage runs on: what the config names, else the allowed cores in pipeline order
/// (neighbours on different cores); a core of its own for each where there are enough.
std::vector<int> place_stages(const Topology& topology, const std::vector<int>& allowed);
/// Refuses a named core that this process may not use.
Result<void> check_cores(const Topology& topology, const std::vector<int>& allowed);

/// How a child ended.
struct ChildEnd {
  bool ended = false;
  int status = 0;       // as waitpid gives it
  bool clean() const noexcept { return ended && status == 0; }
  /// An orderly end with Exit::kFailed: the stage said why.
  bool gave_up() const noexcept;
  /// "exit status 1", "killed by signal 9 (Killed)".
  std::string text() const;
};

/// One stage process. Movable handle; the pidfd is closed with it, the process is not.
class Child {
 public:
  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Starts `program` with `arguments` on `core` (-1: unchanged), standard error to `log_file`. The
  /// child gets SIGTERM when this process dies.
  static Result<Child> spawn(std::string name, const Program& program,
                             const std::vector<std::string>& arguments, int core,
                             const std::string& log_file);
  const std::string& name() const noexcept { return name_; }
  pid_t pid() const noexcept { return pid_; }
  int pidfd() const noexcept { return pidfd_; }
  /// Looks whether it has ended, without waiting.
  const ChildEnd& poll();
  bool running() { return pid_ > 0 && !poll().ended; }
  void signal(int number) noexcept;

 private:
  std::string name_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  ChildEnd end_;
};

/// Waits until `child` ends or `milliseconds` pass.
void wait_for(Child& child, int milliseconds);
/// Waits until one of the children ends, `milliseconds` pass, or a signal arrives.
void wait_for_any(const std::vector<Child*>& children, int milliseconds);

}  // namespace pinstripe
