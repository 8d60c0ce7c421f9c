// The mirror rules, proved on the features themselves: a market with reflected prices and exchanged
// sides must give the mirror image of each vector.
#include <gtest/gtest.h>

#include <cmath>

#include "features/features_stage.h"
#include "features/registry.h"
#include "feed/feed_stage.h"
#include "feed/synthetic.h"
#include "tools/train/mirror.h"

namespace pinstripe {
namespace {

struct Vectors {
  std::vector<FeatureVector> all;
  FeatureVector slot{};
  MsgHeader header{};
  FeatureVector& claim(unsigned) noexcept {
    slot = FeatureVector{};
    slot.h = header;
    return slot;
  }
  void commit(unsigned) noexcept { all.push_back(slot); }
};

struct Events {
  std::vector<MarketEvent> all;
  MarketEvent slot{};
  TimeNs now;
  MarketEvent& claim(unsigned) noexcept {
    slot = MarketEvent{};
    slot.h.origin_ns = now;
    slot.h.event_ns = now;
    return slot;
  }
  void commit(unsigned port) noexcept {
    if (port == 0) all.push_back(slot);
  }
};

std::vector<MarketEvent> market_events(const SyntheticConfig& config) {
  FeedConfig feed_config;
  feed_config.instruments = {synthetic_instrument()};
  FeedStage feed(feed_config);
  SyntheticSource source(config);
  Events sink;
  while (const FeedFrame* frame = source.peek()) {
    sink.now = frame->origin_ns;
    feed.on_event(sink.now, FeedInput::frame(*frame), sink);
    while (feed.more()) feed.on_event(sink.now, FeedInput::continued(), sink);
    source.pop();
  }
  return std::move(sink.all);
}

std::vector<FeatureVector> vectors_of(const std::vector<MarketEvent>& events) {
  FeaturesConfig config;
  config.instruments = {synthetic_instrument()};
  FeaturesStage stage(config);
  Vectors sink;
  for (const MarketEvent& e : events) {
    sink.header = e.h;
    stage.on_event(e.h.origin_ns, Input::message(&e.h), sink);
  }
  return std::move(sink.all);
}

std::vector<MarketEvent> reflected(std::vector<MarketEvent> events, std::int64_t around_ticks) {
  for (MarketEvent& e : events) {
    const bool priced = e.h.type == MsgType::kLevel || e.h.type == MsgType::kTouch ||
                        e.h.type == MsgType::kTrade;
    if (!priced) continue;
    if (e.a != 0) e.a = 2 * around_ticks - e.a;
    e.h.set_side(opposite(e.h.side()));
  }
  return events;
}

TEST(MirrorMarket, every_feature_of_the_reflected_market_is_the_mirror_image) {
  SyntheticConfig config;
  config.duration_ns = 30 * kNsPerSecond;
  config.rate_per_s = 500;
  const auto events = market_events(config);
  const auto plain = vectors_of(events);
  const auto mirrored = vectors_of(reflected(events, config.mid_ticks));
  ASSERT_EQ(plain.size(), mirrored.size());
  std::vector<double> size(kFeatureCount, 0), miss(kFeatureCount, 0);
  std::vector<std::int64_t> count(kFeatureCount, 0);
  for (std::size_t k = plain.size() / 2; k < plain.size(); ++k) {
    ASSERT_EQ(plain[k].valid_mask, mirrored[k].valid_mask);
    std::vector<float> image(kFeatureCount);
    mirror_row(std::span(plain[k].values).first(kFeatureCount), image);
    for (std::size_t i = 0; i < kFeatureCount; ++i) {
      if (!plain[k].valid(i)) continue;
      const std::size_t partner =
          mirror_rule(i).kind == Mirror::kSwap ? mirror_rule(i).partner : i;
      if (!plain[k].valid(partner)) continue;
      ++count[i];
      size[i] += std::fabs(image[i]);
      miss[i] += std::fabs(image[i] - mirrored[k].values[i]);
    }
  }
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto& spec = feature_registry()[i];
    // The mark is not reflected; bps differ a little because the reflected mid is another number.
    if (spec.id == kMarkBasisBps || spec.id == kFundingRateBps || count[i] == 0) continue;
    EXPECT_LE(miss[i], 0.02 * size[i] + 1e-9) << spec.name;
  }
}

}  // namespace
}  // namespace pinstripe
