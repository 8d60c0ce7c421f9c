#include "tools/session/helper_process.h"

#include <signal.h>

#include "shm/run/machine_time.h"
#include "tools/session/stage_log.h"

namespace pinstripe {

Result<HelperProcess> HelperProcess::start(const SessionPlan& plan, const std::string& name,
                                           const std::string& what) {
  auto program = Program::open("pinstripe-" + name);
  if (!program) return fail_within(what, program);
  HelperProcess helper(plan, name, what, std::move(*program));
  if (auto spawned = helper.spawn(); !spawned) return std::unexpected(spawned.error());
  return helper;
}

Result<void> HelperProcess::spawn() {
  log_from_ = log_end(*plan_, name_);
  auto child = Child::spawn(name_, program_, {"--session", plan_->name}, -1,
                            stage_log_file(*plan_, name_));
  if (!child) return fail_within(what_, child);
  child_ = std::move(*child);
  health_.restart();
  return {};
}

std::string HelperProcess::kill_if_stopped() {
  if (!child_.running()) return "";
  const std::string wrong = health_.look(child_.pid(), StageSign{}, monotonic_ms());
  if (wrong.empty()) return "";
  child_.signal(SIGKILL);
  return what_ + " (pid " + std::to_string(child_.pid()) + ") is " + wrong + "; it is killed";
}

std::string HelperProcess::mind() {
  if (lost()) return "";
  if (child_.running()) return kill_if_stopped();
  std::string line = what_ + " (pid " + std::to_string(child_.pid()) +
                     ") died: " + child_.poll().text() + last_words();
  ++deaths_;
  if (lost()) return line + "; it is not started again";
  if (auto spawned = spawn(); !spawned) {
    deaths_ = kDeathsMax + 1;
    return line + "; " + spawned.error().message;
  }
  return line + "; started again";
}

std::string HelperProcess::last_words() const {
  const std::string words = log_tail(*plan_, name_, log_from_, 1'000);
  return words.empty() ? "" : "; it last wrote: " + words;
}

void HelperProcess::stop(int patience_ms) {
  child_.signal(SIGTERM);
  wait_for(child_, patience_ms);
  if (!child_.running()) return;
  child_.signal(SIGKILL);
  wait_for(child_, patience_ms);
}

}  // namespace pinstripe
