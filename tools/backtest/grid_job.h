// One child process of a grid: started, watched, its output kept until it has ended.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/session/processes.h"

namespace pinstripe {

/// Standard output and error go to files without a name, so a child never waits for its reader.
class GridJob {
 public:
  explicit GridJob(const std::vector<std::string>& command);
  GridJob(GridJob&&) noexcept;
  GridJob& operator=(GridJob&&) = delete;
  ~GridJob();  // a child that still runs is stopped and waited for

  /// Looks whether it has ended, without waiting.
  bool ended();
  bool clean() const noexcept { return end_.clean(); }
  std::string end_text() const;
  void stop() noexcept;
  int pidfd() const noexcept { return pidfd_; }

  std::string output() const { return text_of(out_.get()); }
  /// The last line of its standard error.
  std::string last_complaint() const;

 private:
  struct Close {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  static std::string text_of(std::FILE* file);

  File out_, err_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  ChildEnd end_;
  std::string problem_;  // why it could not be started
};

/// Waits until one of the jobs in `running` ends, or `milliseconds` pass.
template <class Running>
void wait_for_jobs(const Running& running, int milliseconds) {
  std::vector<pollfd> fds;
  for (const auto& r : running) {
    if (r.job.pidfd() < 0) return;  // never started: it has ended already
    fds.push_back({r.job.pidfd(), POLLIN, 0});
  }
  if (!fds.empty()) ::poll(fds.data(), fds.size(), milliseconds);
}

}  // namespace pinstripe
