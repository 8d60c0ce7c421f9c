// `check`: everything that `up` would refuse, without starting anything.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "tools/commands/live_instruments.h"
#include "tools/commands/options.h"
#include "tools/session/prepare.h"
#include "tools/session/processes.h"
#include "shm/run/process.h"

namespace pinstripe {

Exit report_error(const Error& error, bool json) {
  std::fprintf(stderr, "pinstripe: %s\n", error.message.c_str());
  if (json) {
    // A message may quote what a venue sent, which may be no UTF-8.
    const nlohmann::ordered_json said{{"error", error.message}};
    std::puts(said.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }
  return error.exit;
}

Exit run_check(const CheckOptions& options) {
  Overrides overrides;
  overrides.data = options.data;
  auto config = load_session_config(options.config, overrides);
  if (!config) return report_error(config.error(), options.json);
  auto plan = prepare_plan(*config, look_up_live);
  if (!plan) return report_error(plan.error(), options.json);
  if (auto cores = check_cores(plan->topology, allowed_cores()); !cores) {
    return report_error(cores.error(), options.json);
  }
  if (options.json) {
    nlohmann::ordered_json out;
    out["session"] = plan->name;
    out["source"] = kSourceKindNames[static_cast<std::size_t>(plan->source)];
    out["instruments"] = nlohmann::ordered_json::array();
    for (const Instrument& i : plan->instruments) out["instruments"].push_back(i.id);
    out["stages"] = plan->topology.stages.size();
    out["rings"] = plan->topology.rings.size();
    out["in_sample"] = plan->in_sample;
    out["warnings"] = plan->warnings;
    std::puts(out.dump(1).c_str());
  } else {
    std::printf("%s: right; session '%s', %zu instruments, %zu stages, %zu rings\n",
                options.config.c_str(), plan->name.c_str(), plan->instruments.size(),
                plan->topology.stages.size(), plan->topology.rings.size());
    for (const std::string& w : plan->warnings) std::fprintf(stderr, "warning: %s\n", w.c_str());
  }
  return Exit::kDone;
}

}  // namespace pinstripe
