// `replay`.
#include "tools/commands/options.h"

namespace pinstripe {

Exit run_replay(const ReplayOptions& options) {
  return report_error(Error{"'replay' is not in this build yet", Exit::kUsage}, options.json);
}

}  // namespace pinstripe
