#include "tests/sim/world.h"

#include "shm/base/hash.h"
#include "shm/ring/ring_word.h"

namespace pinstripe::sim {
namespace {

std::uint64_t hash_of(const MsgHeader& message, std::uint32_t bytes) {
  constexpr std::size_t kStampsAt = offsetof(MsgHeader, publish_ticks);
  const auto* at = reinterpret_cast<const std::byte*>(&message);
  Hasher h;
  h.bytes(at + sizeof(message.word), kStampsAt - sizeof(message.word));
  h.bytes(at + sizeof(MsgHeader), bytes - sizeof(MsgHeader));
  return h.value();
}

std::string message_text(const RingTape& ring, std::uint64_t number) {
  return "message " + std::to_string(number) + " of ring " + ring.name();
}

}  // namespace

std::string RingTape::look() {
  std::string wrong;
  for (;;) {
    const std::uint64_t number = seen_.size();
    const MsgHeader& message = *view_.slot(number);
    const std::uint64_t word = message.word;
    if (word > 2 * number + 2) {
      return message_text(*this, number) + " was written over before anybody saw it";
    }
    if (word != 2 * number + 2) break;
    if (!reports_ && message.event_ns.value < watermark_ && wrong.empty()) {
      wrong = message_text(*this, number) + " at " + std::to_string(message.event_ns.value) +
              " comes after the watermark " + std::to_string(watermark_);
    }
    seen_.push_back(hash_of(message, view_.message_bytes));
    if (each_) each_(number, message);
  }
  const std::int64_t w = ring_word::load_acquire(&view_.header()->watermark_ns);
  if (!reports_ && w < watermark_ && wrong.empty()) {
    wrong = "the watermark of ring " + name_ + " went back";
  }
  watermark_ = w;
  return wrong;
}

std::string Comparison::so_far(const World& world) {
  for (std::size_t r = 0; r < world.rings.size(); ++r) {
    const auto& seen = world.rings[r].seen();
    const auto& expected = reference_.rings[r];
    for (std::size_t& n = compared_[r]; n < seen.size(); ++n) {
      if (n >= expected.size()) return message_text(world.rings[r], n) + " is one too many";
      if (seen[n] != expected[n]) return message_text(world.rings[r], n) + " differs";
    }
  }
  return {};
}

std::string Comparison::at_end(const World& world) {
  for (std::size_t r = 0; r < world.rings.size(); ++r) {
    const std::size_t seen = world.rings[r].seen().size();
    if (seen == reference_.rings[r].size()) continue;
    return message_text(world.rings[r], seen) + " is missing";
  }
  for (std::size_t p = 0; p < world.parties.size(); ++p) {
    if (world.parties[p]->state_hash() == reference_.states[p]) continue;
    return "stage " + world.parties[p]->name() + " ended in another state";
  }
  return {};
}

}  // namespace pinstripe::sim
