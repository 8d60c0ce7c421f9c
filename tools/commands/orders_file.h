// `up --orders FILE`: every order command and execution report as JSON lines, in event time.
#pragma once

#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// Reads the two rings through taps. `poll` must come often enough that a ring does not wrap around
/// between two calls; what was missed is counted and makes the run fail.
class OrdersFile {
 public:
  static Result<std::unique_ptr<OrdersFile>> open(const std::string& file, const SessionPlan& plan);
  ~OrdersFile();
  OrdersFile(const OrdersFile&) = delete;
  OrdersFile& operator=(const OrdersFile&) = delete;

  void poll();
  /// Takes the rest, writes everything out; refuses where something was missed or could not be
  /// written.
  Result<void> finish();

 private:
  struct Source;
  OrdersFile(std::FILE* out, std::string name);
  void write_merged(bool all);

  std::FILE* out_;
  std::string name_;
  std::vector<std::unique_ptr<Source>> sources_;  // orders, reports
};

/// Makes the orders and reports rings large enough to be read along at full speed.
void enlarge_for_orders_file(SessionPlan& plan);

}  // namespace pinstripe
