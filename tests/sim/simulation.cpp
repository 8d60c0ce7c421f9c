#include "tests/sim/simulation.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "shm/ring/ring_word.h"

namespace pinstripe::sim {

Counts& Counts::operator+=(const Counts& o) {
  runs += o.runs;
  turns += o.turns;
  kills += o.kills;
  kills_in_rejoin += o.kills_in_rejoin;
  torn_tails += o.torn_tails;
  stalls += o.stalls;
  rejoins += o.rejoins;
  checkpoints_loaded += o.checkpoints_loaded;
  stops += o.stops;
  halts += o.halts;
  fills += o.fills;
  return *this;
}

bool Simulation::tell(std::string wrong) {
  if (!wrong.empty() && verdict_.wrong.empty()) verdict_.wrong = std::move(wrong);
  return verdict_.wrong.empty();
}

bool Simulation::ended() const {
  for (const auto& p : world_.parties) {
    if (!p->done()) return false;
  }
  return true;
}

/// What everybody can see after a turn.
bool Simulation::look() {
  for (RingTape& ring : world_.rings) tell(ring.look());
  for (const auto& p : world_.parties) tell(p->fault());
  if (expected_) tell(expected_->so_far(world_));
  return tell(world_.wrong(false));
}

std::uint64_t Simulation::draw_kill() {
  if (kills_left_ == 0 || draw(faults_.kill_one_in) != 0) return 0;
  return 1 + draw(faults_.kill_within);
}

/// The newest, the one before it, or none because it is absent or does not hold its hash.
const Checkpoint* Simulation::some_checkpoint(Party& party) {
  const auto& all = party.checkpoints();
  const std::uint64_t which = draw(4);
  if (all.empty() || which == 3) return nullptr;
  return which == 2 ? &all.front() : &all.back();
}

/// What a process leaves that dies between two stores.
void Simulation::tear_tail(Party& party) {
  const JournalView journal = party.journal().memory.view();
  const auto end = find_journal_end(journal);
  if (!end) {
    tell(party.name() + ": " + end.error().message);
    return;
  }
  const std::uint64_t number = end->position / journal.segment_bytes;
  const std::uint64_t offset = end->position % journal.segment_bytes;
  const std::uint64_t most = std::min<std::uint64_t>(journal.segment_bytes - offset, 600) / 8;
  const std::uint64_t words = 1 + draw(most);
  for (std::uint64_t i = 1; i < words; ++i) {
    const std::uint64_t at = end->position + 8 * i;
    // As often as not the word that would commit a record there: a payload may hold any bytes.
    const std::uint64_t word = draw(2) == 0 ? at ^ journal.salt(number) : rng_();
    std::memcpy(journal.segment(number) + offset + 8 * i, &word, 8);
  }
  ++verdict_.counts.torn_tails;
}

/// A slot that is claimed and not published may hold anything.
void Simulation::scribble_claimed() {
  for (const RingTape& ring : world_.rings) {
    const RingView& view = ring.view();
    MsgHeader* const slot = view.slot(ring.seen().size());
    if (slot->word != 2 * ring.seen().size() + 1) continue;
    auto* const bytes = reinterpret_cast<std::byte*>(slot);
    for (std::uint32_t i = 8; i < view.message_bytes; ++i) bytes[i] = std::byte(draw(256));
  }
}

/// k of the reports ring's watermark pair (w, k).
std::uint64_t Simulation::reports_answered() const {
  return world_.rings.back().view().header()->watermark_k;
}
/// A process may die between the stores of w and of k: then the ring shows the new w and the old k.
void Simulation::take_back_answered(std::uint64_t k) {
  world_.rings.back().view().header()->watermark_k = k;
}

void Simulation::bury(std::size_t i) {
  Party& party = *world_.parties[i];
  party.die();
  for (RingTape& ring : world_.rings) tell(ring.look());
  scribble_claimed();
  if (draw(2) == 0) tear_tail(party);
  ++verdict_.counts.kills;
  if (kills_left_ > 0) --kills_left_;
}

void Simulation::revive(std::size_t i, std::uint64_t kill_in) {
  Party& party = *world_.parties[i];
  const bool first = !states_[i].started;
  states_[i].started = true;
  party.start();
  if (!tell(party.fault())) return;
  const Checkpoint* from = first ? nullptr : some_checkpoint(party);
  const std::uint64_t before = fuse.burnt;
  const bool alive = survives(kill_in, [&] { party.rejoin(from); });
  states_[i].steps += fuse.burnt - before;
  verdict_.counts.rejoins += first ? 0 : 1;
  verdict_.counts.checkpoints_loaded += from != nullptr ? 1 : 0;
  if (alive) return;
  ++verdict_.counts.kills_in_rejoin;
  bury(i);
}

/// One turn of one party, dead or alive. Returns how much became visible.
std::uint64_t Simulation::turn(std::size_t i, std::uint64_t kill_in) {
  Party& party = *world_.parties[i];
  ++verdict_.counts.turns;
  if (!party.alive()) {
    revive(i, kill_in);
    return 1;
  }
  if (party.done()) return 0;
  volatile std::uint64_t visible = 0;
  const std::uint64_t before = fuse.burnt;
  const std::uint64_t answered = reports_answered();
  if (!survives(kill_in, [&] { visible = party.turn(); })) {
    visible = 1;
    if (fuse.last == Step::kWatermark && draw(2) == 0) take_back_answered(answered);
    bury(i);
  }
  states_[i].steps += fuse.burnt - before;
  return visible;
}

void Simulation::maybe_stall(State& s) {
  if (faults_.stall_one_in == 0 || draw(faults_.stall_one_in) != 0) return;
  (draw(3) == 0 ? s.carrier_still : s.stands_still) =
      1 + static_cast<unsigned>(draw(faults_.stall_turns));
  ++verdict_.counts.stalls;
}

void Simulation::stop_or_halt() {
  const std::uint64_t frames = world_.parties[0]->frames();
  if (faults_.halt_at > 0 && frames >= faults_.halt_at && verdict_.counts.halts == 0) {
    world_.halt();
    verdict_.counts.halts = 1;
  }
  if (faults_.stop_at > 0 && frames >= faults_.stop_at && verdict_.counts.stops == 0) {
    world_.parties[0]->stop();
    verdict_.counts.stops = 1;
  }
}

bool Simulation::run_faults() {
  const std::size_t parties = world_.parties.size();
  for (unsigned t = 0; t < faults_.turns && !ended(); ++t) {
    const std::size_t i = draw(parties);
    Party& party = *world_.parties[i];
    State& s = states_[i];
    switch (draw(8)) {
      case 0:
        if (s.carrier_still > 0) {
          --s.carrier_still;
        } else {
          party.journal().tape.carry();
        }
        break;
      case 1:
        if (faults_.helper && draw(2) == 0) party.follow(1 + draw(40));
        if (faults_.helper) party.promote();
        break;
      default:
        maybe_stall(s);
        if (s.stands_still > 0) {
          --s.stands_still;
        } else {
          for (std::uint64_t n = 1 + draw(3); n > 0; --n) turn(i, draw_kill());
        }
    }
    stop_or_halt();
    if (!look()) return false;
  }
  return true;
}

/// Everybody once, in order. Returns how much happened.
std::uint64_t Simulation::round() {
  std::uint64_t happened = 0;
  for (std::size_t i = 0; i < world_.parties.size(); ++i) {
    Party& party = *world_.parties[i];
    std::uint64_t kill_in = 0;
    if (kill_.party == i && kill_.step > states_[i].steps) kill_in = kill_.step - states_[i].steps;
    const std::uint64_t kills = verdict_.counts.kills;
    happened += turn(i, kill_in);
    if (verdict_.counts.kills > kills) {
      kill_.step = kill_.second == 0 ? 0 : states_[i].steps + kill_.second;
      kill_.second = 0;
    }
    const std::size_t carried = party.journal().tape.entries().size();
    party.journal().tape.carry();
    happened += party.journal().tape.entries().size() - carried;
    if (faults_.helper) {
      party.follow(64);
      party.promote();
    }
  }
  return happened;
}

bool Simulation::run_to_end() {
  constexpr int kIdleMost = 20;
  int idle = 0;
  while (!ended()) {
    idle = round() > 0 ? 0 : idle + 1;
    stop_or_halt();
    if (!look()) return false;
    if (idle < kIdleMost) continue;
    std::string waits;
    for (const auto& p : world_.parties) waits += p->done() ? "" : " " + p->name();
    return tell("never ends; not done:" + waits);
  }
  return true;
}

Verdict Simulation::run(const Faults& faults, const Reference* expected) {
  faults_ = faults;
  if (expected != nullptr) expected_.emplace(*expected);
  kills_left_ = faults.kills;
  verdict_.counts.runs = 1;
  if (run_faults()) {
    kills_left_ = 0;
    if (run_to_end()) {
      if (expected_) tell(expected_->at_end(world_));
      tell(world_.wrong(true));
    }
  }
  verdict_.counts.fills = world_.fills();
  return verdict_;
}

Verdict Simulation::run_with_kill(const Kill& kill, const Reference& expected) {
  kill_ = kill;
  faults_.helper = draw(2) == 0;
  expected_.emplace(expected);
  verdict_.counts.runs = 1;
  if (run_to_end()) {
    tell(expected_->at_end(world_));
    tell(world_.wrong(true));
  }
  return verdict_;
}

Reference run_undisturbed(World& world) {
  Simulation sim(world, 0);
  const Verdict v = sim.run({}, nullptr);
  PINSTRIPE_CHECK(v.wrong.empty(), v.wrong.c_str());
  Reference reference;
  for (const RingTape& ring : world.rings) reference.rings.push_back(ring.seen());
  for (std::size_t p = 0; p < world.parties.size(); ++p) {
    reference.states.push_back(world.parties[p]->state_hash());
    reference.steps.push_back(sim.steps_of(p));
  }
  return reference;
}

}  // namespace pinstripe::sim
