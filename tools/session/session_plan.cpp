#include "tools/session/session_plan.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "shm/base/hash.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

const StageSpec* SessionPlan::stage(std::string_view stage_name) const noexcept {
  for (const StageSpec& s : topology.stages) {
    if (s.name == stage_name) return &s;
  }
  return nullptr;
}

const RingSpec* SessionPlan::ring(std::string_view ring_name) const noexcept {
  for (const RingSpec& r : topology.rings) {
    if (r.name == ring_name) return &r;
  }
  return nullptr;
}

std::uint16_t SessionPlan::lane_of(std::uint16_t instrument) const noexcept {
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (const std::uint16_t i : lanes[lane].instruments) {
      if (i == instrument) return static_cast<std::uint16_t>(lane);
    }
  }
  return 0;
}

std::string SessionPlan::file_path(const std::string& path) const {
  return path.empty() || path.front() == '/' || directory.empty() ? path : directory + "/" + path;
}

DelayModel SessionPlan::delay_of(StageKind kind, std::uint16_t ring_id) const {
  const LatencyPlan& l = latency[index_of(kind)];
  return DelayModel{l.base_ns, l.tail_probability, l.tail_ns, seed, ring_id};
}

std::int64_t SessionPlan::longest_feed_latency_ns() const noexcept {
  switch (feed_latency.model) {
    case FeedLatencyModel::kStamps: return feed_latency.max_ns;
    case FeedLatencyModel::kTable:
      return *std::max_element(feed_latency.table_ns.begin(), feed_latency.table_ns.end());
    case FeedLatencyModel::kConstant: break;
  }
  return base_feed_latency_ns;
}

namespace {

Json to_json(const Instrument& i) {
  Json tiers = Json::array();
  for (const MarginTier& t : i.tiers) {
    tiers.push_back({t.notional_cap_e8, t.maintenance_rate_e8, t.deduction_e8});
  }
  return {{"id", i.id},
          {"venue", i.venue},
          {"symbol", i.symbol},
          {"market", kMarketNames[static_cast<std::size_t>(i.market)]},
          {"base", i.base},
          {"quote", i.quote},
          {"settle", i.settle},
          {"tick_e8", i.tick_e8},
          {"lot_e8", i.lot_e8},
          {"multiplier_e8", i.multiplier_e8},
          {"order_step_lots", i.order_step_lots},
          {"qty_min_lots", i.qty_min.value},
          {"qty_max_lots", i.qty_max.value},
          {"notional_min_e8", i.notional_min_e8},
          {"price_band_bps", i.price_band_bps},
          {"maker_fee_e8", i.maker_fee_e8},
          {"taker_fee_e8", i.taker_fee_e8},
          {"buy_fee_in_base", i.buy_fee_in_base},
          {"tiers", tiers},
          {"valid_from_ns", i.valid_from.value}};
}

template <class Names>
std::size_t name_index(const Json& value, const Names& names) {
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (value.get<std::string>() == names[i]) return i;
  }
  throw std::runtime_error("found " + value.dump() + ", which is no known name");
}

Instrument instrument_from(const Json& j) {
  Instrument i;
  i.id = j.at("id");
  i.venue = j.at("venue");
  i.symbol = j.at("symbol");
  i.market = static_cast<Market>(name_index(j.at("market"), kMarketNames));
  i.base = j.at("base");
  i.quote = j.at("quote");
  i.settle = j.at("settle");
  i.tick_e8 = j.at("tick_e8");
  i.lot_e8 = j.at("lot_e8");
  i.multiplier_e8 = j.at("multiplier_e8");
  i.order_step_lots = j.at("order_step_lots");
  i.qty_min = QtyLots(j.at("qty_min_lots"));
  i.qty_max = QtyLots(j.at("qty_max_lots"));
  i.notional_min_e8 = j.at("notional_min_e8");
  i.price_band_bps = j.at("price_band_bps");
  i.maker_fee_e8 = j.at("maker_fee_e8");
  i.taker_fee_e8 = j.at("taker_fee_e8");
  i.buy_fee_in_base = j.at("buy_fee_in_base");
  for (const Json& t : j.at("tiers")) i.tiers.push_back({t.at(0), t.at(1), t.at(2)});
  i.valid_from = TimeNs(j.at("valid_from_ns"));
  return i;
}

