// How far one data ring may be read on without a look at the other inputs: never past what a full
// pick would take.
#include <gtest/gtest.h>

#include "shm/msg/market_event.h"
#include "shm/run/merge.h"

namespace pinstripe {
namespace {

class MergeAloneTest : public testing::Test {
 protected:
  MergeAloneTest() {
    sut_.add(first_.view(), 0, false);
    sut_.add(second_.view(), 1, false);
    sut_.add(answers_.view(), 2, true);
  }
  TimeNs alone_until(std::size_t input) {
    sut_.refresh();
    return sut_.alone_until(input);
  }
  static void publish(RingProducer<MarketEvent>& to, std::int64_t at) {
    MarketEvent& event = to.claim();
    event = MarketEvent{};
    event.h.event_ns = TimeNs(at);
    to.commit();
  }

  PrivateRing first_{ring_shape<MarketEvent>(8, 0, FullPolicy::kWait)};
  PrivateRing second_{ring_shape<MarketEvent>(8, 1, FullPolicy::kWait)};
  PrivateRing answers_{ring_shape<MarketEvent>(8, 2, FullPolicy::kWait)};
  RingProducer<MarketEvent> one_{first_.view()};
  RingProducer<MarketEvent> two_{second_.view()};
  RingProducer<MarketEvent> back_{answers_.view()};
  Merge sut_;
};

TEST_F(MergeAloneTest, NothingIsTakenOnWhileAnotherInputHasSaidNothing) {
  two_.raise_watermark(TimeNs(50), 0);
  EXPECT_EQ(alone_until(0), TimeNs::min()) << "answers may bring anything";
  EXPECT_EQ(alone_until(1), TimeNs::min());
}

TEST_F(MergeAloneTest, TiesGoToTheLowerInputAsInAFullPick) {
  back_.raise_watermark(TimeNs(90), 0);
  one_.raise_watermark(TimeNs(40), 0);
  two_.raise_watermark(TimeNs(60), 0);
  EXPECT_EQ(alone_until(0), TimeNs(60)) << "a tie with a higher input is its own";
  EXPECT_EQ(alone_until(1), TimeNs(39)) << "a tie with a lower input is not";
}

TEST_F(MergeAloneTest, AMessageThatWaitsElsewhereIsNotPassed) {
  one_.raise_watermark(TimeNs(80), 0);
  publish(two_, 70);
  two_.raise_watermark(TimeNs(95), 0);
  publish(back_, 65);
  back_.raise_watermark(TimeNs(90), 0);
  EXPECT_EQ(alone_until(0), TimeNs(65)) << "an answer that waits bounds the market";
  sut_.consumed(2);
  EXPECT_EQ(alone_until(0), TimeNs(70)) << "and then what waits on the other data ring";
}

}  // namespace
}  // namespace pinstripe
