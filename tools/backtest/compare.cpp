#include "tools/backtest/compare.h"

namespace pinstripe {

Result<RunComparison> compare_runs(const std::string& a, const std::string& b, bool split,
                                const std::function<void(const std::string&)>& say) {
  RunComparison c;
  for (auto [path, run] : {std::pair{&a, &c.a}, std::pair{&b, &c.b}}) {
    auto read = read_run(*path);
    if (!read) return std::unexpected(read.error());
    *run = std::move(*read);
  }
  c.decisions = compare_decisions(std::move(c.a.decisions), std::move(c.b.decisions));
  if (!split) {
    c.split_reason = "not asked for";
    return c;
  }
  auto done = split_profit(c.a, c.b, say);
  if (!done) {
    c.split_reason = done.error().message;
    return c;
  }
  if (!c.a.seen) c.a.seen = done->a;
  if (!c.b.seen) c.b.seen = done->b;
  c.split = std::move(*done);
  return c;
}

}  // namespace pinstripe
