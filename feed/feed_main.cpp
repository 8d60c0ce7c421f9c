// pinstripe-feed: one feed stage as a process, with its source of frames.
#include "feed/feed_stage.h"
#include "feed/live/links_page.h"
#include "feed/live/venue_source.h"
#include "tools/rest/hub_options.h"
#include "tools/session/feed_failure.h"
#include "tools/session/money_at_stake.h"
#include "tools/session/open_source.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_main.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kLinksEveryNs = 100 * kNsPerMs;

template <class Runner, class Report>
int run_feed(StageProgram& program, FeedStage& stage, const FrameSource& source, Runner& runner,
             Report&& report) {
  if (auto joined = rejoin_stage(program, runner); !joined) {
    return program.fail_with(joined.error());
  }
  BadLineLog bad_lines(source.files());
  const int status = program.drive(
      stage, runner, [&](StagePage& page) noexcept {
        bad_lines(page, stage.errors());
        report(page);
      });
  if (const auto error = feed_failure(stage, source); error) return program.fail_with(*error);
  return status;
}

int run_recorded(StageProgram& program, FeedStage& stage) {
  auto source = open_source(program.plan(), program.spec().lane);
  if (!source) return program.fail_with(source.error());
  Probe probe = program.probe();
  FeedRunner<FeedStage, FrameSource> runner(stage, **source, program.setup(), probe,
                                            program.plan().speed);
  return run_feed(program, stage, **source, runner, [](StagePage&) noexcept {});
}

/// The venues' markets, connected. A feed that takes over goes on trying where one cannot be
/// reached; the session's first feed says so and ends.
Result<std::unique_ptr<VenueSource>> open_venues(const StageProgram& program) {
  const SessionPlan& plan = program.plan();
  auto config = feed_config_of(plan);
  if (!config) return std::unexpected(config.error());
  auto options = hub_options_of(plan.venues, config->frame_bytes_max);
  if (!options) return std::unexpected(options.error());
  options->notices = notices_page_path(plan);
  auto hub =
      MarketHub::open(plan.instruments, plan.lanes[program.spec().lane].instruments, *options);
  if (!hub) return std::unexpected(hub.error());
  const bool succeeds =
      program.setup().journal != nullptr && program.setup().journal->records() != 0;
  if (!succeeds) {
    if (auto open = (*hub)->await_open(plan.venues.open_ns); !open) {
      return std::unexpected(open.error());
    }
  }
  (*hub)->begin();
  const SessionClock clock = program.clock();
  return std::make_unique<VenueSource>(std::move(*hub), [clock] { return clock.session_time(); },
                                       VenueSourceOptions{plan.for_ns, plan.events_max});
}

int run_live(StageProgram& program, FeedStage& stage, LiveFrameSource& source,
             LinksBoard* links) {
  source.set_needs([&stage](std::uint16_t i) { return need_of(stage.book_state(i)); });
  source.set_refused([&stage] { return stage.refused(); });
  Probe probe = program.probe();
  LiveFeedRunner<FeedStage, LiveFrameSource> runner(stage, source, program.setup(), probe);
  auto* const venues = links == nullptr ? nullptr : static_cast<VenueSource*>(&source);
  std::int64_t published_ns = 0;
  return run_feed(program, stage, source, runner, [&](StagePage&) noexcept {
    const std::int64_t now = program.clock().monotonic_ns();
    if (venues == nullptr || now - published_ns < kLinksEveryNs) return;
    published_ns = now;
    links->publish(venues->hub(), now);
  });
}

int run_played(StageProgram& program, FeedStage& stage) {
  auto source = open_played_source(program.plan(), program.spec().lane, program.clock());
  if (!source) return program.fail_with(source.error());
  return run_live(program, stage, **source, nullptr);
}

int run_venues(StageProgram& program, FeedStage& stage) {
  auto links = LinksBoard::open(links_page_path(program.plan(), program.spec()));
  if (!links) return program.fail_with(links.error());
  auto source = open_venues(program);
  if (!source) return program.fail_with(source.error());
  MoneyAtStake stakes(program.plan());
  (*source)->hub().set_stakes([&stakes](std::uint16_t i) { return stakes.of(i); });
  return run_live(program, stage, **source, &*links);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  using namespace pinstripe;
  if (StageProgram::help(argc, argv, StageKind::kFeed)) return static_cast<int>(Exit::kDone);
  auto program = StageProgram::start(argc, argv, StageKind::kFeed);
  if (!program) return refuse_start(StageKind::kFeed, program.error());
  auto config = feed_config_of(program->plan());
  if (!config) return program->fail_with(config.error());
  const auto stage = std::make_unique<FeedStage>(*config);
  if (!program->plan().live) return run_recorded(*program, *stage);
  return program->plan().source == SourceKind::kVenues ? run_venues(*program, *stage)
                                                       : run_played(*program, *stage);
}
