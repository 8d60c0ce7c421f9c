#include "tools/session/carrier_process.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "shm/ring/end_lock.h"
#include "shm/run/machine_time.h"

namespace pinstripe {

namespace {

std::string lock_of(const SessionPlan& plan) { return plan.directory + "/journal.carrier.lock"; }

}  // namespace

Result<CarrierProcess> CarrierProcess::start(const SessionPlan& plan) {
  CarrierProcess carrier(plan);
  if (!plan.journal.on) return carrier;
  auto helper = HelperProcess::start(plan, "journal", "the carrier of the journals");
  if (!helper) return std::unexpected(helper.error());
  carrier.helper_ = std::move(*helper);
  return carrier;
}

/// A signal before it can catch one would kill it: its lock says that it can. The lock never shows
/// where somebody has deleted the session's directory: then it is asked all the same.
void CarrierProcess::await_start() {
  constexpr std::int64_t kStartMs = 10'000;
  const std::int64_t until_ms = monotonic_ms() + kStartMs;
  Child& child = helper_->child();
  while (child.running() && monotonic_ms() < until_ms && !EndLock::holder(lock_of(*plan_))) {
    wait_for(child, 2);
    (void)helper_->kill_if_stopped();
  }
}

std::string CarrierProcess::finish() {
  if (!helper_ || finished_) return "";
  finished_ = true;
  while (!lost()) {
    await_start();
    Child& child = helper_->child();
    child.signal(SIGTERM);
    // It gives up by itself where the disk takes nothing; otherwise it has work to do.
    while (child.running()) {
      wait_for(child, 100);
      (void)helper_->kill_if_stopped();
    }
    if (child.poll().clean()) return "";
    if (child.poll().gave_up()) break;
    (void)mind();  // killed from outside: another goes on where it was
  }
  return "the journal was not finished (" + helper_->child().poll().text() + ")" +
         helper_->last_words();
}

std::string uncarried_text(const SessionPlan& plan, const std::string& problem) {
  std::error_code error;
  if (!std::filesystem::exists(plan.directory, error)) {
    return problem + "; what was not on disk is lost with '" + plan.directory +
           "', which somebody has deleted";
  }
  return problem + "; what is not on disk stays in shared memory: make room, then 'pinstripe up "
         "--resume " + plan.name + "' carries it";
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
