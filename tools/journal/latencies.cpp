#include "tools/journal/latencies.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "shm/msg/exec_report.h"
#include "tools/journal/entry_text.h"

namespace pinstripe {

namespace {

constexpr std::size_t kTableMax = 1'000;

/// At most kTableMax of the values, evenly spaced by rank.
std::vector<std::int64_t> table_of(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  if (values.size() <= kTableMax) return values;
  std::vector<std::int64_t> table;
  for (std::size_t i = 0; i < kTableMax; ++i) {
    table.push_back(values[(2 * i + 1) * values.size() / (2 * kTableMax)]);
  }
  return table;
}

}  // namespace

void LatencyMeter::add(const SessionPlan& plan, const JournalEntry& entry) {
  const std::string_view type = message_type_of(plan, entry);
  if (type == OrderCommand::kRingType) {
    const auto& command = reinterpret_cast<const OrderCommand&>(entry.message());
    sent_.emplace(command.number, entry.now.value);
  }
  if (type != ExecReport::kRingType) return;
  const auto& report = reinterpret_cast<const ExecReport&>(entry.message());
  const auto sent = sent_.find(report.answers);
  if (report.answers == 0 || sent == sent_.end()) return;
  order_ns_.push_back(report.venue_ns - sent->second);
  response_ns_.push_back(entry.now.value - report.venue_ns);
}

std::string LatencyMeter::json() const {
  const nlohmann::ordered_json j{{"order_latency_table_ns", table_of(order_ns_)},
                                 {"response_latency_table_ns", table_of(response_ns_)}};
  return j.dump(1);
}

}  // namespace pinstripe