Json to_json(const StreamPlan& s) {
  Json files = Json::array();
  for (const FilePlan& f : s.files) {
    files.push_back({{"path", f.path},
                     {"format", f.format},
                     {"size_bytes", f.size_bytes},
                     {"first_ns", f.first_ns},
                     {"last_ns", f.last_ns},
                     {"lines", f.lines}});
    if (f.symbol.empty()) continue;
    files.back()["symbol"] = f.symbol;
    files.back()["connections"] = f.connections;
    files.back()["rest"] = f.rest;
  }
  return {{"instrument", s.instrument},
          {"lane", s.lane},
          {"clock_offset_ns", s.clock_offset_ns},
          {"files", files}};
}

StreamPlan stream_from(const Json& j) {
  StreamPlan s;
  s.instrument = j.at("instrument");
  s.lane = j.at("lane");
  s.clock_offset_ns = j.at("clock_offset_ns");
  for (const Json& f : j.at("files")) {
    s.files.push_back({f.at("path"), f.at("format"), f.at("size_bytes"), f.at("first_ns"),
                       f.at("last_ns"), f.at("lines"), f.value("symbol", std::string()),
                       f.value("connections", std::vector<std::string>()),
                       f.value("rest", std::uint32_t{0})});
  }
  return s;
}

Json to_json(const VenuesPlan& v) {
  return {{"address", v.address},
          {"ca_file", v.ca_file},
          {"redundant", v.redundant},
          {"candles", v.candles},
          {"snapshot_levels", v.snapshot_levels},
          {"cut_over_ns", v.cut_over_ns},
          {"open_ns", v.open_ns},
          {"watch_ns", v.watch_ns}};
}

VenuesPlan venues_of(const Json& j) {
  return {j.at("address"),         j.at("ca_file"),     j.at("redundant"), j.at("candles"),
          j.at("snapshot_levels"), j.at("cut_over_ns"), j.at("open_ns"),   j.at("watch_ns")};
}

Json to_json(const JournalPlan& p) {
  return {{"on", p.on},
          {"root", p.root},
          {"directory", p.directory},
          {"segments", p.segments},
          {"segment_bytes", p.segment_bytes},
          {"on_error", kJournalOnErrorNames[static_cast<std::size_t>(p.on_error)]},
          {"keep_bytes", p.keep_bytes},
          {"keep_days", p.keep_days},
          {"checkpoint_every", p.checkpoint_every},
          {"checkpoint_lag_max", p.checkpoint_lag_max}};
}

JournalPlan journal_from(const Json& j) {
  JournalPlan p;
  p.on = j.at("on");
  p.root = j.at("root");
  p.directory = j.at("directory");
  p.segments = j.at("segments");
  p.segment_bytes = j.at("segment_bytes");
  p.on_error = j.at("on_error") == kJournalOnErrorNames[0] ? JournalOnError::kWait
                                                            : JournalOnError::kHalt;
  p.keep_bytes = j.at("keep_bytes");
  p.keep_days = j.at("keep_days");
  p.checkpoint_every = j.at("checkpoint_every");
  p.checkpoint_lag_max = j.at("checkpoint_lag_max");
  return p;
}

Json to_json(const SupervisionPlan& p) {
  return {{"restarts_max", p.restarts_max},
          {"backoff_first_ms", p.backoff_first_ms},
          {"backoff_most_ms", p.backoff_most_ms},
          {"heartbeat_limit_ms", p.heartbeat_limit_ms},
          {"stopped_limit_ms", p.stopped_limit_ms},
          {"lift_kill_limit", p.lift_kill_limit}};
}

SupervisionPlan supervision_from(const Json& j) {
  return {j.at("restarts_max"),       j.at("backoff_first_ms"), j.at("backoff_most_ms"),
          j.at("heartbeat_limit_ms"), j.at("stopped_limit_ms"), j.at("lift_kill_limit")};
}

Json to_json(const SessionFile& f) {
  return {{"role", f.role}, {"name", f.name}, {"source", f.source}, {"digest", f.digest}};
}

SessionFile session_file_from(const Json& j) {
  return {j.at("role"), j.at("name"), j.at("source"), j.at("digest")};
}

std::array<std::uint64_t, 2> session_id_from(const std::string& text) {
  std::array<std::uint64_t, 2> id{};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string half = text.size() == 32 ? text.substr(16 * i, 16) : "";
    const auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), id[i], 16);
    if (half.empty() || error != std::errc{} || end != half.data() + half.size()) {
      throw std::runtime_error("session_id is '" + text + "', expected 32 hex digits");
    }
  }
  return id;
}

