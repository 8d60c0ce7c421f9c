// One io_uring for all connections of a thread: bytes come by multishot receives into a ring of
// provided buffers, so that nothing is submitted and nothing is copied per message beyond what the
// kernel does, and a poll that finds nothing makes no system call (it reads one flag that the
// kernel sets).
//
// Receive stamps are the kernel's (SO_TIMESTAMPNS, taken where the packet enters the stack), else
// the clock at the completion. Both are CLOCK_REALTIME.
//
// Acknowledgements of TCP go out when nothing else is there to do. The kernel would send each from
// within the receive, on this thread, before the bytes are handed over: a walk through the whole
// stack in front of every message.
//
// One thread. A handler may send, connect and close, on its own socket too; it must not poll.
// Sends are plain non-blocking system calls: one either way, and no buffer of ours stays with the
// kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "shm/base/result.h"
#include "shm/net/address.h"

namespace pinstripe::net {

/// What a socket tells its owner.
class SocketEvents {
 public:
  /// `error`: 0, or an errno.
  virtual void on_connected(int error) noexcept = 0;
  /// The bytes hold until the handler returns. `realtime_ns`: when they came, ns since the epoch.
  virtual void on_received(std::string_view bytes, std::int64_t realtime_ns) noexcept = 0;
  /// A send that found no room may be tried again.
  virtual void on_writable() noexcept = 0;
  /// Nothing comes any more. `error`: 0 at the end of the stream, or an errno. Close the socket.
  virtual void on_ended(int error) noexcept = 0;

 protected:
  ~SocketEvents() = default;
};

/// Names one socket of a loop; of a closed one nothing is heard again.
struct SocketId {
  std::uint32_t slot = 0;
  std::uint32_t life = 0;  // 0: none
};

class Loop {
 public:
  struct Options {
    unsigned sockets_max = 64;
    unsigned buffers = 64;           // 2^k
    unsigned buffer_bytes = 32'768;  // of one receive
    bool kernel_stamps = true;
    bool late_acks = true;  // false: the kernel decides (`pinstripe bench wire` shows both)
  };

  /// An error names the feature that this kernel does not have or does not allow.
  static Result<std::unique_ptr<Loop>> open(const Options& options);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Handles what is there. Never blocks. Number of completions.
  unsigned poll() noexcept;
  /// At most one completion: for owners that take one message at a time. True where there was one.
  bool poll_one() noexcept;
  /// The same, but sleeps up to `timeout_ns` for the first one.
  unsigned wait(std::int64_t timeout_ns) noexcept;

  /// Begins to connect. Everything else, an immediate failure too, comes through `events`, from
  /// poll() or wait(). Life 0 where all sockets are taken.
  SocketId connect(const Address& address, SocketEvents& events) noexcept;
  /// Bytes taken, 0 where the kernel has no room (on_writable follows), or -errno.
  std::int64_t send(SocketId id, std::string_view bytes) noexcept;
  /// Ends the connection; its events end with it. A no-op for one that is closed.
  void close(SocketId id) noexcept;

  /// Most bytes of one receive.
  unsigned buffer_bytes() const noexcept { return options_.buffer_bytes; }

  /// CLOCK_MONOTONIC, for deadlines.
  static std::int64_t now_ns() noexcept;

 private:
  enum class Operation : std::uint8_t { kConnect = 1, kReceive = 2, kWritable = 3 };
  struct Slot;
  struct Ring;

  explicit Loop(const Options& options);
  Result<void> start();
  Result<void> start_buffers();
  void ask_kernel() noexcept;
  unsigned handle_completions(unsigned most) noexcept;
  void handle(std::uint64_t user_data, int result, std::uint32_t flags) noexcept;
  void handle_receive(Slot& slot, std::uint32_t life, int result, std::uint32_t flags) noexcept;
  void deliver(Slot& slot, int result, unsigned buffer) noexcept;
  void watch(Slot& slot, Operation operation) noexcept;
  void receive(Slot& slot) noexcept;
  Slot* find(SocketId id) noexcept;
  void give_back(unsigned buffer) noexcept;
  void note_received(Slot& slot) noexcept;
  void note_idle(bool is_idle) noexcept;
  void acknowledge_one() noexcept;

  Options options_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<std::uint32_t[]> owing_;  // slots whose last bytes are not acknowledged by us
  unsigned owing_count_ = 0;
  unsigned idle_polls_ = 0;  // in a row
};

}  // namespace pinstripe::net
