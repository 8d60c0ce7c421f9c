#include "tools/backtest/profit_split.h"

#include <filesystem>

#include "tools/backtest/backtest.h"

namespace pinstripe {
namespace {

/// What a plan earns and sees.
struct Outcome {
  Profits profits;
  SeenData seen;
};

Result<void> check_data(const SessionPlan& plan) {
  for (const StreamPlan& stream : plan.streams) {
    for (const FilePlan& file : stream.files) {
      std::error_code error;
      const auto bytes = std::filesystem::file_size(file.path, error);
      if (error) return fail("'" + file.path + "' cannot be read again: " + error.message());
      if (bytes == file.size_bytes) continue;
      return fail("'" + file.path + "' was changed: it has " + std::to_string(bytes) +
                  " bytes, the run read " + std::to_string(file.size_bytes));
    }
  }
  return {};
}

/// Runs plans, each only once.
class Runs {
 public:
  explicit Runs(const std::function<void(const std::string&)>& say) : say_(say) {}

  Result<Outcome> of(const SessionPlan& plan, const std::string& what) {
    const auto identity = plan_identity(plan);
    if (!identity) return std::unexpected(identity.error());
    if (const auto known = done_.find(*identity); known != done_.end()) return known->second;
    if (auto same = check_data(plan); !same) return std::unexpected(same.error());
    if (say_) say_("runs " + what);
    auto ran = backtest(plan, {});
    if (!ran) return fail_within(what, ran);
    Outcome outcome;
    for (const InstrumentAccount& i : ran->account.instruments) {
      outcome.profits[i.settle_asset] += i.net_pnl_e8;
    }
    outcome.seen = {ran->account.events, ran->account.gaps, ran->account.bad_lines};
    done_[*identity] = outcome;
    return outcome;
  }
  int count() const { return static_cast<int>(done_.size()); }

 private:
  const std::function<void(const std::string&)>& say_;
  std::map<std::string, Outcome> done_;
};

constexpr std::array<const char*, kPlanParts> kSteps{
    "A with B's latencies", "A with B's latencies and fills",
    "A with B's latencies, fills and fees",
    "A with B's latencies, fills, fees and data", "B again"};

}  // namespace

Profits profit_difference(const Profits& a, const Profits& b) {
  Profits difference = b;
  for (const auto& [asset, e8] : a) difference[asset] -= e8;
  return difference;
}

Result<ProfitSplit> split_profit(const RunRecord& a, const RunRecord& b,
                                 const std::function<void(const std::string&)>& say) {
  if (const std::string why = cannot_mix(a.plan, b.plan); !why.empty()) return fail(why);
  ProfitSplit split;
  Runs runs(say);
  SessionPlan plan = a.plan;
  const auto first = runs.of(plan, "A again");
  if (!first) return std::unexpected(first.error());
  Outcome before = *first;
  for (std::size_t k = 0; k < kPlanParts; ++k) {
    auto mixed = with_part(plan, b.plan, static_cast<PlanPart>(k));
    if (!mixed) return std::unexpected(mixed.error());
    plan = std::move(*mixed);
    const auto after = runs.of(plan, kSteps[k]);
    if (!after) return std::unexpected(after.error());
    split.parts[k] = profit_difference(before.profits, after->profits);
    before = *after;
  }
  split.a = first->seen;
  split.b = before.seen;
  split.rest = profit_difference(a.profits, first->profits);
  for (const auto& [asset, e8] : profit_difference(before.profits, b.profits)) {
    split.rest[asset] += e8;
  }
  split.runs = runs.count();
  return split;
}

}  // namespace pinstripe
