// pinstripe-checkpoint: replays the journals of one session behind its stages, saves their state.
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

#include "shm/ring/session_dir.h"
#include "shm/run/process.h"
#include "tools/replay/checkpointer.h"

namespace pinstripe {

namespace {

// Everybody of the session comes first; but at 19 any other load on the machine would starve it,
// and with it the stages, which wait where they are too far past a checkpoint.
constexpr int kNice = 10;
constexpr long kPauseNs = 10'000'000;

void say(const std::string& line) {
  std::fprintf(stderr, "pinstripe-checkpoint: %s\n", line.c_str());
}

int usage(std::FILE* to, Exit exit) {
  std::fputs("usage: pinstripe-checkpoint --session NAME [--supervised PID]\n"
             "Saves the states of a session's stages beside its journals, so that a killed stage\n"
             "is back soon; started by 'pinstripe up'. Ends on SIGTERM, and with the process\n"
             "PID where one is named.\n"
             "Example:\n"
             "  pinstripe-checkpoint --session demo\n", to);
  return static_cast<int>(exit);
}

/// Not SCHED_IDLE: beside stages that yield it would never run.
void step_back() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
  ::setpriority(PRIO_PROCESS, 0, kNice);
}

int refuse(const Error& error) {
  say(error.message);
  return static_cast<int>(error.exit);
}

int run(const std::string& session, int supervisor) {
  install_stop_signals();
  if (supervisor > 0) {
    if (auto tied = die_with_parent(supervisor); !tied) return refuse(tied.error());
  }
  step_back();
  auto helper = Checkpointer::open(session_path(session));
  if (!helper) return refuse(helper.error());
  for (const auto& stage : helper->stages()) {
    for (const std::string& note : stage->notes()) say(note);
  }
  while (!stop_requested()) {
    const auto worked = helper->round();
    if (!worked) return refuse(worked.error());
    if (*worked) continue;
    const timespec pause{0, kPauseNs};
    ::nanosleep(&pause, nullptr);
  }
  return static_cast<int>(Exit::kDone);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  using pinstripe::Exit;
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    return pinstripe::usage(stdout, Exit::kDone);
  }
  int supervisor = 0;
  if (argc == 5 && std::strcmp(argv[3], "--supervised") == 0) {
    std::from_chars(argv[4], argv[4] + std::strlen(argv[4]), supervisor);
  }
  const bool shape = argc == 3 || (argc == 5 && supervisor > 0);
  if (!shape || std::strcmp(argv[1], "--session") != 0) {
    return pinstripe::usage(stderr, Exit::kUsage);
  }
  return pinstripe::run(argv[2], supervisor);
}