Json to_json(const StageSpec& s) {
  return {{"name", s.name},
          {"kind", kStageKindNames[index_of(s.kind)]},
          {"lane", s.lane},
          {"core", s.core},
          {"wait", kWaitNames[static_cast<std::size_t>(s.wait)]},
          {"batch_max", s.batch_max}};
}

StageSpec stage_from(const Json& j) {
  StageSpec s;
  s.name = j.at("name");
  s.kind = static_cast<StageKind>(name_index(j.at("kind"), kStageKindNames));
  s.lane = j.at("lane");
  s.core = j.at("core");
  s.wait = static_cast<WaitStrategy>(name_index(j.at("wait"), kWaitNames));
  s.batch_max = j.at("batch_max");
  return s;
}

constexpr const char* kFullNames[] = {"wait", "resync"};

Json to_json(const RingSpec& r) {
  return {{"name", r.name},
          {"type", r.type},
          {"producer", r.producer},
          {"consumer", r.consumer},
          {"id", r.id},
          {"capacity", r.capacity},
          {"full", kFullNames[static_cast<std::size_t>(r.full)]}};
}

RingSpec ring_from(const Json& j) {
  RingSpec r;
  r.name = j.at("name");
  r.type = j.at("type");
  r.producer = j.at("producer");
  r.consumer = j.at("consumer");
  r.id = j.at("id");
  r.capacity = j.at("capacity");
  r.full = static_cast<FullPolicy>(name_index(j.at("full"), kFullNames));
  return r;
}

template <class T>
Json list_json(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

Json scalars_json(const SessionPlan& p) {
  return {{"name", p.name},
          {"session_id", session_id_text(p)},
          {"source", kSourceKindNames[static_cast<std::size_t>(p.source)]},
          {"venues", to_json(p.venues)},
          {"mode", mode_name(p)},
          {"speed", p.speed},
          {"for_ns", p.for_ns},
          {"from_ns", p.from_ns},
          {"to_ns", p.to_ns},
          {"events_max", p.events_max},
          {"seccomp", p.seccomp},
          {"in_sample_allowed", p.in_sample_allowed},
          {"in_sample", p.in_sample},
          {"path_budget_ns", p.path_budget_ns},
          {"base_feed_latency_ns", p.base_feed_latency_ns},
          {"feed_latency",
           {{"model", kFeedLatencyNames[static_cast<std::size_t>(p.feed_latency.model)]},
            {"max_ns", p.feed_latency.max_ns},
            {"table_ns", p.feed_latency.table_ns}}},
          {"response_latency_ns", p.response_latency_ns},
          {"response_latency_table_ns", p.response_table_ns},
          {"drain_ns", p.drain_ns},
          {"seed", p.seed},
          {"epoch", p.epoch},
          {"data_digest", p.data_digest},
          {"traded_from_ns", p.traded_from_ns},
          {"traded_to_ns", p.traded_to_ns},
          {"config_file", p.config_file},
          {"market", Json::parse(p.synthetic_json)},
          {"notes", p.notes},
          {"warnings", p.warnings}};
}

void scalars_from(const Json& j, SessionPlan& p) {
  p.name = j.at("name");
  p.session_id = session_id_from(j.at("session_id"));
  const std::string source = j.at("source");
  p.source = static_cast<SourceKind>(std::ranges::find(kSourceKindNames, source) -
                                     kSourceKindNames.begin());
  p.venues = venues_of(j.at("venues"));
  p.live = j.at("mode") == kSessionModeNames[1];
  p.speed = j.at("speed");
  p.for_ns = j.at("for_ns");
  p.from_ns = j.at("from_ns");
  p.to_ns = j.at("to_ns");
  p.events_max = j.at("events_max");
  p.seccomp = j.at("seccomp");
  p.in_sample_allowed = j.at("in_sample_allowed");
  p.in_sample = j.at("in_sample");
  p.path_budget_ns = j.at("path_budget_ns");
  p.base_feed_latency_ns = j.at("base_feed_latency_ns");
  const Json& feed = j.at("feed_latency");
  p.feed_latency = {static_cast<FeedLatencyModel>(name_index(feed.at("model"), kFeedLatencyNames)),
                    feed.at("max_ns"), feed.at("table_ns")};
  p.response_latency_ns = j.at("response_latency_ns");
  p.response_table_ns = j.at("response_latency_table_ns").get<std::vector<std::int64_t>>();
  p.drain_ns = j.at("drain_ns");
  p.seed = j.at("seed");
  p.epoch = j.at("epoch");
  p.data_digest = j.at("data_digest");
  p.traded_from_ns = j.at("traded_from_ns");
  p.traded_to_ns = j.at("traded_to_ns");
  p.config_file = j.at("config_file");
  p.synthetic_json = j.at("market").dump();
  for (const Json& n : j.at("notes")) p.notes.push_back(n);
  for (const Json& w : j.at("warnings")) p.warnings.push_back(w);
}

SessionPlan plan_from(const Json& j) {
  SessionPlan p;
  scalars_from(j.at("session"), p);
  p.journal = journal_from(j.at("journal"));
  p.supervision = supervision_from(j.at("supervision"));
  for (const Json& f : j.at("files")) p.files.push_back(session_file_from(f));
  for (const Json& i : j.at("instruments")) p.instruments.push_back(instrument_from(i));
  for (const Json& l : j.at("lanes")) {
    p.lanes.push_back({l.at("name"), l.at("instruments").get<std::vector<std::uint16_t>>()});
  }
  for (const Json& s : j.at("streams")) p.streams.push_back(stream_from(s));
  for (const Json& s : j.at("stages")) p.topology.stages.push_back(stage_from(s));
  for (const Json& r : j.at("rings")) p.topology.rings.push_back(ring_from(r));
  for (std::size_t k = 0; k < kStageKinds; ++k) {
    const Json& part = j.at("stage").at(kStageKindNames[k]);
    p.latency[k] = {part.at("latency").at("base_ns"), part.at("latency").at("tail_probability"),
                    part.at("latency").at("tail_ns")};
    p.budget_ns[k] = part.at("budget_ns");
    p.stage_json[k] = part.at("config").dump();
  }
  return p;
}

}  // namespace

