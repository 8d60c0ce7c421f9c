// The account as JSON for scripts and as text for people.
#include <cmath>

#include <nlohmann/json.hpp>

#include "shm/run/machine_time.h"
#include "tools/session/account.h"
#include "tools/session/latency_json.h"
#include "tools/session/text_table.h"
#include "tools/session/watch_text.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

Json latency_json(const LatencyShot& l) {
  if (l.count == 0) return nullptr;
  return {{"count", l.count}, {"p50", l.p50_ns}, {"p99", l.p99_ns}, {"p999", l.p999_ns},
          {"max", l.max_ns}};
}

namespace {

Json optional_json(const std::optional<double>& v) { return v ? Json(*v) : Json(nullptr); }
double money(std::int64_t e8) { return static_cast<double>(e8) / 1e8; }

Json counts_json(const std::vector<std::pair<std::string, std::int64_t>>& counts) {
  Json out = Json::object();
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

Json instrument_json(const InstrumentAccount& a) {
  Json j;
  j["id"] = a.id;
  j["position_lots"] = a.position_lots;
  j["settle_asset"] = a.settle_asset;
  j["gross_pnl"] = money(a.gross_pnl_e8);
  j["fees"] = money(a.fees_e8);
  j["funding"] = a.funding_e8 ? Json(money(*a.funding_e8)) : Json(nullptr);
  if (!a.funding_e8) j["funding_reason"] =
      "a funding rate was not known; name a file under 'funding'";
  j["net_pnl"] = money(a.net_pnl_e8);
  j["gross_pnl_e8"] = a.gross_pnl_e8;
  j["fees_e8"] = a.fees_e8;
  j["net_pnl_e8"] = a.net_pnl_e8;
  j["turnover"] = money(a.turnover_e8);
  j["orders"] = a.orders;
  j["fills"] = a.fills;
  j["fill_ratio"] = optional_json(a.fill_ratio);
  j["markout_bps"] = {{"1s", optional_json(a.markout_1s_bps)},
                      {"5s", optional_json(a.markout_5s_bps)},
                      {"maker_1s", optional_json(a.maker_markout_1s_bps)},
                      {"maker_5s", optional_json(a.maker_markout_5s_bps)}};
  j["break_even_fee_bps"] = optional_json(a.break_even_bps);
  j["maker_fee_bps"] = a.maker_fee_bps;
  j["mark"] = a.mark_is_mid ? "mid" : "mark";
  return j;
}

Json hop_json(const StageShot& s) {
  Json j;
  j["stage"] = s.name;
  j["queueing_ns"] = latency_json(s.queueing);
  j["service_ns"] = latency_json(s.service);
  j["longest_turn_ns"] = s.longest_turn_ns;
  j["budget_breaches"] = s.budget_breaches;
  j["voluntary_switches"] = s.voluntary_switches;
  j["involuntary_switches"] = s.involuntary_switches;
  j["minor_faults"] = s.minor_faults;
  j["major_faults"] = s.major_faults;
  j["allocations_after_seal"] = s.allocations_after_seal;
  j["hot_path_faults"] = s.hot_path_faults;
  j["journal_records"] = s.journal_records;
  j["journal_waits"] = s.journal_waits;
  j["recoveries"] = s.recoveries;
  return j;
}

std::string shown_bps(const std::optional<double>& v) { return v ? shown_fixed(*v, 2) : "-"; }

std::string head_text(const SessionPlan& plan, const Account& a) {
  std::string out = "session " + a.session + ": " +
      shown_fixed(static_cast<double>(a.simulated_ns) / 1e9, 1) +
                    (a.live ? " s live, " : " s simulated, ") +
                    (plan.speed == 0 ? "full speed" : shown_fixed(plan.speed, 0) + " x real time") +
                    (a.in_sample ? ", IN-SAMPLE" : "") + (a.perturbed ? ", perturbed" : "") +
                        "\n\n";
  TextTable t({"events", "signals", "neutral", "orders", "fills", "lost", "gaps", "dropped",
               "bad lines"});
  t.row({shown_count(a.events), shown_count(a.signals), shown_count(a.neutral),
         shown_count(a.orders), shown_count(a.fills), shown_count(a.lost), shown_count(a.gaps),
         shown_count(a.dropped_by_policy), shown_count(a.bad_lines)});
  out += t.text();
  if (a.resumable) {
    out += "\nLEFT OFF before its end: 'pinstripe up --resume " + a.session +
           "' goes on and takes the messages counted as lost\n";
  }
  if (a.watch) out += watch_account_text(*a.watch);
  if (a.liquidations == 0) return out;
  return out + "\nLIQUIDATED: the venue closed " + shown_count(a.liquidations) +
         " position(s) for want of margin\n";
}

std::string counts_text(const char* title, const std::vector<std::pair<std::string,
    std::int64_t>>& counts) {
  if (counts.empty()) return "";
  std::string out = std::string("\n") + title + "\n";
  std::string line = " ";
  for (const auto& [name, count] : counts) {
    const std::string item = " " + name + " " + shown_count(count) + " ";
    if (line.size() + item.size() > 96) {
      out += line + "\n";
      line = " ";
    }
    line += item;
  }
  return out + line + "\n";
}

std::string money_text(const Account& a) {
  TextTable t({"instrument", "position", "settle", "gross", "fees", "funding", "net", "fill ratio",
               "markout 1s", "5s bps"});
  for (const InstrumentAccount& i : a.instruments) {
    const int places = i.settle_asset.starts_with("USD") ? 4 : 8;
    t.row({i.id, shown_count(i.position_lots), i.settle_asset, shown_e8(i.gross_pnl_e8, places),
           shown_e8(i.fees_e8, places), i.funding_e8 ? shown_e8(*i.funding_e8, places) : "unknown",
           shown_e8(i.net_pnl_e8, places),
           i.fill_ratio ? shown_fixed(*i.fill_ratio, 2) : "-", shown_bps(i.markout_1s_bps),
           shown_bps(i.markout_5s_bps)});
  }
  std::string out = "\n" + t.text();
  for (const InstrumentAccount& i : a.instruments) {
    if (!i.break_even_bps) continue;
    out += i.id + ": break-even fee per side " + shown_fixed(*i.break_even_bps, 2) +
        " bps; yours " +
           shown_fixed(i.maker_fee_bps, 1) + " as maker, " + shown_fixed(i.taker_fee_bps, 1) +
           " as taker" + (i.mark_is_mid ? "; mark: mid" : "") + "\n";
  }
  return out;
}

std::string latency_text(const SessionPlan& plan, const Account& a) {
  TextTable t({"stage", "queueing p50", "p99", "service p50", "p99", "longest turn", "over budget",
               "switches"});
  for (const StageShot& s : a.hops) {
    const auto shown = [](const LatencyShot& l, std::int64_t v) {
      return l.count == 0 ? std::string("-") : shown_ns(v);
    };
    t.row({s.name, shown(s.queueing, s.queueing.p50_ns), shown(s.queueing, s.queueing.p99_ns),
           shown(s.service, s.service.p50_ns), shown(s.service, s.service.p99_ns),
           shown_ns(s.longest_turn_ns), shown_count(s.budget_breaches),
           shown_count(s.involuntary_switches)});
  }
  std::string out = "\n" + t.text();
  if (a.tick_to_order) {
    const LatencyShot& l = *a.tick_to_order;
    out += "tick to order (" + shown_count(static_cast<std::int64_t>(l.count)) + "): p50 " +
           shown_ns(l.p50_ns) + ", p99 " + shown_ns(l.p99_ns) + ", p99.9 " + shown_ns(l.p999_ns) +
           ", max " + shown_ns(l.max_ns) + "\n";
  } else {
    out += std::string("tick to order: ") +
           (plan.speed == 0 ? "not measured at full speed" : "no order was sent") + "\n";
  }
  out += "modelled: ";
  for (std::size_t k = 0; k < kStageKinds; ++k) {
    // exec's own delay is the way of its reports back to risk.
    const bool exec = static_cast<StageKind>(k) == StageKind::kExec;
    out += std::string(k == 0 ? "" : ", ") + kStageKindNames[k] + " " +
           shown_ns(exec ? plan.response_latency_ns : plan.latency[k].base_ns);
  }
  return out + "; members left out for age " + shown_count(a.members_left_out) + "\n";
}

}  // namespace

std::string account_json(const Account& a) {
  Json j;
  j["session"] = a.session;
  j["mode"] = kSessionModeNames[a.live ? 1 : 0];
  j["simulated_ns"] = a.simulated_ns;
  j["events"] = a.events;
  j["level_changes"] = a.level_changes;
  j["signals"] = a.signals;
  j["neutral"] = counts_json(a.neutrals);
  j["members_left_out"] = a.members_left_out;
  j["orders"] = a.orders;
  j["fills"] = a.fills;
  j["denials"] = counts_json(a.denials);
  j["lost"] = a.lost;
  if (a.resumable) j["resumable"] = true;
  if (a.watch) j["watch"] = watch_json(*a.watch, realtime_ns());
  j["gaps"] = a.gaps;
  j["bad_lines"] = a.bad_lines;
  j["dropped_by_policy"] = a.dropped_by_policy;
  j["in_sample"] = a.in_sample;
  if (a.liquidations > 0) j["liquidations"] = a.liquidations;
  if (a.perturbed) j["perturbed"] = true;
  j["instruments"] = Json::array();
  for (const InstrumentAccount& i : a.instruments) j["instruments"].push_back(instrument_json(i));
  j["orders_digest"] = shown_digest(a.orders_digest);
  j["signals_digest"] = shown_digest(a.signals_digest);
  j["state_hash"] = shown_digest(a.state_hash);
  j["journal"] = a.journal.empty() ? Json(nullptr) : Json(a.journal);
  j["tick_to_order_ns"] = a.tick_to_order ? latency_json(*a.tick_to_order) : Json(nullptr);
  j["hops"] = Json::array();
  for (const StageShot& s : a.hops) j["hops"].push_back(hop_json(s));
  return j.dump(1);
}

std::string decisions_text(const SessionPlan& plan, const Account& a) {
  return head_text(plan, a) + counts_text("denied by risk", a.denials) +
         counts_text("neutral signals", a.neutrals) + money_text(a);
}

std::string account_text(const SessionPlan& plan, const Account& a) {
  std::string out = decisions_text(plan, a) + latency_text(plan, a);
  out += "orders " + shown_digest(a.orders_digest) + "  signals " +
      shown_digest(a.signals_digest) + "\n";
  if (!a.journal.empty()) out += "journal " + a.journal + "\n";
  return out;
}

}  // namespace pinstripe
