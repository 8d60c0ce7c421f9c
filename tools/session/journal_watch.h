// What people are told while a session runs of the disk that its journals go to: once each time
// that it changes.
#pragma once

#include <string>
#include <vector>

#include "tools/session/snapshot.h"

namespace pinstripe {

/// "feed, models: disk full at record 12: ..."; the stages whose journal is not carried, and what
/// the first of them says. "": all are.
std::string journal_problem(const SessionShot& shot);
/// The same of their checkpoints.
std::string checkpoints_problem(const SessionPlan& plan);
/// The stages of whose journals records were given up, by name; "": none.
std::string holed_stages(const SessionPlan& plan);

class JournalWatch {
 public:
  explicit JournalWatch(const SessionPlan& plan) : plan_(&plan) {}
  /// The lines that are new with this look.
  std::vector<std::string> look(const SessionShot& shot);

 private:
  void look_at_disk(const SessionShot& shot, std::vector<std::string>& lines);
  void look_at_trading(const SessionShot& shot, std::vector<std::string>& lines);
  void look_at_checkpoints(std::vector<std::string>& lines);

  const SessionPlan* plan_;
  bool failing_ = false;      // the disk took no journal at the last look
  bool halted_ = false;
  bool holed_ = false;
  bool unsaved_ = false;      // nor a checkpoint
};

}  // namespace pinstripe
