// What a stream has last told about a book, and what has changed since: the top N levels a side.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tools/venue/matching_book.h"

namespace pinstripe::venue {

/// One level as public data shows it; 0 lots in a change: the level is gone.
struct ShownLevel {
  std::int64_t price_ticks = 0;
  std::int64_t lots = 0;
  std::int64_t orders = 0;
  bool operator==(const ShownLevel&) const = default;
};

struct ShownLevels {
  std::vector<ShownLevel> bids, asks;  // best first
  bool empty() const { return bids.empty() && asks.empty(); }
};

/// The best `depth` levels a side.
ShownLevels shown_levels(const MatchingBook& book, std::size_t depth);

class LadderView {
 public:
  explicit LadderView(std::size_t depth) : depth_(depth) {}
  /// Takes the book as told.
  const ShownLevels& reset(const MatchingBook& book);
  /// What must be told so that a listener who knew the last state knows this one: levels that are
  /// new or other, and those that left, with 0 lots.
  ShownLevels changes(const MatchingBook& book);
  const ShownLevels& told() const { return told_; }

 private:
  std::size_t depth_;
  ShownLevels told_;
};

}  // namespace pinstripe::venue
