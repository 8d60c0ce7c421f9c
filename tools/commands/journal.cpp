// `journal info | verify | dump | export`.
#include "tools/commands/options.h"

namespace pinstripe {

namespace {

Exit refused(const JournalOptions& options) {
  return report_error(Error{"'journal' is not in this build yet", Exit::kUsage}, options.json);
}

}  // namespace

Exit run_journal_info(const JournalOptions& options) { return refused(options); }
Exit run_journal_verify(const JournalOptions& options) { return refused(options); }
Exit run_journal_dump(const JournalOptions& options) { return refused(options); }
Exit run_journal_export(const JournalOptions& options) { return refused(options); }

}  // namespace pinstripe
