// pinstripe-journal: carries the journals of one session from shared memory to disk.
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "shm/ring/session_dir.h"
#include "shm/run/machine_time.h"
#include "shm/run/process.h"
#include "tools/journal/carrier.h"
#include "tools/session/helper_main.h"

namespace pinstripe {

namespace {

constexpr int kNice = 5;                     // the stages come first
constexpr long kPauseNs = 2'000'000;         // between rounds with nothing to do
constexpr std::int64_t kFinishNs = 5 * kNsPerSecond;  // how long a full disk is waited for then

void pause(long ns) {
  const timespec t{0, ns};
  ::nanosleep(&t, nullptr);
}

void say(const std::string& line) {
  std::fprintf(stderr, "pinstripe-journal: %s\n", line.c_str());
}

constexpr const char* kUsage =
    "usage: pinstripe-journal --session NAME\n"
    "Carries the journals of a session to disk; started by 'pinstripe up'. SIGTERM:\n"
    "carries what is left and ends.\n"
    "Example:\n"
    "  pinstripe-journal --session demo\n";

/// Says what became of the disk, once each time it changes.
class Watch {
 public:
  void look(const Carrier& carrier) {
    std::string problem;
    for (const StageCarrier& s : carrier.stages()) {
      if (s.state() != JournalState::kOk) problem = s.stage() + ": " + s.problem();
    }
    if (problem.empty() == said_.empty()) return;
    say(problem.empty() ? "the disk takes the journal again" : problem);
    said_ = problem;
  }

 private:
  std::string said_;
};

int run(const std::string& session) {
  install_stop_signals();
  ::setpriority(PRIO_PROCESS, 0, kNice);
  auto carrier = Carrier::open(session_path(session));
  if (!carrier) {
    say(carrier.error().message);
    return static_cast<int>(carrier.error().exit);
  }
  for (const std::string& note : carrier->notes()) say(note);
  Watch watch;
  // Whoever drives the session may have died: what its stages still write is carried all the same.
  while (!stop_requested() || carrier->written_to()) {
    const bool worked = carrier->round(realtime_ns());
    watch.look(*carrier);
    if (!worked) pause(kPauseNs);
  }
  const std::int64_t began = realtime_ns();
  auto finished = carrier->finish(realtime_ns());
  while (!finished && realtime_ns() - began < kFinishNs) {
    pause(kPauseNs * 50);
    finished = carrier->finish(realtime_ns());
  }
  for (const std::string& warning : carrier->warnings()) say(warning);
  for (const std::string& path : carrier->clean(realtime_ns())) {
    say("removed the old journal '" + path + "'");
  }
  if (finished) return static_cast<int>(Exit::kDone);
  say(finished.error().message);
  return static_cast<int>(finished.error().exit);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  return pinstripe::helper_main(argc, argv, pinstripe::kUsage, pinstripe::run);
}
