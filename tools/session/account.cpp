#include "tools/session/account.h"

#include <algorithm>
#include <cstdio>

#include "shm/base/hash.h"
#include "shm/run/clock_file.h"

namespace pinstripe {

namespace {

using Counts = std::vector<std::pair<std::string, std::int64_t>>;

/// Counters of `kind` that begin with `prefix`, above zero, largest first.
Counts counts_with(const SessionShot& shot, StageKind kind, std::string_view prefix) {
  std::map<std::string, std::int64_t> sums;
  for (const StageShot& s : shot.stages) {
    if (s.kind != kind) continue;
    for (const auto& [name, value] : s.counters) {
      if (name.starts_with(prefix) && value > 0) sums[name.substr(prefix.size())] += value;
    }
  }
  Counts counts(sums.begin(), sums.end());
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return counts;
}

/// Mean in bps of a sum in 1e-6 bps.
std::optional<double> mean_bps(const StageShot& exec, const std::string& stem) {
  const std::int64_t n = exec.counter(stem + "_count");
  if (n == 0) return std::nullopt;
  return static_cast<double>(exec.counter(stem + "_e6_sum")) / 1e6 / static_cast<double>(n);
}

void read_money(const StageShot& risk, const std::string& at, InstrumentAccount& a) {
  a.position_lots = risk.counter(at + "position_lots");
  a.gross_pnl_e8 = risk.counter(at + "gross_pnl_e8");
  a.fees_e8 = risk.counter(at + "fees_e8");
  a.funding_e8 = risk.counter(at + "funding_e8");
  a.net_pnl_e8 = risk.counter(at + "net_pnl_e8");
  a.mark_is_mid = risk.counter(at + "mark_is_mid") != 0;
}

InstrumentAccount instrument_account(const Instrument& i, const SessionShot& shot) {
  InstrumentAccount a;
  a.id = i.id;
  a.settle_asset = i.settle;
  a.maker_fee_bps = static_cast<double>(i.maker_fee_e8) / 1e4;
  a.taker_fee_bps = static_cast<double>(i.taker_fee_e8) / 1e4;
  const std::string at = i.id + ".";
  if (const StageShot* risk = shot.stage("risk"); risk != nullptr) read_money(*risk, at, a);
  const StageShot* exec = shot.stage("exec");
  if (exec == nullptr) return a;
  if (exec->counter(at + "funding_unknown") > 0) a.funding_e8.reset();
  a.turnover_e8 = exec->counter(at + "turnover_e8");
  a.orders = exec->counter(at + "orders");
  a.fills = exec->counter(at + "fills");
  if (a.orders > 0) {
    const std::int64_t touched =
        exec->counter(at + "orders_filled") + exec->counter(at + "orders_partly_filled");
    a.fill_ratio = static_cast<double>(touched) / static_cast<double>(a.orders);
  }
  a.markout_1s_bps = mean_bps(*exec, at + "markout_1s");
  a.markout_5s_bps = mean_bps(*exec, at + "markout_5s");
  a.maker_markout_1s_bps = mean_bps(*exec, at + "maker_markout_1s");
  a.maker_markout_5s_bps = mean_bps(*exec, at + "maker_markout_5s");
  if (a.turnover_e8 > 0) {
    a.break_even_bps =
        static_cast<double>(a.gross_pnl_e8) / static_cast<double>(a.turnover_e8) * 1e4;
  }
  return a;
}

void add_output(Hasher& h, const SessionShot& shot, const std::string& ring) {
  const OutputShot* out = shot.output(ring);
  h.add(out != nullptr ? out->digest : 0);
  h.add(out != nullptr ? out->published : 0);
}

std::int64_t lost_messages(const SessionPlan& plan, const SessionShot& shot) {
  std::int64_t lost = 0;
  for (const RingSpec& r : plan.topology.rings) {
    const OutputShot* out = shot.output(r.name);
    const InputShot* in = shot.input(r.name);
    if (out == nullptr || in == nullptr) continue;
    lost += static_cast<std::int64_t>(out->published) - static_cast<std::int64_t>(in->taken);
  }
  return lost;
}

}  // namespace

std::int64_t simulated_ns(const SessionPlan& plan, const SessionShot& shot) {
  if (!plan.live) {
    const StageShot* exec = shot.stage("exec");
    return exec == nullptr ? 0 : std::max<std::int64_t>(exec->event_ns - plan.traded_from_ns, 0);
  }
  // What exec does behind the end of the stream (drain_ns) is no time that the session was live.
  std::int64_t newest = 0;
  for (const StageSpec& s : plan.topology.stages) {
    const StageShot* feed = s.kind == StageKind::kFeed ? shot.stage(s.name) : nullptr;
    if (feed != nullptr) newest = std::max(newest, feed->event_ns);
  }
  const auto clock = read_clock(plan.directory);
  return clock ? std::max<std::int64_t>(newest - clock->realtime_base, 0) : 0;
}

Account make_account(const SessionPlan& plan, const SessionShot& shot) {
  Account a;
  a.session = plan.name;
  a.live = plan.live;
  a.in_sample = plan.in_sample;
  a.events = shot.total(StageKind::kFeed, "events");
  a.level_changes = shot.total(StageKind::kFeed, "level_changes");
  a.gaps = shot.total(StageKind::kFeed, "gaps");
  a.bad_lines = shot.total(StageKind::kFeed, "bad_lines");
  for (const RingSpec& r : plan.topology.rings) {
    const OutputShot* out = shot.output(r.name);
    if (out != nullptr) a.dropped_by_policy += static_cast<std::int64_t>(out->dropped);
  }
  a.signals = shot.total(StageKind::kModels, "signals");
  a.neutrals = counts_with(shot, StageKind::kModels, "neutral.");
  for (const auto& [reason, count] : a.neutrals) a.neutral += count;
  for (const auto& [member, count] : counts_with(shot, StageKind::kModels, "left_out.")) {
    a.members_left_out += count;
  }
  a.orders = shot.total(StageKind::kExec, "new_orders");
  a.fills = shot.total(StageKind::kExec, "fills");
  a.liquidations = shot.total(StageKind::kExec, "liquidations");
  a.denials = counts_with(shot, StageKind::kRisk, "denied.");
  a.perturbed = shot.total(StageKind::kRisk, "controls") > 0;
  a.lost = lost_messages(plan, shot);
  for (const Instrument& i : plan.instruments) a.instruments.push_back(instrument_account(i, shot));
  Hasher orders, signals;
  for (const RingSpec& r : plan.topology.rings) {
    if (r.type == "order_command" || r.type == "exec_report") add_output(orders, shot, r.name);
    if (r.type == "signal") add_output(signals, shot, r.name);
  }
  std::vector<std::uint64_t> states;
  for (const StageShot& s : shot.stages) states.push_back(s.state_hash);
  a.state_hash = session_state_hash(states);
  a.journal = plan.journal.directory;
  a.orders_digest = orders.value();
  a.signals_digest = signals.value();
  if (const StageShot* exec = shot.stage("exec"); exec != nullptr) {
    a.simulated_ns = simulated_ns(plan, shot);
    if (plan.speed > 0 && exec->tick_to_order.count > 0) a.tick_to_order = exec->tick_to_order;
  }
  a.hops = shot.stages;
  return a;
}

std::uint64_t session_state_hash(std::span<const std::uint64_t> by_stage) noexcept {
  Hasher h;
  for (const std::uint64_t state : by_stage) h.add(state);
  return h.value();
}

std::string shown_digest(std::uint64_t digest) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(digest));
  return text;
}

}  // namespace pinstripe
