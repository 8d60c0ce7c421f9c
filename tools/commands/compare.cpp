// `compare A B`: two runs side by side.
#include "tools/backtest/compare.h"

#include <cstdio>

#include "tools/commands/options.h"
#include "tools/commands/say.h"

namespace pinstripe {

Exit run_compare(const CompareOptions& options) {
  const auto compared = compare_runs(options.a, options.b, !options.no_split,
                                     [](const std::string& what) { say(what); });
  if (!compared) return report_error(compared.error(), options.json);
  for (const RunRecord* run : {&compared->a, &compared->b}) {
    if (!run->note.empty()) say("warning: '" + run->path + "': " + run->note);
  }
  const std::string text =
      options.json ? comparison_json(*compared) + "\n" : comparison_text(*compared);
  std::fputs(text.c_str(), stdout);
  return Exit::kDone;
}

}  // namespace pinstripe
