#include "exec/exec_stage.h"

namespace pinstripe {

void ExecStage::take(TimeNs now, const Input& in) noexcept {
  if (in.kind() == InputKind::kTimer) return venue_.on_time(now);
  if (in.kind() == InputKind::kContinue) return;
  switch (in.type()) {
    case MsgType::kOrderCommand: return venue_.on_command(now, in.as<OrderCommand>());
    case MsgType::kLevel:
    case MsgType::kTouch:
    case MsgType::kTrade:
    case MsgType::kMark:
    case MsgType::kFunding:
    case MsgType::kBookState: return venue_.on_market(now, in.as<MarketEvent>());
    default: return;  // controls concern risk; exec has none of its own
  }
}

void ExecStage::publish(const ExecReport& from, ExecReport& slot) noexcept {
  // The slot word, the publication time and the measurement stamps are the runner's.
  MsgHeader header = slot.h;
  header.origin_ns = from.h.origin_ns;
  header.cause_seq = from.h.cause_seq;
  header.cause_ring = from.h.cause_ring;
  header.flags = from.h.flags;
  header.instrument = from.h.instrument;
  header.lane = from.h.lane;
  header.venue_offset_us = from.h.venue_offset_us;
  slot = from;
  slot.h = header;
  slot.h.type = MsgType::kExecReport;
}

std::uint64_t ExecStage::state_hash() const noexcept {
  StateWriter w;
  save(w);
  return w.hash();
}

Result<void> ExecStage::load(StateReader& r) {
  if (!venue_.load(r)) {
    return fail(
        "the saved state of exec does not fit this config or is damaged; start a new session");
  }
  return {};
}

}  // namespace pinstripe
