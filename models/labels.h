// The running score of the members on one instrument: labels of past decisions, resolved when their
// window has passed (trading.md 4). Nothing here can see past the vectors already taken.
//
// Label of a decision at t with horizon h: r = 1e4 · ln(mid(t+δ+h) / mid(t+δ)) bps. mid(τ) is the
// mid of the last vector at or before τ, so it is known once a vector later than τ has come. A
// window in which the book was invalid at any moment gives no label. A row that did not move (r =
// 0) counts half as up and half as down in the log-loss.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/decision_clock.h"
#include "shm/base/result.h"
#include "shm/base/state_io.h"
#include "shm/msg/signal.h"

namespace pinstripe {

/// Sums over the labels of one member that were resolved.
struct MemberScore {
  std::int64_t labels = 0;        // windows resolved, whether the member voted or not
  double abs_r_bps = 0;           // Σ |r|
  std::int64_t scored = 0;        // of them, those where the member had voted
  double log_loss = 0;            // Σ over the scored, natural logarithm
};

class LabelTracker {
 public:
  /// `horizons_ns[m]` of member m; δ = `delay_ns`. Of the decisions between two multiples of
  /// `spacing_ns` the first is followed, which bounds the memory; with the decision interval as
  /// spacing that is every decision.
  LabelTracker(std::span<const std::int64_t> horizons_ns, std::int64_t delay_ns,
               std::int64_t spacing_ns);

  /// The state of the book at `t`: resolves every window that ended before `t` first. `mid2` is bid
  /// + ask in ticks.
  void on_book(TimeNs t, std::int64_t mid2, bool valid) noexcept;
  /// Follows a decision taken at `t`; probability[m] counts where bit m of `voters` is set.
  void on_decision(TimeNs t, std::span<const double> probability, std::uint16_t voters) noexcept;

  /// `on_book` at `t` has windows to resolve, or first mids to take.
  bool resolves_before(TimeNs t) const noexcept { return next_ns_ < t.value; }

  const MemberScore& score(std::size_t member) const noexcept { return scores_[member]; }
  std::int64_t dropped() const noexcept { return dropped_; }

  void save(StateWriter& w) const noexcept;
  Result<void> load(StateReader& r);

 private:
  struct Row {
    std::int64_t start_ns = 0;  // t + δ
    std::int64_t mid2 = 0;      // at start; 0: the book was invalid then
    std::uint64_t voters = 0;
    std::array<double, kMemberMax> probability{};
  };

  Row& row(std::uint64_t n) noexcept { return rows_[n % rows_.size()]; }
  const Row& row(std::uint64_t n) const noexcept { return rows_[n % rows_.size()]; }
  std::uint64_t oldest() const noexcept;
  void resolve_before(std::int64_t t) noexcept;
  /// Finds next_ns_ afresh, from what is saved.
  void look_ahead() noexcept;
  void resolve(std::size_t member, const Row& of) noexcept;

  std::vector<std::int64_t> horizons_ns_;
  std::int64_t delay_ns_;
  DecisionClock clock_;
  std::vector<Row> rows_;
  std::vector<MemberScore> scores_;
  // Rows are numbered from 0 for ever; [oldest, written) are live.
  std::uint64_t written_ = 0;
  std::uint64_t started_ = 0;                       // rows below have their start mid
  std::array<std::uint64_t, kMemberMax> ended_{};   // rows below are resolved for member m
  std::int64_t next_ns_ = INT64_MAX;                // earliest start or end that is still to come
  std::int64_t mid2_ = 0;
  std::int64_t invalid_until_ns_ = 0;  // the book was last seen invalid before this time
  std::int64_t dropped_ = 0;
  bool valid_ = false;
};

}  // namespace pinstripe
