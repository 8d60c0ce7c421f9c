// The bound of the exec -> risk ring is a pair (w, k): no report before w, except answers to
// commands after number k, which risk bounds itself (protocol 4). Unlike every other watermark w
// falls: exec at rest promises silence for ever, takes a command, and takes the promise back by
// storing a lower w before the higher k. Risk must never act on the old w with the new k. (Every
// interleaving of the stores and loads: tests/models/reports_bound.pml.)
#include <gtest/gtest.h>

#include "shm/msg/exec_report.h"
#include "shm/msg/market_event.h"
#include "shm/ring/ring_word.h"
#include "shm/run/merge.h"

namespace pinstripe {
namespace {

constexpr TimeNs kSilence = TimeNs::max();

void publish_report(RingProducer<ExecReport>& to, TimeNs at) {
  ExecReport& report = to.claim();
  report = ExecReport{};
  report.h.event_ns = at;
  report.h.type = MsgType::kExecReport;
  to.commit();
}

/// Risk's view of exec: one market ring, the reports ring, the commands that risk has sent.
class ReportsBoundTest : public testing::Test {
 protected:
  static constexpr TimeNs kResponse{10};

  ReportsBoundTest() {
    sut_.add(market_.view(), 0, false);
    MergeInput& reports = sut_.add(reports_.view(), 1, true);
    reports.carries_reports = true;
    reports.least_response = kResponse;
    sut_.watch_commands(&sent_);
    exec_.store_watermark(kSilence, 0);
  }
  void market_event(std::int64_t at) {
    MarketEvent& event = feed_.claim();
    event = MarketEvent{};
    event.h.event_ns = TimeNs(at);
    event.h.type = MsgType::kTrade;
    feed_.commit();
    feed_.raise_watermark(TimeNs(at), 0);
  }
  TimeNs reports_bound() {
    sut_.refresh();
    return sut_.inputs()[1].bound;
  }
  /// Input taken next, and its time; -1: nothing may be taken.
  std::pair<int, std::int64_t> take() {
    sut_.refresh();
    const Merge::Pick pick = sut_.pick(kSilence);
    if (pick.kind != Merge::Kind::kRing) return {-1, 0};
    sut_.consumed(pick.input);
    return {static_cast<int>(pick.input), pick.time.value};
  }
  std::int64_t* word_of_w() { return &reports_.view().header()->watermark_ns; }
  std::uint64_t* word_of_k() { return &reports_.view().header()->watermark_k; }

  PrivateRing market_{ring_shape<MarketEvent>(8, 0, FullPolicy::kWait)};
  PrivateRing reports_{ring_shape<ExecReport>(8, 1, FullPolicy::kWait)};
  RingProducer<MarketEvent> feed_{market_.view()};
  RingProducer<ExecReport> exec_{reports_.view()};
  SentCommands sent_{8};
  Merge sut_;
};

TEST_F(ReportsBoundTest, FallsWhenExecTakesACommandAndTheAnswerStillComesFirst) {
  using Taken = std::pair<int, std::int64_t>;
  market_event(100);
  EXPECT_EQ(take(), (Taken{0, 100})) << "exec is silent: the market alone says when";
  sent_.sent(1, TimeNs(100));  // risk's answer to that event
  market_event(108);
  market_event(115);
  EXPECT_EQ(reports_bound(), TimeNs(110)) << "its own command bounds the answer";
  EXPECT_EQ(take(), (Taken{0, 108}));
  EXPECT_EQ(take(), (Taken{-1, 0})) << "115 could still be overtaken by the answer";

  exec_.store_watermark(TimeNs(112), 1);  // taken; the order rests, exec's market stands at 102
  EXPECT_EQ(reports_bound(), TimeNs(112)) << "w fell from silence while k rose";
  EXPECT_EQ(take(), (Taken{-1, 0}));

  publish_report(exec_, TimeNs(113));
  exec_.store_watermark(kSilence, 1);  // filled: nothing rests any more
  EXPECT_EQ(take(), (Taken{1, 113})) << "the answer comes before the market that follows it";
  EXPECT_EQ(take(), (Taken{0, 115}));
}

TEST_F(ReportsBoundTest, IsNoHigherThanTheNextReportBetweenTheTwoStores) {
  sent_.sent(1, TimeNs(100));
  const TimeNs answer(112);
  ASSERT_LE(reports_bound(), answer);
  ring_word::store_release(word_of_w(), answer.value);
  EXPECT_LE(reports_bound(), answer) << "w has fallen, k has not risen yet";
  ring_word::store_release(word_of_k(), std::uint64_t{1});
  EXPECT_LE(reports_bound(), answer);
}

TEST_F(ReportsBoundTest, WouldBeTooHighWereKStoredFirst) {
  sent_.sent(1, TimeNs(100));
  ring_word::store_release(word_of_k(), std::uint64_t{1});
  EXPECT_EQ(reports_bound(), kSilence) << "the old promise with the new k: why w is stored first";
}

}  // namespace
}  // namespace pinstripe