std::string resolved_json(const SessionPlan& plan) {
  Json j;
  j["session"] = scalars_json(plan);
  j["journal"] = to_json(plan.journal);
  j["supervision"] = to_json(plan.supervision);
  j["files"] = list_json(plan.files);
  j["instruments"] = list_json(plan.instruments);
  j["lanes"] = Json::array();
  for (const LanePlan& l : plan.lanes) {
    j["lanes"].push_back({{"name", l.name}, {"instruments", l.instruments}});
  }
  j["streams"] = list_json(plan.streams);
  j["stages"] = list_json(plan.topology.stages);
  j["rings"] = list_json(plan.topology.rings);
  for (std::size_t k = 0; k < kStageKinds; ++k) {
    const LatencyPlan& l = plan.latency[k];
    j["stage"][kStageKindNames[k]] = {{"latency",
                                       {{"base_ns", l.base_ns},
                                        {"tail_probability", l.tail_probability},
                                        {"tail_ns", l.tail_ns}}},
                                      {"budget_ns", plan.budget_ns[k]},
                                      {"config", Json::parse(plan.stage_json[k])}};
  }
  return j.dump(1) + "\n";
}

Result<SessionPlan> parse_resolved(const std::string& text, const std::string& origin) {
  try {
    return plan_from(Json::parse(text));
  } catch (const std::exception& e) {
    return fail_usage("resolved config '" + origin + "' cannot be read: " + e.what() +
                      "; it is written by 'pinstripe up' and not meant to be edited: start anew");
  }
}

Result<SessionPlan> load_resolved(const std::string& directory) {
  const std::string file = directory + "/" + kResolvedName;
  std::ifstream in(file);
  if (!in) {
    return fail_usage("no resolved config '" + file +
                      "': prepare the session first with 'pinstripe up CONFIG --prepare'");
  }
  std::stringstream text;
  text << in.rdbuf();
  auto plan = parse_resolved(text.str(), file);
  if (plan) plan->directory = directory;
  return plan;
}

std::uint64_t config_digest(const SessionPlan& plan) {
  const std::string text = resolved_json(plan);
  Hasher h;
  h.bytes(text.data(), text.size());
  return h.value();
}

std::string session_id_text(const SessionPlan& plan) {
  char text[40];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(plan.session_id[0]),
                static_cast<unsigned long long>(plan.session_id[1]));
  return text;
}

}  // namespace pinstripe
