// What a stage is: a pure function of its inputs with a sink to write to (design 4).
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/base/state_io.h"
#include "shm/msg/header.h"

namespace pinstripe {

enum class InputKind : std::uint8_t {
  kMessage,   // `message()` is one ring message; its header's type says which
  kTimer,     // time alone: next_due() was reached
  kContinue,  // the stage said more(): go on with the output of the last turn
};

/// One input of a stage, as a view: a ring slot in place, or time. Valid during the call only.
class Input {
 public:
  static Input timer() noexcept { return Input(InputKind::kTimer, nullptr); }
  static Input continued() noexcept { return Input(InputKind::kContinue, nullptr); }
  static Input message(const MsgHeader* header) noexcept {
    return Input(InputKind::kMessage, header);
  }
  InputKind kind() const noexcept { return kind_; }
  MsgType type() const noexcept { return header_->type; }
  const MsgHeader& header() const noexcept { return *header_; }
  /// The message as T; the caller has looked at `type()`.
  template <class T>
  const T& as() const noexcept { return *reinterpret_cast<const T*>(header_); }

 private:
  Input(InputKind kind, const MsgHeader* header) noexcept : header_(header), kind_(kind) {}
  const MsgHeader* header_;
  InputKind kind_;
};

/// Where a stage writes. `claim(port)` gives the next slot of that output with the header filled
/// (type of Out, event/origin time, cause, venue offset and instrument of the input; flags 0) and
/// the payload zeroed; the stage writes what differs and calls `commit(port)`. At most kMaxBurst
/// messages a port and turn. In tests, `TestSink` of tests/support/test_sink.h is one.
template <class S, class Out>
concept SinkOf = requires(S s, unsigned port) {
  { s.claim(port) } noexcept -> std::same_as<Out&>;
  { s.commit(port) } noexcept;
};

/// A sink that drops everything: used by the concept check below.
template <class Out>
struct NullSink {
  Out scratch{};
  Out& claim(unsigned) noexcept { return scratch; }
  void commit(unsigned) noexcept {}
};

/// A stage. `In` is Input for all stages but feed, whose input is a frame.
/// - on_event: the only entry that changes state.
/// - next_due: the next event time at which time alone makes it act; TimeNs::max() = none.
///   When the runner delivers a timer, `now` >= next_due() and next_due() must then move on.
/// - more: output goes on in a continued turn.
/// - save writes the state canonically; state_hash is the hash of what save writes.
/// - counters()[i] is named counter_names()[i]; both fixed in number at construction. The runner
/// copies
///   them to shared memory; the account, `status` and tests read them there.
template <class T>
concept Stage = requires(T t, const T c, TimeNs now, const typename T::In& in,
                         NullSink<typename T::Out>& sink, StateWriter& w, StateReader& r) {
  typename T::Config;
  requires std::constructible_from<T, const typename T::Config&>;
  { T::kPorts } -> std::convertible_to<unsigned>;
  { T::kMaxBurst } -> std::convertible_to<unsigned>;
  { t.on_event(now, in, sink) } noexcept;
  { c.next_due() } noexcept -> std::same_as<TimeNs>;
  { c.more() } noexcept -> std::same_as<bool>;
  { c.state_hash() } noexcept -> std::same_as<std::uint64_t>;
  { c.save(w) } noexcept;
  { t.load(r) } -> std::same_as<Result<void>>;
  { c.counters() } noexcept -> std::same_as<std::span<const std::int64_t>>;
  { c.counter_names() } -> std::same_as<std::vector<std::string>>;
};

}  // namespace pinstripe
