// A stage saved and loaded at any index of a tape must go on as if nothing had happened.
//
// A tape is a list of messages with the time of their take. `TapePlayer` plays one message as a
// runner does: the timers that come before it, the message, the continued turns; what comes out is
// kept as one digest a message, over everything but the measurement fields.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "shm/base/hash.h"
#include "shm/msg/stage.h"
#include "tests/support/test_sink.h"

namespace pinstripe {

/// One message as it lay on its ring, and when it is taken.
struct TapeMessage {
  TimeNs at;
  bool feedback = false;  // taken after the timers of the same instant, else before
  alignas(64) std::array<std::byte, 448> bytes{};

  template <class Message>
  static TapeMessage of(std::int64_t at, const Message& m, bool feedback = false) {
    static_assert(sizeof(Message) <= sizeof(bytes));
    TapeMessage t;
    t.at = TimeNs(at);
    t.feedback = feedback;
    std::memcpy(t.bytes.data(), &m, sizeof(m));
    return t;
  }
  MsgHeader& header() noexcept { return *reinterpret_cast<MsgHeader*>(bytes.data()); }
  const MsgHeader& header() const noexcept {
    return *reinterpret_cast<const MsgHeader*>(bytes.data());
  }
};

/// What `stage` would put into a checkpoint now.
template <class S>
std::vector<std::byte> saved_state(const S& stage) {
  StateWriter size;
  stage.save(size);
  std::vector<std::byte> memory(size.size());
  StateWriter writer{std::span<std::byte>(memory)};
  stage.save(writer);
  return memory;
}

/// Plays a tape of ring messages into a stage.
template <class S>
class TapePlayer {
 public:
  TapePlayer(const typename S::Config& config, std::span<const TapeMessage> tape)
      : sut(config), tape_(tape) {}

  void play(std::size_t i) {
    const TapeMessage& m = tape_[i];
    for (;;) {
      const TimeNs due = sut.next_due();
      if (m.feedback ? due > m.at : due >= m.at) break;
      turn(due, Input::timer(), nullptr);
    }
    turn(m.at, Input::message(&m.header()), &m.header());
  }
  S sut;
  std::vector<std::uint64_t> out;  // digest of each message that came out

 private:
  void turn(TimeNs now, const Input& in, const MsgHeader* cause) {
    TestSink<typename S::Out> sink;
    sink.prepare(now, cause);
    sut.on_event(now, in, sink);
    while (sut.more()) sut.on_event(now, Input::continued(), sink);
    for (const auto& e : sink.entries) {
      Hasher h(e.port);
      digest_message(h, &e.message, sizeof(e.message));
      out.push_back(h.value());
    }
  }
  std::span<const TapeMessage> tape_;
};

/// A player, as `make` gives it (a unique_ptr), whose stage was loaded from `state`.
template <class Make>
auto resumed(const Make& make, const std::vector<std::byte>& state) {
  auto player = make();
  StateReader reader{std::span<const std::byte>(state)};
  const auto loaded = player->sut.load(reader);
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().message);
  EXPECT_TRUE(reader.exhausted()) << "the state holds more than load reads";
  return player;
}

/// Two things for every index: one save and load there, then the rest of the tape, against the run
/// without a break; and one run that is saved and loaded at all of them.
template <class Make>
void expect_same_after_a_load_anywhere(const Make& make, std::size_t steps) {
  auto whole = make();
  std::vector<std::vector<std::byte>> states{saved_state(whole->sut)};
  std::vector<std::size_t> out_before{0};
  for (std::size_t i = 0; i < steps; ++i) {
    whole->play(i);
    states.push_back(saved_state(whole->sut));
    out_before.push_back(whole->out.size());
  }
  const std::uint64_t hash = whole->sut.state_hash();
  for (std::size_t cut = 0; cut <= steps; ++cut) {
    auto rest = resumed(make, states[cut]);
    ASSERT_EQ(saved_state(rest->sut), states[cut]) << "saved, loaded and saved again at " << cut;
    for (std::size_t i = cut; i < steps; ++i) rest->play(i);
    ASSERT_EQ(rest->out, std::vector<std::uint64_t>(
                             whole->out.begin() + static_cast<std::ptrdiff_t>(out_before[cut]),
                             whole->out.end()))
        << "loaded at " << cut;
    ASSERT_EQ(rest->sut.state_hash(), hash) << "loaded at " << cut;
  }
  std::vector<std::uint64_t> relayed;
  for (std::size_t i = 0; i < steps; ++i) {
    auto next = resumed(make, states[i]);
    next->play(i);
    ASSERT_EQ(saved_state(next->sut), states[i + 1]) << "one step after a load at " << i;
    relayed.insert(relayed.end(), next->out.begin(), next->out.end());
  }
  EXPECT_EQ(relayed, whole->out);
}

/// The tape with other measurement stamps: what no state and no output may see.
inline std::vector<TapeMessage> with_other_stamps(std::vector<TapeMessage> tape) {
  std::uint32_t stamp = 7;
  for (TapeMessage& m : tape) {
    m.header().publish_ticks = stamp *= 2'654'435'761U;
    m.header().origin_ticks = stamp ^ 0x5555'5555U;
  }
  return tape;
}

/// Two players of the same length agree on outputs and on the state hash after every step.
template <class Player>
void expect_same_hashes(Player& one, Player& other, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    one.play(i);
    other.play(i);
    ASSERT_EQ(one.sut.state_hash(), other.sut.state_hash()) << "after step " << i;
  }
  EXPECT_EQ(one.out, other.out);
}

}  // namespace pinstripe
