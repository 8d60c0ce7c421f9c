#include "tools/session/standstill.h"

#include <algorithm>

#include "shm/msg/signal.h"
#include "tools/session/topology_build.h"

namespace pinstripe {
namespace {

std::uint64_t waiting_in(const SessionShot& shot, const RingSpec& ring) {
  const OutputShot* out = shot.output(ring.name);
  const InputShot* in = shot.input(ring.name);
  if (out == nullptr || in == nullptr || out->published < in->taken) return 0;
  return out->published - in->taken;
}

/// Its producer can publish no further turn.
bool is_full(const SessionPlan& plan, const SessionShot& shot, const RingSpec& ring) {
  const std::uint64_t burst = largest_burst(plan.stage(ring.producer)->kind);
  return waiting_in(shot, ring) + burst > ring.capacity;
}

}  // namespace

std::string standstill_text(const SessionPlan& plan, const SessionShot& shot) {
  std::string full, enlarge;
  for (const RingSpec& ring : plan.topology.rings) {
    if (!is_full(plan, shot, ring)) continue;
    full += (full.empty() ? "" : ", ") + ring.name + " (" +
            std::to_string(waiting_in(shot, ring)) + " of " + std::to_string(ring.capacity) + ")";
    // A full signals ring is the cause of what fills up before it.
    if (enlarge.empty() || ring.type == Signal::kRingType) enlarge = ring.name;
  }
  std::string text = "the session stands still: its stages wait for each other; without room: " +
                     (full.empty() ? "none" : full);
  if (!enlarge.empty()) text += "; raise rings." + enlarge + ".capacity";
  for (const RingSpec& ring : plan.topology.rings) {
    if (ring.name != enlarge || ring.type != Signal::kRingType) continue;
    text += " (it must hold every signal of one delay window) or models.decision_interval_ns";
  }
  return text + "; see tools/decisions/look-ahead.md";
}

std::uint64_t messages_moved(const SessionShot& shot) {
  std::uint64_t moved = 0;
  for (const StageShot& s : shot.stages) {
    for (const OutputShot& o : s.outputs) moved += o.published;
    for (const InputShot& i : s.inputs) moved += i.taken;
  }
  return moved;
}

bool StandstillWatch::look(const SessionShot& shot, std::int64_t now_ms) {
  std::uint64_t moved = messages_moved(shot);
  for (const StageShot& s : shot.stages) {
    moved += s.journal_waits;  // who waits for a disk goes on when that has room
  }
  if (moved != moved_ || moved_at_ms_ < 0) {
    moved_ = moved;
    moved_at_ms_ = now_ms;
    return false;
  }
  return now_ms - moved_at_ms_ >= patience_ms_ && all_went_round(shot) && feed_is_held_up(shot);
}

/// Long after the last movement: a heartbeat of that time belongs to a round that saw all of it.
bool StandstillWatch::all_went_round(const SessionShot& shot) const {
  return std::ranges::all_of(shot.stages, [&](const StageShot& s) {
    if (s.state == "done") return true;
    return s.state == "running" && s.heartbeat_age_ns >= 0 &&
           s.heartbeat_age_ns < patience_ms_ * kNsPerMs / 2;
  });
}

bool StandstillWatch::feed_is_held_up(const SessionShot& shot) const {
  return std::ranges::any_of(plan_.topology.rings, [&](const RingSpec& ring) {
    return plan_.stage(ring.producer)->kind == StageKind::kFeed && is_full(plan_, shot, ring);
  });
}

}  // namespace pinstripe
