// `compare A B`: two runs side by side.
#include "tools/backtest/compare.h"

#include <cstdio>

#include "tools/commands/options.h"

namespace pinstripe {

Exit run_compare(const CompareOptions& options) {
  const auto compared = compare_runs(options.a, options.b, !options.no_split,
                                     [](const std::string& what) {
                                       std::fprintf(stderr, "pinstripe: %s\n", what.c_str());
                                     });
  if (!compared) return report_error(compared.error(), options.json);
  const std::string text =
      options.json ? comparison_json(*compared) + "\n" : comparison_text(*compared);
  std::fputs(text.c_str(), stdout);
  return Exit::kDone;
}

}  // namespace pinstripe
