// Rejoin: the successor of a killed stage acts on its journal again, compares what it says with
// what the rings show, publishes what they miss, and goes on (protocol 7).
//
// Nothing here is destructive. A process killed in the midst of a rejoin leaves journal and rings
// such that the next one does the same again; so each stage recovers alone, in any order.
//
// THE ARGUMENT. Let J be the last committed record, P an output ring's published count, T(i) what a
// stage has said once all that record i causes is said. A stage takes J only after everything that
// J-1 caused is in the rings (but for what waits in exec's queue), and says nothing of J before J
// is committed. Hence T(J-1) <= P <= T(J), and an input's cursor is at most J's number + 1.
//   up to J-1   outputs only compare: one that the ring does not show is a fault, not a message
//   J           outputs up to P compare, later ones are published: there was room when J was taken,
//               and consumers have only made more since
//   after J     the live loop goes on with what J has not said yet (`more()`), ports still catching
//               up where P lies in its midst
// Bad schedules that this refuses: a journal behind the ring (P > T(J): someone else wrote), one
// that decides otherwise (a slot or a digest differs), a ring released past the journal.
//
// Everything that a kill may cut through here is trivially destructible, so that the fault
// simulator may leave it at any step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "shm/run/journal_layout.h"
#include "shm/run/policy.h"

namespace pinstripe {

enum class RejoinEnd : std::uint8_t {
  kDone,
  kDiverged,       // output `number` of `port` is not what the ring holds, from byte `offset` on
  kDigestDiffers,  // the outputs of `port` up to a stated count are not those stated
  kNotPublished,   // output `number` of `port` follows from a record before the last, but lacks
  kBehindRing,     // the ring shows outputs of `port` that no record explains
  kReleased,       // input `port` was released further than the journal says
  kSourceMoved,    // feed: the source does not stand where the record says
  kUnreadable,     // the journal could not be read; the reader says why
};

/// What a rejoin did. `record`: where it stands, or what it stopped at.
struct RejoinReport {
  RejoinEnd end = RejoinEnd::kDone;
  std::uint64_t records = 0;  // acted on
  std::uint64_t record = 0;
  std::size_t port = 0;
  std::uint64_t number = 0;
  std::uint32_t offset = 0;
};

/// Why the records were not read to their end.
enum class RejoinNext : std::uint8_t { kRecord, kEnd, kError };

namespace rejoin_detail {

template <class R>
bool outputs_hold(R& runner, RejoinReport& report) noexcept {
  for (std::size_t i = 0; i < runner.ports().size(); ++i) {
    const auto* fault = runner.ports()[i].fault();
    if (fault == nullptr) continue;
    report.end = fault->missing ? RejoinEnd::kNotPublished : RejoinEnd::kDiverged;
    report.port = i;
    report.number = fault->number;
    report.offset = fault->offset;
    return false;
  }
  return true;
}

/// Turns that come before the record `e`, then the record itself; with what `e` states compared.
template <class R>
bool act_on(R& runner, const JournalEntry& e, bool last, RejoinReport& report) noexcept {
  while (runner.owes_before(e) && runner.settle()) continue;
  if (!outputs_hold(runner, report)) return false;
  if (last) runner.hold_outputs(false);
  if (!runner.stands_before(e)) {
    report.end = RejoinEnd::kSourceMoved;
    return false;
  }
  runner.act(e);
  ++report.records;
  if (e.kind == JournalKind::kDigest || e.kind == JournalKind::kEnd) {
    if (const auto port = runner.differing_port(e); port) {
      report.end = RejoinEnd::kDigestDiffers;
      report.port = *port;
      return false;
    }
  }
  return outputs_hold(runner, report);
}

template <class R>
bool rings_fit(R& runner, RejoinReport& report) noexcept {
  for (std::size_t i = 0; i < runner.ports().size(); ++i) {
    if (!runner.ports()[i].catching_up() || runner.busy()) continue;
    report.end = RejoinEnd::kBehindRing;
    report.port = i;
    report.number = runner.ports()[i].count();
    return false;
  }
  if constexpr (requires { runner.merge(); }) {
    auto& inputs = runner.merge().inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].ring.released() > inputs[i].ring.taken()) {
        report.end = RejoinEnd::kReleased;
        report.port = i;
        report.number = inputs[i].ring.released();
        return false;
      }
    }
    for (auto& in : inputs) in.ring.release();
  }
  return true;
}

}  // namespace rejoin_detail

/// Brings `runner`, new or loaded from a checkpoint, to where its predecessor was killed. `next(e)`
/// gives the records behind that checkpoint in order, up to the last one, whose number is
/// `last_record`. Afterwards the runner's loop may run, or, where `end` is not kDone, it must not.
template <class R, class Next>
RejoinReport rejoin(R& runner, std::uint64_t last_record, Next&& next) noexcept {
  RejoinReport report;
  runner.catch_up();
  runner.hold_outputs(true);
  JournalEntry e;
  for (;;) {
    const RejoinNext got = next(e);
    if (got == RejoinNext::kEnd) break;
    if (got == RejoinNext::kError) {
      report.end = RejoinEnd::kUnreadable;
      return report;
    }
    report.record = e.number;
    if (e.kind == JournalKind::kSegmentEnd) continue;  // it may lie in the midst of a turn
    if (!rejoin_detail::act_on(runner, e, e.number == last_record, report)) return report;
  }
  runner.hold_outputs(false);
  // A source that can be read again has no record for each frame: it is read to the rings' place.
  if constexpr (requires { runner.read_on(); }) {
    while (runner.catching_up() && runner.read_on()) continue;
    if (!rejoin_detail::outputs_hold(runner, report)) return report;
  }
  (void)rejoin_detail::rings_fit(runner, report);
  return report;
}

/// The report for people: what differs where, and what to do. `output` and `input` name rings.
template <class NameOf, class InputOf>
std::string rejoin_text(const RejoinReport& r, NameOf&& output, InputOf&& input) {
  const std::string at = "journal record " + std::to_string(r.record) + ": ";
  const std::string number = std::to_string(r.number);
  switch (r.end) {
    case RejoinEnd::kDone: return "";
    case RejoinEnd::kDiverged:
      return at + "diverged: message " + number + " of ring '" + output(r.port) +
             "' differs at byte " + std::to_string(r.offset) +
             " from what the process before it published";
    case RejoinEnd::kDigestDiffers:
      return at + "diverged: the outputs to ring '" + output(r.port) +
             "' have another digest than the journal states";
    case RejoinEnd::kNotPublished:
      return at + "diverged: message " + number + " of ring '" + output(r.port) +
             "' follows from the journal, but was never published";
    case RejoinEnd::kBehindRing:
      return "journal behind ring: '" + output(r.port) + "' shows messages from number " + number +
             " on that no record explains";
    case RejoinEnd::kReleased:
      return "journal behind ring: '" + input(r.port) + "' was released up to message " + number +
             ", further than the journal says";
    case RejoinEnd::kSourceMoved:
      return at + "the source of frames does not stand where the journal says: a file has another "
             "size or time of change than when it was read; put the session's own files there "
             "again, with their times (cp -p, touch -r)";
    case RejoinEnd::kUnreadable: return at + "the journal cannot be read further";
  }
  return "";
}

}  // namespace pinstripe
