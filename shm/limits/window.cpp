#include "shm/limits/window.h"

#include <algorithm>

#include "shm/base/check.h"

namespace pinstripe {

std::int64_t WindowCount::slot_ns() const noexcept {
  if (shape_.counting == LimitCounting::kClock) return shape_.window_ns;
  return (span_ns() + LimitWindow::kParts - 1) / LimitWindow::kParts;
}

WindowCount::Range WindowCount::counted(std::int64_t now_ns) const noexcept {
  const std::int64_t slot = slot_ns();
  if (shape_.counting == LimitCounting::kClock) {
    return {(now_ns - shape_.guard_ns) / slot, (now_ns + shape_.guard_ns) / slot};
  }
  // Part s counts while its end + span lies ahead: (s + 1) * slot + span > now.
  return {(now_ns - span_ns()) / slot, now_ns / slot};
}

std::uint64_t WindowCount::at(std::int64_t number) const noexcept {
  if (number > window_.newest || number <= window_.newest - LimitWindow::kSlots) return 0;
  return window_.slots[number % LimitWindow::kSlots];
}

void WindowCount::advance(std::int64_t number) noexcept {
  if (number <= window_.newest) return;
  const std::int64_t first = std::max(window_.newest + 1, number - LimitWindow::kSlots + 1);
  for (std::int64_t n = first; n <= number; ++n) window_.slots[n % LimitWindow::kSlots] = 0;
  window_.newest = number;
}

void WindowCount::add(std::int64_t number, std::uint64_t weight) noexcept {
  PINSTRIPE_CHECK(number > window_.newest - LimitWindow::kSlots, "charge to a part long gone");
  std::uint32_t& slot = window_.slots[number % LimitWindow::kSlots];
  slot = static_cast<std::uint32_t>(std::min<std::uint64_t>(slot + weight, UINT32_MAX));
}

std::uint64_t WindowCount::used(std::int64_t now_ns) const noexcept {
  const Range range = counted(now_ns);
  std::uint64_t sum = 0, most = 0;
  for (std::int64_t n = range.first; n <= range.last; ++n) {
    sum += at(n);
    most = std::max(most, at(n));
  }
  return shape_.counting == LimitCounting::kClock ? most : sum;
}

void WindowCount::charge(std::int64_t now_ns, std::uint64_t weight) noexcept {
  const Range range = counted(now_ns);
  advance(range.last);
  if (shape_.counting == LimitCounting::kRolling) return add(range.last, weight);
  for (std::int64_t n = range.first; n <= range.last; ++n) add(n, weight);
}

void WindowCount::raise(std::int64_t sent_ns, std::int64_t now_ns, std::uint64_t used) noexcept {
  const std::uint64_t own = this->used(now_ns);
  if (used <= own) return;
  const Range range = counted(now_ns);
  const Range sent = counted(std::min(sent_ns, now_ns));
  if (shape_.counting == LimitCounting::kClock && sent.first != range.last) return;
  advance(range.last);
  add(range.last, used - own);
}

std::int64_t WindowCount::falls_to(std::int64_t now_ns, std::uint64_t most) const noexcept {
  const Range range = counted(now_ns);
  const std::int64_t slot = slot_ns();
  if (shape_.counting == LimitCounting::kClock) {
    std::int64_t until = now_ns;
    for (std::int64_t n = range.first; n <= range.last; ++n) {
      if (at(n) > most) until = (n + 1) * slot + shape_.guard_ns;
    }
    return until;
  }
  std::uint64_t left = used(now_ns);
  std::int64_t until = now_ns;
  for (std::int64_t n = range.first; n <= range.last && left > most; ++n) {
    if (at(n) == 0) continue;
    left -= at(n);
    until = (n + 1) * slot + span_ns();
  }
  return until;
}

void WindowCount::rebase(std::int64_t now_ns) noexcept {
  std::uint64_t sum = 0;
  for (const std::uint32_t slot : window_.slots) sum += slot;
  if (shape_.counting == LimitCounting::kClock) {
    sum = std::max(at(window_.newest), at(window_.newest - 1));
  }
  window_ = LimitWindow{};
  if (sum > 0) charge(now_ns, sum);
}

}  // namespace pinstripe
