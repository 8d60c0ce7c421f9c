// Who owns an end of a ring (or a session): an exclusive flock, dropped by the kernel when its
// holder is gone and can store no more. A token written under the lock only names the holder for
// messages.
//
// Why not a token alone: a three-word token lets two claimants interleave, a pid is reused, and a
// zombie looks alive. A hung holder is never robbed: it is killed and its exit awaited first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shm/base/result.h"

namespace pinstripe {

/// A process, named so that a reused pid is told apart.
struct ProcessToken {
  int pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat
  std::string boot_id;
  std::string program;            // for people

  /// This process.
  static ProcessToken self();
  /// Lives: exists, started then, in this boot, and is not a zombie (Z) or dead (X).
  bool alive() const;
  /// "pid 4711 (pinstripe-feed)", with its state where it is stopped or a zombie.
  std::string text() const;
};

/// Holds the lock until destroyed. O_CLOEXEC: a child that execs does not inherit it.
class EndLock {
 public:
  /// Takes the lock at `path`, made where missing (0600). `what` names it in the refusal: "the
  /// producer end of ring 'feed.risk' is held by pid 4711 (pinstripe-feed); stop that process
  /// first ...".
  static Result<EndLock> acquire(const std::string& path, const std::string& what);
  /// The live holder, or nothing when the lock is free or the file missing. Does not take it.
  static std::optional<ProcessToken> holder(const std::string& path);

  EndLock(EndLock&& other) noexcept;
  EndLock& operator=(EndLock&& other) noexcept;
  ~EndLock();

 private:
  explicit EndLock(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace pinstripe
