// `up`: prepares a session, runs it in five processes or one thread, and gives the account.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "shm/run/machine_time.h"
#include "shm/run/process.h"
#include "tools/commands/held_session.h"
#include "tools/commands/live_instruments.h"
#include "tools/commands/options.h"
#include "tools/commands/orders_file.h"
#include "tools/commands/say.h"
#include "tools/commands/views.h"
#include "tools/session/account.h"
#include "tools/session/attach.h"
#include "tools/session/feed_failure.h"
#include "tools/session/in_process.h"
#include "tools/session/journal_watch.h"
#include "tools/session/prepare.h"
#include "tools/session/processes.h"
#include "tools/session/supervisor.h"

namespace pinstripe {

namespace {

/// Columns of the terminal behind standard error; 0 where it is none.
std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Cuts each line to `columns` (0: leaves it): a wrapped line would be two when the table is drawn
/// over.
std::string clipped(const std::string& text, std::size_t columns) {
  if (columns == 0) return text;
  std::string out;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) out += line.substr(0, columns) + "\n";
  return out;
}

/// Draws the rings again and again while the session runs.
class LiveTable {
 public:
  explicit LiveTable(const SessionPlan& plan, bool on) : plan_(plan), on_(on),
      began_(monotonic_s()) {}

  void draw() {
    if (!on_) return;
    const double now = monotonic_s();
    const SessionShot shot = take_snapshot(plan_);
    const RingsView view{plan_, shot, earlier_ ? &*earlier_ : nullptr, now - at_};
    const std::string text = clipped(head(shot, now) + rings_text(view), terminal_columns());
    if (lines_ > 0) std::fprintf(stderr, "\033[%dA\033[J", lines_);
    std::fputs(text.c_str(), stderr);
    lines_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    earlier_ = shot;
    at_ = now;
  }
  /// Lines that follow do not belong to the table.
  void leave() { lines_ = 0; }

 private:
  std::string head(const SessionShot& shot, double now) const {
    char text[200];
    const double simulated = static_cast<double>(simulated_ns(plan_, shot)) / 1e9;
    std::snprintf(text, sizeof(text),
        "%s: %.1f s, simulated %.1f s, events %lld, signals %lld, fills %lld\n",
                  plan_.name.c_str(), now - began_, simulated,
                  static_cast<long long>(shot.total(StageKind::kFeed, "events")),
                  static_cast<long long>(shot.total(StageKind::kModels, "signals")),
                  static_cast<long long>(shot.total(StageKind::kExec, "fills")));
    return text;
  }

