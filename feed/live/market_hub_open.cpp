// How a hub opens: hosts, limiter, desks, connections, and the wait until all of them live.
#include <algorithm>

#include "feed/live/market_hub.h"
#include "feed/live/venue_endpoint.h"
#include "shm/run/steady_time.h"

namespace pinstripe {
namespace {

constexpr unsigned kSocketsMost = 256;
constexpr std::int64_t kWaitNs = 5 * kNsPerMs;

}  // namespace

Result<std::unique_ptr<MarketHub>> MarketHub::open(std::span<const Instrument> instruments,
                                                   std::span<const std::uint16_t> wanted,
                                                   const HubOptions& options) {
  auto hub = std::unique_ptr<MarketHub>(new MarketHub(instruments, options));
  if (auto started = hub->start(wanted); !started) return std::unexpected(started.error());
  return hub;
}

Result<void> MarketHub::start(std::span<const std::uint16_t> wanted) {
  auto context = net::TlsContext::open({options_.ca_file});
  if (!context) return fail_within("live market data", context);
  context_ = std::move(*context);
  auto loop = net::Loop::open({.sockets_max = kSocketsMost});
  if (!loop) return fail_within("live market data", loop);
  loop_ = std::move(*loop);
  auto limiter = Limiter::open(options_.limits, steady_realtime_ns());
  if (!limiter) return fail_within("the limiter of requests", limiter);
  limiter_ = std::make_unique<Limiter>(std::move(*limiter));
  for (const std::uint16_t i : wanted) told_.push_back({i, NoticeWord::kNone});
  auto plans = plan_connections(instruments_, wanted, options_.candles);
  if (!plans) return std::unexpected(plans.error());
  places_.reserve(plans->size());
  for (ConnectionPlan& plan : *plans) {
    auto endpoint = venue_endpoint(plan.rules->stream_host, plan.rules->stream_port,
                                   options_.address);
    if (!endpoint) return std::unexpected(endpoint.error());
    names_.push_back(plan.name);
    places_.push_back({std::move(plan), std::move(*endpoint), {}, {}, {}, false});
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const std::vector<MarketTopic>& topics = places_[i].plan.topics;
    for (std::size_t t = 0; t < topics.size(); ++t) {
      if (topics[t].channel == MarketChannel::kBook) cares_.push_back({topics[t].instrument, i, t});
    }
    places_[i].link = make_link(i);
    if (options_.redundant) places_[i].other = make_link(i);
  }
  return open_desks();
}

Result<void> MarketHub::open_desks() {
  for (const Place& place : places_) {
    const MarketRules& rules = *place.plan.rules;
    if (rules.is_chained || desk_of(rules) != nullptr) continue;
    auto endpoint = venue_endpoint(rules.rest_host, 443, options_.address);
    if (!endpoint) return std::unexpected(endpoint.error());
    desks_.push_back(std::make_unique<BookDesk>(*loop_, *context_, *endpoint, rules, *limiter_,
                                                options_.snapshot_levels,
                                                options_.message_bytes_max));
    names_.push_back(std::string(rules.venue) + "/rest");
  }
  for (const Told& t : told_) {
    const Instrument& i = instruments_[t.instrument];
    if (BookDesk* const desk = desk_of(*market_rules(i.venue))) {
      desk->watch_interest(t.instrument, i.symbol);
    }
  }
  if (!options_.notices.empty()) names_.push_back("notices");
  lines_.assign(names_.size(), 0);
  return {};
}

Result<void> MarketHub::await_open(std::int64_t patience_ns) {
  const std::int64_t end = net::Loop::now_ns() + patience_ns;
  const auto is_open = [](const Place& p) { return p.link->is_open(); };
  for (std::int64_t now = net::Loop::now_ns();; now = net::Loop::now_ns()) {
    on_time(now);
    loop_->wait(kWaitNs);
    if (std::ranges::all_of(places_, is_open)) return {};
    for (const Place& place : places_) {
      const MarketLink& link = *place.link;
      if (link.is_certificate()) return fail(place.plan.name + ": " + link.last_text());
      if (now < end || is_open(place)) continue;
      return fail(place.plan.name + ": no connection to " + place.endpoint.name() + " within " +
                  std::to_string(patience_ns / kNsPerSecond) + " s" +
                  (link.last_text().empty() ? "" : ": " + link.last_text()) +
                  "; check the network, and `live.address` in the config");
    }
  }
}

}  // namespace pinstripe
