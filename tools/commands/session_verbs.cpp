// `down`, `status`, `rings`: on a running session, a stopped one, or one that was only prepared.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "shm/run/process.h"
#include "tools/commands/find_session.h"
#include "tools/commands/held_session.h"
#include "tools/commands/options.h"
#include "tools/commands/views.h"
#include "tools/session/account.h"
#include "tools/session/carrier_process.h"
#include "tools/session/processes.h"
#include "tools/session/supervisor.h"

namespace pinstripe {

namespace {

constexpr int kPatienceMs = 5'000;

std::string state_text(const SessionInfo& info) {
  if (info.live) return "live";
  return kSessionStateNames[static_cast<std::size_t>(info.state)];
}

/// Who drives a session that nobody's lock is on: its processes live on by themselves.
std::string without_driver(const SessionInfo& info, const SessionPlan& plan) {
  if (!info.live) return "";
  if (info.state != SessionState::kRunning) return ", without a supervisor";
  return ", but its supervisor has died; when its processes have ended: pinstripe " +
         std::string(plan.journal.on ? "up --resume " : "down ") + info.name;
}

/// Asks the supervisor to stop and waits for it; false where it does not end in time.
bool stop_supervisor(const SessionInfo& info) {
  const auto holder = EndLock::holder(info.path + "/session.lock");
  if (!holder) return true;
  kill(holder->pid, SIGINT);
  for (int waited = 0; waited < 12 * kPatienceMs; waited += 20) {
    if (!EndLock::holder(info.path + "/session.lock")) return true;
    usleep(20'000);
  }
  return false;
}

/// Stages that were started by hand, or whose supervisor has died.
bool stages_alive(const SessionPlan& plan) {
  const SessionShot shot = take_snapshot(plan);
  for (const StageShot& s : shot.stages) {
    if (s.alive) return true;
  }
  return false;
}

/// The account of what ran, where something did.
void print_down(const std::string& name, const SessionPlan& plan, bool ran, bool json,
                bool resumable = false) {
  if (!ran && !json) return;
  Account account = make_account(plan, take_snapshot(plan));
  account.resumable = resumable;
  if (is_watched(plan)) account.watch = read_watch(plan);
  if (json) {
    std::printf("{\"session\": \"%s\", \"resumable\": %s, \"account\": %s}\n", name.c_str(),
                resumable ? "true" : "false", ran ? account_json(account).c_str() : "null");
  } else {
    std::fputs(account_text(plan, account).c_str(), stdout);
  }
}

/// Records that are in shared memory alone.
std::int64_t records_not_on_disk(const SessionShot& shot) {
  std::int64_t sum = 0;
  for (const StageShot& s : shot.stages) {
    if (s.journal) sum += static_cast<std::int64_t>(s.journal->records - s.journal->on_disk);
  }
  return sum;
}

/// Stopped, but what it knows lies nowhere else: only an explicit word removes it.
Exit keep_resumable(const FoundSession& found, const SessionShot& shot, bool ran, bool json) {
  const std::string& name = found.info.name;
  print_down(name, found.plan, ran, json, true);
  const std::int64_t waiting = records_not_on_disk(shot);
  std::fprintf(stderr,
               "%spinstripe: session '%s' has stopped before its end and is kept%s; 'pinstripe up "
               "--resume %s' goes on with it, 'pinstripe up CONFIG --discard' or 'pinstripe doctor "
               "--fix' removes it\n",
               deaths_of(found.plan).c_str(), name.c_str(),
               waiting == 0 ? ""
                            : (" (" + std::to_string(waiting) +
                               " journal records are in shared memory alone)").c_str(),
               name.c_str());
  return Exit::kFailed;
}

/// What nobody drives any more: stops what lives, tells the account, removes the directory unless
/// it holds what is nowhere else.
Exit take_down(const FoundSession& found, bool json) {
  const std::string& name = found.info.name;
  if (stages_alive(found.plan)) stop_stages(found.plan, kPatienceMs);
  stop_carrier(found.plan, 12 * kPatienceMs);
  await_last_helpers(name);
  const SessionShot shot = take_snapshot(found.plan);
  bool ran = false;
  for (const StageShot& s : shot.stages) ran = ran || s.turns > 0;
  const auto info = session_info(name);
  if (info && info->live) {
    return report_error(Error{"session '" + name + "' is still held by " + info->holder->text() +
                              "; nothing was removed, try again"}, json);
  }
  const bool resumable = info && info->state == SessionState::kResumable;
  if (resumable || records_not_on_disk(shot) > 0) {
    if (auto dir = SessionDir::open(name); dir && !resumable) {
      (void)dir->set_state(SessionState::kResumable);
    }
    return keep_resumable(found, shot, ran, json);
  }
  print_down(name, found.plan, ran, json);
  const std::string deaths = deaths_of(found.plan);
  if (auto removed = remove_session(name); !removed) return report_error(removed.error(), json);
  std::fprintf(stderr, "%spinstripe: session '%s' is down\n", deaths.c_str(), name.c_str());
  return deaths.empty() ? Exit::kDone : Exit::kFailed;
}

}  // namespace

Exit run_down(const SessionOptions& options) {
  if (const auto half = session_info(options.session);
      half && !half->live && half->state == SessionState::kHalfMade) {
    const auto removed = remove_session(options.session);
    if (!removed) return report_error(removed.error(), options.json);
    if (options.json) {
      std::printf("{\"session\": \"%s\", \"resumable\": false, \"account\": null}\n",
                  options.session.c_str());
    }
    std::fprintf(stderr, "pinstripe: removed the half-made session '%s'\n",
                 options.session.c_str());
    return Exit::kDone;
  }
  auto found = find_session(options.session);
  if (!found) return report_error(found.error(), options.json);
  const std::string name = found->info.name;
  if (!stop_supervisor(found->info)) {
    return report_error(Error{"session '" + name +
        "' did not stop within a minute; its supervisor is " +
                              EndLock::holder(found->info.path + "/session.lock")->text()},
                        options.json);
  }
  // A supervisor in the foreground has told the account and removed the directory itself.
  if (!std::filesystem::exists(found->info.path)) {
    if (options.json) {
      std::printf("{\"session\": \"%s\", \"resumable\": false, \"account\": null}\n",
                  name.c_str());
    }
    std::fprintf(stderr, "pinstripe: session '%s' is down\n", name.c_str());
    return Exit::kDone;
  }
  return take_down(*found, options.json);
}

namespace {

/// "session NAME", "journal journal -" where a carrier is needed, then "<kind> <stage> <core>" a
/// line: what tools/launch.sh reads.
Exit print_stages(const SessionPlan& plan) {
  std::printf("session %s\n", plan.name.c_str());
  if (plan.journal.on) std::printf("journal journal -\n");
  const std::vector<int> cores = place_stages(plan.topology, allowed_cores());
  for (std::size_t i = 0; i < cores.size(); ++i) {
    const StageSpec& s = plan.topology.stages[i];
    std::printf("%s %s %d\n", kStageKindNames[index_of(s.kind)], s.name.c_str(), cores[i]);
  }
  return Exit::kDone;
}

Result<std::string> name_in_config(const SessionOptions& options) {
  if (!options.session.empty() || options.config.empty()) return options.session;
  auto config = load_session_config(options.config, {});
  if (!config) return std::unexpected(config.error());
  return config->plan.name;
}

/// Prints `draw()` once, or every second until Ctrl-C.
template <class Draw>
Exit show(bool watch, Draw&& draw) {
  if (!watch) {
    std::fputs(draw().c_str(), stdout);
    return Exit::kDone;
  }
  install_stop_signals();
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  while (!stop_requested()) {
    const std::string text = draw();
    if (terminal) std::fputs("\033[H\033[2J", stdout);
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0) break;
    for (int i = 0; i < 10 && !stop_requested(); ++i) usleep(100'000);
  }
  return Exit::kDone;
}

}  // namespace

Exit run_status(const SessionOptions& options) {
  auto name = name_in_config(options);
  if (!name) return report_error(name.error(), options.json);
  auto found = find_session(*name);
  if (!found) return report_error(found.error(), options.json);
  if (options.stages) return print_stages(found->plan);
  return show(options.watch, [&] {
    const auto info = session_info(found->info.name).value_or(found->info);
    // A helper or a stage that holds an end of its own drives nothing.
    const auto supervisor = EndLock::holder(info.path + "/session.lock");
    const SessionShot shot = take_snapshot(found->plan);
    const std::string state = state_text(info);
    if (options.json) {
      return status_json(found->plan, shot, state, supervisor ? supervisor->text() : "") + "\n";
    }
    const std::string driver =
        supervisor ? ", driven by " + supervisor->text() : without_driver(info, found->plan);
    return status_text(found->plan, shot, state + driver) + deaths_of(found->plan);
  });
}

Exit run_rings(const SessionOptions& options) {
  auto found = find_session(options.session);
  if (!found) return report_error(found.error(), options.json);
  SessionShot earlier = take_snapshot(found->plan);
  double seconds = 0.2;
  if (found->info.live) usleep(200'000);
  return show(options.watch, [&] {
    const SessionShot now = take_snapshot(found->plan);
    const RingsView view{found->plan, now, &earlier, seconds};
    const std::string text = options.json ? rings_json(view) + "\n" : rings_text(view);
    earlier = now;
    seconds = 1.0;
    return text;
  });
}

}  // namespace pinstripe
