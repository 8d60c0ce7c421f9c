#include "tools/commands/links_view.h"

#include <algorithm>
#include <memory>

#include "feed/live/links_page.h"
#include "feed/live/market_hub.h"
#include "shm/limits/limiter.h"
#include "shm/run/steady_time.h"
#include "tools/commands/limits_view.h"
#include "tools/rest/venue_hosts.h"
#include "tools/session/text_table.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

/// Of all feeds of the session.
LinksShot all_links(const SessionPlan& plan) {
  LinksShot all;
  for (const StageSpec& s : plan.topology.stages) {
    if (s.kind != StageKind::kFeed) continue;
    auto shot = read_links_page(links_page_path(plan, s));
    if (!shot) continue;  // that feed has not begun
    all.links.insert(all.links.end(), shot->links.begin(), shot->links.end());
    all.desks.insert(all.desks.end(), shot->desks.begin(), shot->desks.end());
    for (std::size_t k = 0; k < all.resyncs.size(); ++k) {
      LinksShot::Resyncs& sum = all.resyncs[k];
      sum.count += shot->resyncs[k].count;
      sum.total_ns += shot->resyncs[k].total_ns;
      sum.longest_ns = std::max(sum.longest_ns, shot->resyncs[k].longest_ns);
      sum.late += shot->resyncs[k].late;
    }
  }
  return all;
}

/// The limiter's state where the session's requests are counted; null where it cannot be read.
std::unique_ptr<LimitState> limits_of(const SessionPlan& plan, std::int64_t now_ns) {
  auto state = read_limit_state(limits_at(plan.venues.address), now_ns);
  return state ? std::move(*state) : nullptr;
}

}  // namespace

std::string links_text(const SessionPlan& plan) {
  if (plan.source != SourceKind::kVenues) return "";
  const LinksShot shot = all_links(plan);
  TextTable links({"connection", "state", "topics", "msgs/s", "messages", "opened", "in a row",
                   "silent", "refused"});
  std::string said;
  for (const LinksShot::Link& l : shot.links) {
    links.row({l.name + (l.is_second ? " (2nd)" : ""), l.state + (l.is_alarm ? " ALARM" : ""),
               std::to_string(l.topics), shown_count(static_cast<std::int64_t>(l.rate_per_s)),
               shown_count(static_cast<std::int64_t>(l.messages)), std::to_string(l.opens),
               std::to_string(l.tries_in_row), std::to_string(l.silences),
               std::to_string(l.refusals)});
    if (!l.last.empty()) said += l.name + ": " + l.last + "\n";
  }
  std::string out = links.text() + said;
  for (const LinksShot::Desk& d : shot.desks) {
    out += "snapshots of " + d.name + ": " + std::to_string(d.answers) + " came, " +
           std::to_string(d.failures) + " failed, " + std::to_string(d.waiting) + " wait" +
           (d.waiting > 0 ? " (about " + shown_ns(d.expected_ns) + ")" : "") +
           (d.waiting > 0 && !d.last.empty() ? "; " + d.last : "") + "\n";
  }
  for (std::size_t k = 0; k < shot.resyncs.size(); ++k) {
    const LinksShot::Resyncs& r = shot.resyncs[k];
    if (r.count == 0) continue;
    out += "books brought back (" + std::string(kResyncKindNames[k]) + "): " +
           std::to_string(r.count) + ", mean " +
           shown_ns(r.total_ns / static_cast<std::int64_t>(r.count)) + ", longest " +
           shown_ns(r.longest_ns) + ", over " + shown_ns(kResyncGoalNs) + ": " +
           std::to_string(r.late) + "\n";
  }
  const std::int64_t now = steady_realtime_ns();
  if (const auto limits = limits_of(plan, now)) out += "\n" + limits_text(*limits, now);
  return out + "\n";
}

Json links_json(const SessionPlan& plan) {
  if (plan.source != SourceKind::kVenues) return nullptr;
  const LinksShot shot = all_links(plan);
  Json j{{"links", Json::array()}, {"desks", Json::array()}, {"resyncs", Json::object()},
         {"limits", nullptr}};
  for (std::size_t k = 0; k < shot.resyncs.size(); ++k) {
    const LinksShot::Resyncs& r = shot.resyncs[k];
    j["resyncs"][kResyncKindNames[k]] = {
        {"count", r.count}, {"total_ns", r.total_ns}, {"longest_ns", r.longest_ns},
        {"late", r.late}};
  }
  for (const LinksShot::Link& l : shot.links) {
    j["links"].push_back({{"name", l.name}, {"state", l.state}, {"second", l.is_second},
                          {"alarm", l.is_alarm}, {"topics", l.topics},
                          {"rate_per_s", l.rate_per_s}, {"messages", l.messages},
                          {"bytes", l.bytes}, {"opens", l.opens}, {"tries", l.tries},
                          {"tries_in_row", l.tries_in_row}, {"silences", l.silences},
                          {"refusals", l.refusals}, {"last", l.last}});
  }
  for (const LinksShot::Desk& d : shot.desks) {
    j["desks"].push_back({{"venue", d.name}, {"waiting", d.waiting}, {"requests", d.requests},
                          {"answers", d.answers}, {"failures", d.failures},
                          {"expected_ns", d.expected_ns}, {"last", d.last}});
  }
  const std::int64_t now = steady_realtime_ns();
  if (const auto limits = limits_of(plan, now)) {
    j["limits"] = Json::parse(limits_json(*limits, now));
  }
  return j;
}

}  // namespace pinstripe
