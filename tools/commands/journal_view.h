// What `journal info` and `journal verify` show.
#pragma once

#include <string>
#include <vector>

#include "tools/journal/journal_dir.h"
#include "tools/journal/journal_life.h"
#include "tools/journal/verify.h"

namespace pinstripe {

struct JournalReport {
  const JournalDir& journal;
  JournalLife life;
  std::vector<StageJournal> stages;
};
std::string journal_text(const JournalReport& report);
/// One object; keys: tools/journal/README.md.
std::string journal_json(const JournalReport& report);

}  // namespace pinstripe
