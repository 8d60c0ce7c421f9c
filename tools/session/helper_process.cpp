#include "tools/session/helper_process.h"

#include <signal.h>

#include <algorithm>

#include "shm/run/machine_time.h"
#include "tools/session/stage_log.h"

namespace pinstripe {

Result<HelperProcess> HelperProcess::start(const SessionPlan& plan, const std::string& name,
                                           const std::string& what, HelperLoss loss) {
  auto program = Program::open("pinstripe-" + name);
  if (!program) return fail_within(what, program);
  HelperProcess helper(plan, name, what, std::move(*program), loss);
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

std::string HelperProcess::mind(std::int64_t now_ms) {
  if (lost()) return "";
  if (again_at_ms_ != 0) {
    return now_ms < again_at_ms_ ? "" : try_again(now_ms, what_ + " is tried again");
  }
  if (began_ms_ == 0) began_ms_ = now_ms;
  return child_.running() ? kill_if_stopped() : bury(now_ms);
}

std::string HelperProcess::bury(std::int64_t now_ms) {
  last_death_ = child_.poll().text() + last_words();
  const std::string line = what_ + " (pid " + std::to_string(child_.pid()) + ") died: " +
                           last_death_;
  // One that has lived longer than it would be waited for has not failed in a row.
  if (loss_ == HelperLoss::kRetried && now_ms - began_ms_ > kPauseMostMs) deaths_ = 0;
  ++deaths_;
  ++deaths_ever_;
  if (lost()) return line + "; it is not started again";
  return try_again(now_ms, line + "; it is started again");
}

/// Starts it, at once or after a pause. `line` tells what is done where that is at once.
std::string HelperProcess::try_again(std::int64_t now_ms, const std::string& line) {
  const bool is_due = again_at_ms_ != 0;
  const int over = deaths_ - kDeathsMax;
  if (over > 0 && !is_due) {
    const std::int64_t pause_ms = std::min(kPauseFirstMs << std::min(over - 1, 10), kPauseMostMs);
    again_at_ms_ = now_ms + pause_ms;
    return what_ + " does not run: it has died " + std::to_string(deaths_) +
           " times in a row; it is tried again in " + std::to_string(pause_ms / 1'000) +
           " s; the last died: " + last_death_;
  }
  again_at_ms_ = 0;
  began_ms_ = now_ms;
  auto spawned = spawn();
  if (spawned) return line;
  last_death_ = spawned.error().message;
  deaths_ = std::max(deaths_, kDeathsMax) + 1;
  if (lost()) return line + "; " + last_death_;
  return try_again(now_ms, line);
}

std::int64_t HelperProcess::again_in_ms(std::int64_t now_ms) const noexcept {
  return again_at_ms_ == 0 ? 0 : std::max<std::int64_t>(again_at_ms_ - now_ms, 1);
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
