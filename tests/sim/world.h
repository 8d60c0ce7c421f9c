// A simulated session: its stages, its rings, and what an onlooker has seen on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shm/ring/ring_layout.h"
#include "tests/sim/party.h"

namespace pinstripe::sim {

/// Sizes that change no decision.
struct WorldShape {
  std::uint64_t capacity = 1'024;  // of data rings, slots
  std::uint32_t batch = 64;
  JournalShape journal{16'384, 3};
  std::uint64_t lag_max = 0;     // records past a checkpoint; 0: no limit
  std::uint64_t frames_max = UINT64_MAX;  // the source has no more; this one does change decisions
};

/// Reads a ring along, without being part of it. Looks after every turn, so that it misses nothing:
/// no reader frees slots within the producer's turn.
class RingTape {
 public:
  /// `each` may be null; it sees every message once, in the ring.
  using Each = std::function<void(std::uint64_t number, const MsgHeader& message)>;
  RingTape(std::string name, RingView view, bool reports, Each each = nullptr)
      : name_(std::move(name)), view_(view), reports_(reports), each_(std::move(each)) {}

  /// Takes over what is new. Empty, or what is wrong with it.
  std::string look();
  const std::string& name() const { return name_; }
  const RingView& view() const { return view_; }
  bool reports() const { return reports_; }
  /// One hash a message, of everything but the slot word and the measurement stamps.
  const std::vector<std::uint64_t>& seen() const { return seen_; }

 private:
  std::string name_;
  RingView view_;
  bool reports_;
  Each each_;
  std::vector<std::uint64_t> seen_;
  std::int64_t watermark_ = INT64_MIN;  // when it was last looked at
};

class World {
 public:
  virtual ~World() = default;
  std::vector<std::unique_ptr<Party>> parties;  // pipeline order
  std::vector<RingTape> rings;                  // the reports ring is the last
  /// What must hold of what was seen, whatever happened; empty: it does. Asked after every turn
  /// (`ended`: for the last time).
  virtual std::string wrong(bool ended) {
    static_cast<void>(ended);
    return {};
  }
  /// The carrier has nowhere to write: trading halts, from a moment that depends on the schedule.
  virtual void halt() {}
  /// Fills seen so far; a real tier's session without any would be no test.
  virtual std::uint64_t fills() const { return 0; }
};
using MakeWorld = std::function<std::unique_ptr<World>(const WorldShape&)>;

/// What an undisturbed run has published and come to.
struct Reference {
  std::vector<std::vector<std::uint64_t>> rings;
  std::vector<std::uint64_t> states;  // by party
  std::vector<std::uint64_t> steps;   // by party, of all its turns
};

/// Compares a world with what it should do, as it goes on.
class Comparison {
 public:
  explicit Comparison(const Reference& reference)
      : reference_(reference), compared_(reference.rings.size()) {}
  /// Empty, or the first message that differs among those that are new.
  std::string so_far(const World& world);
  /// The same for what is missing, and for the states.
  std::string at_end(const World& world);

 private:
  const Reference& reference_;
  std::vector<std::size_t> compared_;  // messages, by ring
};

}  // namespace pinstripe::sim
