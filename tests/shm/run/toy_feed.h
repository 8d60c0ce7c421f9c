// Which runner a feed has, by its source: one that can be read again, or one that plays live.
#pragma once

#include <memory>
#include <type_traits>

#include "shm/run/feed_runner.h"
#include "shm/run/live_feed_runner.h"
#include "tests/shm/run/toy_stages.h"

namespace pinstripe::toy {

/// `session_time` of its runners is where the test has put the hand of LiveSource's clock.
struct HandPolicy : LivePolicy {
  static TimeNs session_time(const SessionClock&) noexcept { return LiveSource::hand; }
};

template <class Source>
inline constexpr bool kShowsLive = std::is_base_of_v<LiveSource, Source>;

template <class S, class Source, class P>
using FeedRunnerOf = std::conditional_t<kShowsLive<Source>, LiveFeedRunner<S, Source, P>,
                                        FeedRunner<S, Source, P>>;

/// A feed runner of either kind, unpaced.
template <class R, class S, class Source>
std::unique_ptr<R> make_feed_runner(S& stage, Source& source, const RunnerSetup& setup,
                                    Probe& probe) {
  if constexpr (kShowsLive<Source>) {
    return std::make_unique<R>(stage, source, setup, probe);
  } else {
    return std::make_unique<R>(stage, source, setup, probe, 0.0);
  }
}

}  // namespace pinstripe::toy
