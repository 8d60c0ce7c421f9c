#include "tools/session/carrier_process.h"

#include <signal.h>
#include <unistd.h>

#include "shm/ring/end_lock.h"
#include "tools/session/supervisor.h"

namespace pinstripe {

namespace {

constexpr const char* kName = "journal";  // of its log file, too

std::string lock_of(const SessionPlan& plan) { return plan.directory + "/journal.carrier.lock"; }

}  // namespace

Result<CarrierProcess> CarrierProcess::start(const SessionPlan& plan) {
  CarrierProcess carrier(plan);
  if (!plan.journal.on) return carrier;
  if (auto spawned = carrier.spawn(); !spawned) return std::unexpected(spawned.error());
  return carrier;
}

Result<void> CarrierProcess::spawn() {
  auto child = Child::spawn(kName, program_folder() + "/pinstripe-journal",
                            {"--session", plan_->name}, -1, plan_->directory + "/" + kName + ".log");
  if (!child) return fail_within("the carrier of the journals", child);
  child_ = std::move(*child);
  return {};
}

std::string CarrierProcess::mind() {
  if (!plan_->journal.on || lost() || child_.running()) return "";
  std::string line = "the carrier of the journals (pid " + std::to_string(child_.pid()) +
                     ") died: " + child_.poll().text();
  const std::string words = log_tail(*plan_, kName, 1'000);
  if (!words.empty()) line += "; it last wrote: " + words;
  ++deaths_;
  if (lost()) return line + "; it is not started again";
  if (auto spawned = spawn(); !spawned) {
    deaths_ = kDeathsMax + 1;
    return line + "; " + spawned.error().message;
  }
  return line + "; started again";
}

/// A signal before it can catch one would kill it: its lock says that it can.
void CarrierProcess::await_start() {
  while (child_.running() && !EndLock::holder(lock_of(*plan_))) wait_for(child_, 2);
}

std::string CarrierProcess::finish() {
  if (child_.pid() <= 0 || finished_) return "";
  finished_ = true;
  while (!lost()) {
    await_start();
    child_.signal(SIGTERM);
    // It gives up by itself where the disk takes nothing; otherwise it has work to do.
    while (child_.running()) wait_for(child_, 1'000);
    if (child_.poll().clean()) return "";
    if (child_.poll().gave_up()) break;
    (void)mind();  // killed from outside: another goes on where it was
  }
  const std::string words = log_tail(*plan_, kName, 1'000);
  return "the journal was not finished (" + child_.poll().text() + ")" +
         (words.empty() ? "" : ": " + words);
}

void stop_carrier(const SessionPlan& plan, int patience_ms) {
  auto holder = EndLock::holder(lock_of(plan));
  if (!holder) return;
  kill(holder->pid, SIGTERM);
  for (int waited = 0; holder && waited < patience_ms; waited += 20) {
    usleep(20'000);
    holder = EndLock::holder(lock_of(plan));
  }
}

}  // namespace pinstripe
