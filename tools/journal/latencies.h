// Order and response latencies as a session met them, out of its journals: tables for the exec part
// of another session's config.
//
//   order latency     exec took the command -> its first answer happened on the venue (`venue_ns`)
//   response latency  it happened on the venue -> risk took the answer
//
// Event times, so a paper session gives back the model it ran with; a live one gives what was so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shm/run/journal_layout.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

class LatencyMeter {
 public:
  /// Takes a record of exec's journal, all of which come first, or of risk's.
  void add(const SessionPlan& plan, const JournalEntry& entry);

  std::uint64_t commands() const noexcept { return sent_.size(); }
  std::uint64_t answers() const noexcept { return order_ns_.size(); }
  /// {"order_latency_table_ns": [...], "response_latency_table_ns": [...]}: at most 1,000 values
  /// each, evenly spaced by rank.
  std::string json() const;

 private:
  std::map<std::uint64_t, std::int64_t> sent_;  // by number of the command, event time
  std::vector<std::int64_t> order_ns_, response_ns_;
};

}  // namespace pinstripe
