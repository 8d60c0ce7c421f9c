// Rolling windows over event time: order rate, breaker events, equity samples, fills already seen.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/base/state_io.h"

namespace pinstripe {

/// Remembers the last N times; full when the N-th last lies less than `span_ns` ago.
class RateWindow {
 public:
  /// `count` 0: never full.
  RateWindow(std::int64_t count, std::int64_t span_ns)
      : times_(static_cast<std::size_t>(count), INT64_MIN), span_ns_(span_ns) {}
  bool full(std::int64_t now_ns) const noexcept {
    if (times_.empty() || times_[next_] == INT64_MIN) return false;
    return now_ns - times_[next_] < span_ns_;
  }
  void add(std::int64_t now_ns) noexcept {
    if (times_.empty()) return;
    times_[next_] = now_ns;
    next_ = next_ + 1 == times_.size() ? 0 : next_ + 1;
  }
  void clear() noexcept {
    for (std::int64_t& t : times_) t = INT64_MIN;
    next_ = 0;
  }
  void save(StateWriter& w) const noexcept {
    for (std::size_t k = 0; k < times_.size(); ++k) {  // oldest first
      w.i64(times_[(next_ + k) % times_.size()]);
    }
  }
  bool load(StateReader& r) {
    for (std::int64_t& t : times_) t = r.i64();
    next_ = 0;
    return !r.failed();
  }

 private:
  std::vector<std::int64_t> times_;
  std::size_t next_ = 0;
  std::int64_t span_ns_;
};

/// Equity at each minute of the last 24 hours, for the daily loss. Minutes without an event repeat
/// the value before them.
class EquityDay {
 public:
  static constexpr std::int64_t kMinuteNs = 60 * kNsPerSecond;
  static constexpr std::int64_t kMinutes = 24 * 60;

  EquityDay() : samples_(kMinutes, 0) {}
  /// Tells the equity at `now`; before the first call there is no reference.
  void see(std::int64_t now_ns, std::int64_t equity_e8) noexcept {
    const std::int64_t minute = now_ns / kMinuteNs;
    if (first_ < 0) {
      first_ = last_ = minute;
      samples_[at(minute)] = equity_e8;
      day_ = minute / kMinutes;
      day_open_ = equity_e8;
    } else if (minute > last_) {
      const std::int64_t from = minute - last_ > kMinutes ? minute - kMinutes : last_ + 1;
      for (std::int64_t m = from; m < minute; ++m) samples_[at(m)] = latest_;
      samples_[at(minute)] = equity_e8;
      last_ = minute;
      if (minute / kMinutes > day_) {
        day_ = minute / kMinutes;
        day_open_ = equity_e8;
      }
    }
    latest_ = equity_e8;
  }
  /// Equity about 24 hours ago, or at the start where less has passed.
  std::int64_t rolling_reference() const noexcept {
    const std::int64_t oldest = last_ - kMinutes + 1 > first_ ? last_ - kMinutes + 1 : first_;
    return first_ < 0 ? 0 : samples_[at(oldest)];
  }
  /// A deposit or withdrawal is neither gain nor loss: the references move with it.
  void shift(std::int64_t amount_e8) noexcept {
    for (std::int64_t& s : samples_) s += amount_e8;
    day_open_ += amount_e8;
    latest_ += amount_e8;
  }
  std::int64_t day_reference() const noexcept { return day_open_; }

  void save(StateWriter& w) const noexcept {
    for (const std::int64_t v : {first_, last_, day_, day_open_, latest_}) w.i64(v);
    if (first_ < 0) return;
    const std::int64_t oldest = last_ - kMinutes + 1 > first_ ? last_ - kMinutes + 1 : first_;
    for (std::int64_t m = oldest; m <= last_; ++m) w.i64(samples_[at(m)]);
  }
  bool load(StateReader& r) {
    for (std::int64_t* v : {&first_, &last_, &day_, &day_open_, &latest_}) *v = r.i64();
    if (first_ < 0) return !r.failed();
    if (last_ < first_ || r.failed()) return false;
    const std::int64_t oldest = last_ - kMinutes + 1 > first_ ? last_ - kMinutes + 1 : first_;
    for (std::int64_t m = oldest; m <= last_; ++m) samples_[at(m)] = r.i64();
    return !r.failed();
  }

 private:
  static std::size_t at(std::int64_t minute) noexcept {
    return static_cast<std::size_t>(minute % kMinutes);
  }
  std::vector<std::int64_t> samples_;
  std::int64_t first_ = -1;
  std::int64_t last_ = -1;
  std::int64_t day_ = -1;
  std::int64_t day_open_ = 0;
  std::int64_t latest_ = 0;
};

/// The keys of the last N executions, so that each is booked once however often it is reported.
class SeenFills {
 public:
  explicit SeenFills(std::uint32_t memory) : ring_(memory, 0), table_(2 * std::size_t{memory}, 0) {
    PINSTRIPE_CHECK((memory & (memory - 1)) == 0, "fill memory must be a power of two");
  }
  /// True the first time that `key` is seen. Key 0 is mapped to 1.
  bool first_time(std::uint64_t key) noexcept {
    if (key == 0) key = 1;
    if (table_[slot_of(key)] == key) return false;
    if (ring_[next_] != 0) forget(ring_[next_]);
    ring_[next_] = key;
    next_ = (next_ + 1) & (ring_.size() - 1);
    table_[slot_of(key)] = key;
    return true;
  }
  void save(StateWriter& w) const noexcept {
    std::uint64_t kept = 0;
    for (const std::uint64_t k : ring_) kept += k != 0;
    w.u64(kept);
    for (std::size_t n = 0; n < ring_.size(); ++n) {  // oldest first
      const std::uint64_t key = ring_[(next_ + n) & (ring_.size() - 1)];
      if (key != 0) w.u64(key);
    }
  }
  bool load(StateReader& r) {
    ring_.assign(ring_.size(), 0);
    table_.assign(table_.size(), 0);
    next_ = 0;
    const std::uint64_t kept = r.u64();
    if (kept > ring_.size()) return false;
    for (std::uint64_t n = 0; n < kept; ++n) first_time(r.u64());
    return !r.failed();
  }

 private:
  std::size_t home(std::uint64_t key) const noexcept { return key & (table_.size() - 1); }
  /// Where `key` stands, or the free slot where it would.
  std::size_t slot_of(std::uint64_t key) const noexcept {
    std::size_t at = home(key);
    while (table_[at] != 0 && table_[at] != key) at = (at + 1) & (table_.size() - 1);
    return at;
  }
  void forget(std::uint64_t key) noexcept {
    std::size_t hole = slot_of(key);
    table_[hole] = 0;
    // Close the gap: move up whatever could no longer be found past the hole (linear probing).
    const std::size_t mask = table_.size() - 1;
    for (std::size_t at = (hole + 1) & mask; table_[at] != 0; at = (at + 1) & mask) {
      const std::size_t wants = home(table_[at]);
      if (((at - wants) & mask) >= ((at - hole) & mask)) {
        table_[hole] = table_[at];
        table_[at] = 0;
        hole = at;
      }
    }
  }
  std::vector<std::uint64_t> ring_;
  std::vector<std::uint64_t> table_;
  std::size_t next_ = 0;
};

}  // namespace pinstripe
