#include "models/labels.h"

#include <algorithm>

#include "shm/base/check.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

/// Rows that can be live at once: one each spacing over the longest window, and the two ends.
std::size_t capacity_for(std::span<const std::int64_t> horizons_ns, std::int64_t delay_ns,
                         std::int64_t spacing_ns) {
  std::int64_t longest = 0;
  for (const std::int64_t h : horizons_ns) longest = std::max(longest, h);
  return static_cast<std::size_t>((longest + delay_ns) / spacing_ns + 3);
}

}  // namespace

LabelTracker::LabelTracker(std::span<const std::int64_t> horizons_ns, std::int64_t delay_ns,
                           std::int64_t spacing_ns)
    : horizons_ns_(horizons_ns.begin(), horizons_ns.end()),
      delay_ns_(delay_ns),
      clock_(spacing_ns),
      rows_(capacity_for(horizons_ns, delay_ns, spacing_ns)),
      scores_(horizons_ns.size()) {
  PINSTRIPE_CHECK(horizons_ns_.size() <= kMemberMax && delay_ns_ >= 0 && spacing_ns > 0,
                  "the config bounds members, delay and spacing");
}

std::uint64_t LabelTracker::oldest() const noexcept {
  std::uint64_t least = started_;
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) least = std::min(least, ended_[m]);
  return least;
}

void LabelTracker::resolve(std::size_t member, const Row& of) noexcept {
  if (of.mid2 <= 0 || !valid_ || invalid_until_ns_ > of.start_ns) {
    ++dropped_;
    return;
  }
  const double r = 1e4 * log_fixed(static_cast<double>(mid2_) / static_cast<double>(of.mid2));
  MemberScore& score = scores_[member];
  ++score.labels;
  score.abs_r_bps += r < 0 ? -r : r;
  if ((of.voters >> member & 1) == 0) return;
  const double p = of.probability[member];
  double loss = 0;
  if (r > 0) loss = -log_fixed(p);
  else if (r < 0) loss = -log_fixed(1.0 - p);
  else loss = -0.5 * (log_fixed(p) + log_fixed(1.0 - p));
  ++score.scored;
  score.log_loss += loss;
}

void LabelTracker::resolve_before(std::int64_t t) noexcept {
  for (; started_ < written_ && row(started_).start_ns < t; ++started_) {
    row(started_).mid2 = valid_ ? mid2_ : 0;
  }
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) {
    for (; ended_[m] < started_; ++ended_[m]) {
      const Row& of = row(ended_[m]);
      const TimeNs end = saturating_add(TimeNs(of.start_ns), TimeNs(horizons_ns_[m]));
      if (end.value >= t) break;
      resolve(m, of);
    }
  }
  look_ahead();
}

void LabelTracker::look_ahead() noexcept {
  next_ns_ = started_ < written_ ? row(started_).start_ns : INT64_MAX;
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) {
    if (ended_[m] == started_) continue;
    const TimeNs start(row(ended_[m]).start_ns);
    next_ns_ = std::min(next_ns_, saturating_add(start, TimeNs(horizons_ns_[m])).value);
  }
}

void LabelTracker::on_book(TimeNs t, std::int64_t mid2, bool valid) noexcept {
  if (resolves_before(t)) resolve_before(t.value);
  if (!valid_ || !valid) invalid_until_ns_ = t.value;
  valid_ = valid && mid2 > 0;
  mid2_ = mid2;
}

void LabelTracker::on_decision(TimeNs t, std::span<const double> probability,
                               std::uint16_t voters) noexcept {
  if (horizons_ns_.empty() || !clock_.due(t)) return;
  PINSTRIPE_CHECK(written_ - oldest() < rows_.size(), "spacing bounds the rows that are live");
  Row& next = row(written_);
  next = Row{};
  next.start_ns = saturating_add(t, TimeNs(delay_ns_)).value;
  next.voters = voters;
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) next.probability[m] = probability[m];
  ++written_;
  look_ahead();
}

void LabelTracker::save(StateWriter& w) const noexcept {
  const std::uint64_t from = oldest();
  w.u64(from);
  w.u64(written_);
  w.u64(started_);
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) {
    w.u64(ended_[m]);
    w.i64(scores_[m].labels);
    w.f64(scores_[m].abs_r_bps);
    w.i64(scores_[m].scored);
    w.f64(scores_[m].log_loss);
  }
  w.i64(clock_.state());
  w.i64(mid2_);
  w.i64(invalid_until_ns_);
  w.i64(dropped_);
  w.boolean(valid_);
  for (std::uint64_t n = from; n < written_; ++n) {
    const Row& of = row(n);
    w.i64(of.start_ns);
    w.i64(of.mid2);
    w.u64(of.voters);
    for (std::size_t m = 0; m < horizons_ns_.size(); ++m) w.f64(of.probability[m]);
  }
}

Result<void> LabelTracker::load(StateReader& r) {
  const std::uint64_t from = r.u64();
  written_ = r.u64();
  started_ = r.u64();
  bool sound = from <= started_ && started_ <= written_ && written_ - from <= rows_.size();
  for (std::size_t m = 0; m < horizons_ns_.size(); ++m) {
    ended_[m] = r.u64();
    sound = sound && from <= ended_[m] && ended_[m] <= started_;
    scores_[m].labels = r.i64();
    scores_[m].abs_r_bps = r.f64();
    scores_[m].scored = r.i64();
    scores_[m].log_loss = r.f64();
  }
  clock_.restore(r.i64());
  mid2_ = r.i64();
  invalid_until_ns_ = r.i64();
  dropped_ = r.i64();
  valid_ = r.boolean();
  if (r.failed() || !sound) {
    return fail("models checkpoint: the labels do not fit this config (members, horizons or "
                "decision interval differ); start without the checkpoint");
  }
  for (std::uint64_t n = from; n < written_; ++n) {
    Row& of = row(n);
    of = Row{};
    of.start_ns = r.i64();
    of.mid2 = r.i64();
    of.voters = r.u64();
    for (std::size_t m = 0; m < horizons_ns_.size(); ++m) of.probability[m] = r.f64();
  }
  if (r.failed()) return fail("models checkpoint: cut short inside the labels");
  look_ahead();
  return {};
}

}  // namespace pinstripe
