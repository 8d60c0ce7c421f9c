// Reports that wait to be published, in order; memory taken once.
#pragma once

#include <cstddef>
#include <vector>

#include "shm/base/check.h"
#include "shm/base/state_io.h"
#include "shm/msg/exec_report.h"

namespace pinstripe {

class Outbox {
 public:
  explicit Outbox(std::size_t capacity) : entries_(capacity) {}

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  std::size_t room() const noexcept { return entries_.size() - size(); }
  ExecReport& push() noexcept {
    PINSTRIPE_CHECK(room() > 0, "the outbox of execution reports is full");
    ExecReport& slot = entries_[tail_++ % entries_.size()];
    slot = ExecReport{};
    return slot;
  }
  const ExecReport& front() const noexcept { return entries_[head_ % entries_.size()]; }
  void pop() noexcept { ++head_; }

  void save(StateWriter& w) const noexcept {
    w.u64(size());
    for (std::size_t i = head_; i != tail_; ++i) {
      w.bytes(&entries_[i % entries_.size()], sizeof(ExecReport));
    }
  }
  bool load(StateReader& r) {
    const std::uint64_t n = r.u64();
    if (n > entries_.size()) return false;
    head_ = 0;
    tail_ = 0;
    for (std::uint64_t i = 0; i < n; ++i) r.bytes(&entries_[tail_++], sizeof(ExecReport));
    return !r.failed();
  }

 private:
  std::vector<ExecReport> entries_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace pinstripe
