// The stage page as tools see it: read-only, while another process writes.
#include "shm/ring/stage_page.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::TempDir;

TEST(StagePage, IsReadByAnotherMappingWhileItIsWritten) {
  const TempDir dir;
  auto owner = StagePageOwner::create(dir.file("risk.page"), "risk", StageKind::kRisk);
  ASSERT_TRUE(owner.has_value()) << owner.error().message;
  const auto sut = StagePageView::open(dir.file("risk.page"));
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  StagePage& page = owner->page();
  EXPECT_EQ(sut->name(), "risk");
  EXPECT_EQ(sut->kind(), StageKind::kRisk);
  EXPECT_EQ(sut->state(), StageState::kStarting);
  page.set_state(StageState::kRunning);
  page.pid.set(17);
  page.queueing.record(500);
  page.inputs[1].taken.set(9);
  EXPECT_EQ(sut->state(), StageState::kRunning);
  EXPECT_EQ(sut->page().pid.get(), 17);
  EXPECT_EQ(sut->page().inputs[1].taken.get(), 9U);
  EXPECT_EQ(HistogramSnapshot(sut->page().queueing).count(), 1U);
  const auto again = StagePageOwner::attach(dir.file("risk.page"));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->page().pid.get(), 17) << "attaching clears nothing";
}

TEST(StagePage, CountersHaveNamesAndValues) {
  const TempDir dir;
  auto owner = StagePageOwner::create(dir.file("p"), "exec", StageKind::kExec);
  ASSERT_TRUE(owner.has_value());
  const std::vector<std::string> names{"fills", "BINANCE_USDM:BTCUSDT.position_lots"};
  ASSERT_TRUE(owner->page().name_counters(names).has_value());
  const std::vector<std::int64_t> values{3, -12};
  owner->page().publish_counters(values);
  const auto sut = StagePageView::open(dir.file("p"));
  ASSERT_TRUE(sut.has_value());
  const auto counters = sut->counters();
  ASSERT_EQ(counters.size(), 2U);
  EXPECT_EQ(counters[1].first, names[1]);
  EXPECT_EQ(counters[1].second, -12);
  EXPECT_EQ(sut->counter("fills"), 3);
  EXPECT_FALSE(sut->counter("none").has_value());
  EXPECT_FALSE(owner->page().name_counters(std::vector<std::string>{std::string(64, 'x')}));
  EXPECT_FALSE(owner->page().name_counters(std::vector<std::string>(kPageCountersMax + 1, "x")));
}

TEST(StagePage, ErrorsAreKeptOnceWithCountAndTimes) {
  const TempDir dir;
  auto owner = StagePageOwner::create(dir.file("p"), "feed", StageKind::kFeed);
  ASSERT_TRUE(owner.has_value());
  StagePage& page = owner->page();
  page.log_error(1, "bad line", 100);
  page.log_error(2, "gap", 150);
  page.log_error(1, "bad line", 200);
  page.log_error(3, std::string(1000, 'x'), 120);
  const auto sut = StagePageView::open(dir.file("p"));
  ASSERT_TRUE(sut.has_value());
  const auto errors = sut->errors();
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors[0].count, 2U);
  EXPECT_EQ(errors[0].first_ns, 100);
  EXPECT_EQ(errors[0].last_ns, 200);
  EXPECT_EQ(errors[2].text.size(), kPageErrorBytes - 1);
  EXPECT_EQ(sut->last_error()->text, "bad line");
  for (std::uint32_t i = 0; i < 100; ++i) page.log_error(100 + i, "more", 300);
  EXPECT_EQ(sut->errors().size(), kPageErrorsMax);
  EXPECT_EQ(page.errors_beyond.get(), 71U);
}

TEST(StagePage, AnotherVersionOrAnotherFileIsRefused) {
  const TempDir dir;
  {
    auto owner = StagePageOwner::create(dir.file("p"), "feed", StageKind::kFeed);
    ASSERT_TRUE(owner.has_value());
    owner->page().version.store(99);
  }
  EXPECT_NE(StagePageView::open(dir.file("p")).error().message.find("version 99"),
            std::string::npos);
  std::ofstream(dir.file("short")) << "abc";
  EXPECT_NE(StagePageView::open(dir.file("short")).error().message.find("cut off"),
            std::string::npos);
  std::ofstream(dir.file("zeros")) << std::string(stage_page_bytes(), '\0');
  EXPECT_NE(StagePageView::open(dir.file("zeros")).error().message.find("no stage page"),
            std::string::npos);
  EXPECT_FALSE(StagePageView::open(dir.file("missing")).has_value());
}

TEST(StagePage, ThePageThatNeighboursWriteHasItsOwnCacheLine) {
  EXPECT_EQ(offsetof(StagePage, park) % 64, 0U);
  EXPECT_EQ(sizeof(ParkWord), 64U);
}

}  // namespace
}  // namespace pinstripe