  const SessionPlan& plan_;
  bool on_;
  double began_;
  double at_ = 0;
  int lines_ = 0;
  std::optional<SessionShot> earlier_;
};

struct RunOutcome {
  bool clean = true;
  bool stopped = false;
  bool resumable = false;  // it left off in the middle
};

/// What the stages and the carrier write for people (warnings), each line with its writer's name.
class Logs {
 public:
  explicit Logs(const SessionPlan& plan) : plan_(plan) {
    for (const StageSpec& s : plan.topology.stages) add(s.name);
    add("journal");
  }
  /// What was written since this was made: a session that is resumed has older lines.
  void relay() const {
    for (const auto& [name, from] : ends_) {
      const std::string text = log_tail(plan_, name, from, 4'000);
      if (!text.empty()) std::fprintf(stderr, "%s\n", text.c_str());
    }
  }

 private:
  void add(const std::string& name) { ends_.emplace_back(name, log_end(plan_, name)); }

  const SessionPlan& plan_;
  std::vector<std::pair<std::string, std::uint64_t>> ends_;
};

/// A journal with a hole: no process can take a stage's place, so none is started but the carrier.
Result<RunOutcome> only_carry(const SessionPlan& plan) {
  say("records of " + holed_stages(plan) + " were given up while the disk took "
      "nothing, so no stage can rejoin; what is left of the journals is carried, and the session "
      "ends where it stood");
  auto carrier = CarrierProcess::start(plan);
  if (!carrier) return std::unexpected(carrier.error());
  const std::string problem = carrier->finish();
  if (!problem.empty()) say(uncarried_text(plan, problem));
  const SessionShot shot = take_snapshot(plan);
  const bool over = std::ranges::all_of(shot.stages, [](const StageShot& s) {
    return s.state == kStageStateNames[static_cast<std::size_t>(StageState::kDone)];
  });
  return RunOutcome{problem.empty() && over, false, !problem.empty()};
}

Result<RunOutcome> run_processes(const SessionPlan& plan, LiveTable& table, OrdersFile* orders) {
  if (!holed_stages(plan).empty()) return only_carry(plan);
  const Logs logs(plan);
  auto supervisor = Supervisor::start(plan);
  if (!supervisor) return std::unexpected(supervisor.error());
  int ticks = 0;
  const int tick_ms = orders != nullptr ? 5 : 500;
  const auto tick = [&] {
    if (orders != nullptr) orders->poll();
    if (++ticks * tick_ms % 1'000 == 0) table.draw();
  };
  const SessionEnd end = supervisor->watch(tick_ms, tick, [&](const std::string& line) {
    table.leave();
    say(line);
  });
  note_end(plan, end);
  table.draw();
  if (end.clean) logs.relay();
  return RunOutcome{end.clean, end.stopped, end.resumable};
}

Result<RunOutcome> run_one_thread(const SessionPlan& plan, LiveTable& table, OrdersFile* orders) {
  double drawn = monotonic_s();
  RunOutcome outcome;
  auto result = run_in_process(plan.name, [&] {
    if (orders != nullptr) orders->poll();
    if (const double now = monotonic_s(); now - drawn >= 1) {
      table.draw();
      drawn = now;
    }
    outcome.stopped = stop_requested();
    return !outcome.stopped;
  });
  if (!result) return std::unexpected(result.error());
  if (!result->journal_problem.empty()) {
    say(uncarried_text(plan, result->journal_problem));
    outcome.clean = false;
    outcome.resumable = true;
  }
  return outcome;
}

/// Somebody has deleted them under the session: what it came to is not known, and no zeros stand in
/// for it.
Error pages_gone(const SessionPlan& plan) {
  return Error{"the session has no account: its stage pages in '" + plan.directory +
               "' were deleted while it ran" +
               (plan.journal.on ? "; what it took is in its journal, " + plan.journal.directory
                                : "") +
               ". End sessions with 'pinstripe down', and remove old ones with 'pinstripe doctor "
               "--fix'"};
}

/// Runs the prepared session and prints its account.
Exit run_session(const UpOptions& options, SessionPlan& plan, HeldSession& session) {
  std::unique_ptr<OrdersFile> orders;
  if (!options.orders_file.empty()) {
    auto opened = OrdersFile::open(options.orders_file, plan);
    if (!opened) return report_error(opened.error(), options.json);
    orders = std::move(*opened);
  }
  const bool terminal = isatty(STDERR_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  LiveTable table(plan, options.watch || (terminal && !options.json));
  session.set_state(SessionState::kRunning);
  auto outcome = options.in_process ? run_one_thread(plan, table, orders.get())
                                    : run_processes(plan, table, orders.get());
  if (!outcome) return report_error(outcome.error(), options.json);
  const SessionShot shot = take_snapshot(plan);
  if (!std::ranges::all_of(shot.stages, &StageShot::has_page)) {
    return report_error(pages_gone(plan), options.json);
  }
  for (const std::string& line : skipped_lines(shot)) say(line);
  Account account = make_account(plan, shot);
  account.resumable = outcome->resumable;
  if (is_watched(plan)) account.watch = read_watch(plan);
  std::string text = options.json ? account_json(account) : account_text(plan, account);
  if (options.json) text += "\n";
  std::fputs(text.c_str(), stdout);
  Exit exit = outcome->clean ? Exit::kDone : Exit::kFailed;
  if (outcome->clean && account.lost != 0) {
    say("the session ended, but " + std::to_string(account.lost) +
        " messages were never taken: its account is not to be trusted");
    exit = Exit::kFailed;
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    exit = report_error(Error{"the account could not be written to standard output: " +
                              std::string(std::strerror(errno))}, false);
  }
  if (orders != nullptr) {
    if (auto finished = orders->finish(); !finished) exit = report_error(finished.error(), false);
  }
  if (outcome->resumable) session.keep_as(SessionState::kResumable);
  return exit;
}

Result<SessionPlan> make_plan(const UpOptions& options) {
  auto config = load_session_config(options.config, options.overrides);
  if (!config) return std::unexpected(config.error());
  if (options.in_process && config->plan.live) {
    return fail_usage("--in-process merges by simulated time, and the config's \"mode\" is "
                      "\"live\": leave the option out, or add --set mode=recorded");
  }
  if (auto cores = check_cores(config->plan.topology, allowed_cores()); !cores) {
    return std::unexpected(cores.error());
  }
  await_last_helpers(config->plan.name);
  // A live session of that name is refused before its data are read.
  if (const auto info = session_info(config->plan.name); info && info->live) {
    return fail("session '" + config->plan.name + "' runs already" +
                (info->holder ? ", held by " + info->holder->text() : "") +
                "; stop it with 'pinstripe down " + config->plan.name +
                "', or give this one another name with --session");
  }
  auto plan = prepare_plan(*config, look_up_live);
  if (!plan) return plan;
  if (!options.orders_file.empty()) enlarge_for_orders_file(*plan);
  if (!options.prepare && !options.in_process) {
    const std::vector<int> cores = place_stages(plan->topology, allowed_cores());
    for (std::size_t i = 0; i < cores.size(); ++i) plan->topology.stages[i].core = cores[i];
  }
  return plan;
}

Exit prepared(const UpOptions& options, const SessionPlan& plan, HeldSession& session) {
  session.keep_as(SessionState::kPrepared);
  if (options.json) {
    std::printf("{\"session\": \"%s\", \"directory\": \"%s\"}\n", plan.name.c_str(),
                session.dir().path().c_str());
    return Exit::kDone;
  }
  std::printf("prepared session '%s' in %s\nstart its stages with: tools/launch.sh %s%s\n",
              plan.name.c_str(), session.dir().path().c_str(), options.config.c_str(),
              options.overrides.name.empty() ? "" : (" --session " + plan.name).c_str());
  return Exit::kDone;
}

/// A session of its own, or one that died before; `plan` is what it runs.
Result<HeldSession> make_session(const UpOptions& options, SessionPlan& plan) {
  if (!options.resume.empty()) return HeldSession::resume(options.resume, plan);
  auto made = make_plan(options);
  if (!made) return std::unexpected(made.error());
  plan = std::move(*made);
  for (const std::string& note : plan.notes) say(note);
  for (const std::string& warning : plan.warnings) say("warning: " + warning);
  return HeldSession::make(plan, options.discard);
}

/// Everything after the arguments; `ready_fd` >= 0 gets one byte once the session exists.
Exit up(const UpOptions& options, int ready_fd) {
  install_stop_signals();
  SessionPlan plan;
  auto session = make_session(options, plan);
  if (!session) return report_error(session.error(), options.json);
  if (options.prepare) return prepared(options, plan, *session);
  if (ready_fd >= 0) {
    (void)!write(ready_fd, "+", 1);
    // From here on whoever started this may be waiting for the end of its standard error.
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  }
  const Exit exit = run_session(options, plan, *session);
  if ((options.keep || options.detach) && session->held()) session->keep_as(SessionState::kKept);
  return exit;
}

/// Runs `up` in a child of its own session; returns once that session exists or has failed.
Exit detach(const UpOptions& options) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) {
    return report_error(Error{std::string("cannot make a pipe: ") + std::strerror(errno)},
        options.json);
  }
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    close(ready[0]);
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);  // the account is told by `down`
    UpOptions own = options;
    own.json = false;
    const Exit exit = up(own, ready[1]);
    _exit(static_cast<int>(exit));
  }
  close(ready[1]);
  char mark = 0;
  const bool started = pid > 0 && read(ready[0], &mark, 1) == 1;
  close(ready[0]);
  if (!started) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? static_cast<Exit>(WEXITSTATUS(status)) : Exit::kFailed;
  }
  if (options.json) {
    std::printf("{\"pid\": %d}\n", pid);
  } else {
    std::printf("started in the background (pid %d); see 'pinstripe status', end with 'pinstripe "
                "down'\n", pid);
  }
  return Exit::kDone;
}

Result<void> check_options(const UpOptions& options) {
  if (options.detach && options.prepare) {
    return fail_usage("--detach and --prepare exclude each other");
  }
  if (options.config.empty() == options.resume.empty()) {
    return fail_usage("give either a config to start a session from, or --resume SESSION");
  }
  if (!options.resume.empty() && (options.prepare || options.discard || options.in_process)) {
    return fail_usage("--resume goes with none of --prepare, --discard and --in-process");
  }
  return {};
}

}  // namespace

Exit run_up(const UpOptions& options) {
  if (auto asked = check_options(options); !asked) {
    return report_error(asked.error(), options.json);
  }
  return options.detach ? detach(options) : up(options, -1);
}

}  // namespace pinstripe
