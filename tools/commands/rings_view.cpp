#include <algorithm>

#include <nlohmann/json.hpp>

#include "shm/msg/market_event.h"
#include "shm/ring/end_lock.h"
#include "tools/commands/views.h"
#include "tools/session/latency_json.h"
#include "tools/session/text_table.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

/// One ring, gathered from both of its stages.
struct RingRow {
  const RingSpec* spec = nullptr;
  int producer_pid = 0, consumer_pid = 0;  // 0: that end is free
  std::int64_t published = 0, taken = 0, depth = 0, lost = 0, dropped = 0;
  std::int64_t lag_ns = 0;                 // event time: producer's last message - consumer's now
  double rate_per_s = 0;
  LatencyShot queueing, service;           // of the consumer
  std::int64_t budget_ns = 0;
};

int holder_of(const SessionPlan& plan, const std::string& ring, const char* end) {
  const auto token = EndLock::holder(plan.directory + "/" + ring + "." + end + ".lock");
  return token ? token->pid : 0;
}

RingRow row_of(const RingsView& v, const RingSpec& spec) {
  RingRow row;
  row.spec = &spec;
  row.producer_pid = holder_of(v.plan, spec.name, "producer");
  row.consumer_pid = holder_of(v.plan, spec.name, "consumer");
  const OutputShot* out = v.now.output(spec.name);
  const InputShot* in = v.now.input(spec.name);
  const StageShot* consumer = v.now.stage(spec.consumer);
  if (out != nullptr) {
    row.published = static_cast<std::int64_t>(out->published);
    row.dropped = static_cast<std::int64_t>(out->dropped);
  }
  if (in != nullptr) {
    row.taken = static_cast<std::int64_t>(in->taken);
    row.queueing = in->queueing;
  }
  // The two counters are read at slightly different moments.
  row.depth = std::max<std::int64_t>(row.published - row.taken, 0);
  if (row.producer_pid == 0 && row.consumer_pid == 0) row.lost = row.depth;
  if (consumer != nullptr) {
    row.service = consumer->service;
    row.budget_ns = v.plan.budget_ns[index_of(consumer->kind)];
    if (out != nullptr && row.depth > 0 && out->last_event_ns > consumer->event_ns) {
      row.lag_ns = out->last_event_ns - consumer->event_ns;
    }
  }
  const OutputShot* before = v.earlier != nullptr ? v.earlier->output(spec.name) : nullptr;
  if (before != nullptr && out != nullptr && v.seconds > 0) {
    row.rate_per_s = static_cast<double>(out->published - before->published) / v.seconds;
  }
  return row;
}

std::string shown_end(int pid) { return pid == 0 ? "free" : std::to_string(pid); }

Json ring_json(const RingRow& r) {
  const auto end = [](const std::string& stage, int pid) {
    return Json{{"stage", stage}, {"pid", pid == 0 ? Json(nullptr) : Json(pid)},
        {"alive", pid != 0}};
  };
  return {{"name", r.spec->name},
          {"type", r.spec->type},
          {"producer", end(r.spec->producer, r.producer_pid)},
          {"consumer", end(r.spec->consumer, r.consumer_pid)},
          {"capacity", r.spec->capacity},
          {"full", r.spec->full == FullPolicy::kWait ? "wait" : "resync"},
          {"published", r.published},
          {"taken", r.taken},
          {"depth", r.depth},
          {"lag_ns", r.lag_ns},
          {"rate_per_s", r.rate_per_s},
          {"lost", r.lost},
          {"dropped_by_policy", r.dropped},
          {"queueing_ns", latency_json(r.queueing)},
          {"service_ns", latency_json(r.service)},
          {"budget_ns", r.budget_ns}};
}

}  // namespace

std::string rings_text(const RingsView& view) {
  TextTable t({"ring", "type", "ends", "depth", "lag", "rate/s", "lost", "queue p50", "p99",
               "work p99", "budget"});
  for (const RingSpec& spec : view.plan.topology.rings) {
    const RingRow r = row_of(view, spec);
    const bool timed = r.queueing.count > 0;
    t.row({spec.name, spec.type, shown_end(r.producer_pid) + ">" + shown_end(r.consumer_pid),
           shown_count(r.depth), shown_ns(r.lag_ns),
           shown_count(static_cast<std::int64_t>(r.rate_per_s)), shown_count(r.lost + r.dropped),
           timed ? shown_ns(r.queueing.p50_ns) : "-", timed ? shown_ns(r.queueing.p99_ns) : "-",
           r.service.count > 0 ? shown_ns(r.service.p99_ns) : "-", shown_ns(r.budget_ns)});
  }
  return t.text();
}

std::string rings_json(const RingsView& view) {
  Json rings = Json::array();
  for (const RingSpec& spec : view.plan.topology.rings)
    rings.push_back(ring_json(row_of(view, spec)));
  return Json{{"session", view.plan.name}, {"rings", rings}}.dump(1);
}

}  // namespace pinstripe
