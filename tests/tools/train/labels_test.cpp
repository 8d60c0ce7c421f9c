#include "tools/train/labels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kMs = kNsPerMs;

/// Truth by brute force: every step kept, scanned from the start for each question.
struct Plain {
  std::vector<std::tuple<std::int64_t, std::int64_t, bool>> steps;

  const std::tuple<std::int64_t, std::int64_t, bool>* at(std::int64_t t) const {
    const std::tuple<std::int64_t, std::int64_t, bool>* found = nullptr;
    for (const auto& s : steps) {
      if (std::get<0>(s) <= t) found = &s;
    }
    return found;
  }
  Label label(std::int64_t t, std::int64_t delay, std::int64_t horizon) const {
    Label l;
    l.end = TimeNs(t + delay + horizon);
    const auto* start = at(t);
    l.known = start != nullptr && std::get<2>(*start) && l.end.value <= std::get<0>(steps.back());
    for (const auto& s : steps) {
      if (std::get<0>(s) > t && std::get<0>(s) <= l.end.value && !std::get<2>(s)) l.known = false;
    }
    if (l.known) {
      l.r_bps = 1e4 * std::log(static_cast<double>(std::get<1>(*at(l.end.value))) /
                               static_cast<double>(std::get<1>(*at(t + delay))));
    }
    return l;
  }
};

Plain random_steps(std::uint64_t seed, int count) {
  Plain p;
  std::int64_t t = 1'000 * kMs;
  std::int64_t mid = 500'000;
  for (int i = 0; i < count; ++i) {
    const auto r = random_draw(seed, 0, static_cast<std::uint64_t>(i), 0);
    t += static_cast<std::int64_t>(r % 200) * kMs;
    mid += static_cast<std::int64_t>((r >> 20) % 11) - 5;
    p.steps.emplace_back(t, mid, (r >> 40) % 50 != 0);
  }
  return p;
}

TEST(Labels, agree_with_a_scan_of_the_whole_tape) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Plain plain = random_steps(seed, 400);
    MidSeries sut;
    for (const auto& [t, mid, valid] : plain.steps) sut.add(TimeNs(t), mid, valid);
    std::vector<TimeNs> times;
    for (std::int64_t t = 0; t < 45'000; t += 37) times.emplace_back(t * kMs);
    const auto labels = make_labels(sut, times, 3 * kMs, 1'000 * kMs);
    int known = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const Label expected = plain.label(times[i].value, 3 * kMs, 1'000 * kMs);
      ASSERT_EQ(labels[i].known, expected.known) << "seed " << seed << " row " << i;
      ASSERT_EQ(labels[i].end, expected.end);
      ASSERT_NEAR(labels[i].r_bps, expected.r_bps, 1e-9);
      known += labels[i].known ? 1 : 0;
    }
    EXPECT_GT(known, 50);
  }
}

TEST(Labels, cutting_the_tape_changes_no_label_that_had_ended_before_the_cut) {
  const Plain plain = random_steps(7, 300);
  MidSeries whole, cut;
  const std::size_t kept = 180;
  for (std::size_t i = 0; i < plain.steps.size(); ++i) {
    const auto& [t, mid, valid] = plain.steps[i];
    whole.add(TimeNs(t), mid, valid);
    if (i < kept) cut.add(TimeNs(t), mid, valid);
  }
  std::vector<TimeNs> times;
  for (std::int64_t t = 0; t < 30'000; t += 100) times.emplace_back(t * kMs);
  const auto with = make_labels(whole, times, kMs, 500 * kMs);
  const auto without = make_labels(cut, times, kMs, 500 * kMs);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (with[i].end > cut.last()) {
      EXPECT_FALSE(without[i].known);
    } else {
      EXPECT_EQ(with[i].known, without[i].known);
      EXPECT_EQ(with[i].r_bps, without[i].r_bps);
    }
  }
}

TEST(Labels, the_mid_before_the_order_reaches_the_venue_does_not_count) {
  MidSeries sut;
  sut.add(TimeNs(0), 100'000, true);
  sut.add(TimeNs(5), 100'100, true);  // jumps between the decision at 0 and the venue at 10
  sut.add(TimeNs(1'000), 100'100, true);
  const TimeNs times[] = {TimeNs(0)};
  EXPECT_EQ(make_labels(sut, times, 10, 100)[0].r_bps, 0);
  EXPECT_GT(make_labels(sut, times, 0, 100)[0].r_bps, 9);
}

TEST(Labels, the_median_looks_at_ended_labels_only) {
  std::vector<Label> labels;
  for (int i = 1; i <= 9; ++i) labels.push_back({true, i % 2 == 0 ? i * 1.0 : -i * 1.0, TimeNs(i)});
  labels.push_back({false, 100, TimeNs(1)});
  EXPECT_EQ(median_abs_r_bps(labels, TimeNs(9)), 5);
  EXPECT_EQ(median_abs_r_bps(labels, TimeNs(3)), 2);
  EXPECT_EQ(median_abs_r_bps(labels, TimeNs(0)), 0);
}

}  // namespace
}  // namespace pinstripe
