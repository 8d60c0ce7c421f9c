// pinstripe-watch: asks the venues of a live session what they trade, and by what definitions.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "shm/ring/session_dir.h"
#include "shm/run/process.h"
#include "tools/rest/instrument_watch.h"
#include "tools/session/helper_main.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

namespace {

constexpr int kNice = 5;                              // the stages come first
constexpr std::int64_t kSliceNs = 100 * kNsPerMs;     // a stop is seen so soon
constexpr std::int64_t kRequestNs = 10 * kNsPerSecond;

void say(const std::string& line) {
  std::fprintf(stderr, "pinstripe-watch: %s\n", line.c_str());
}

constexpr const char* kUsage =
    "usage: pinstripe-watch --session NAME\n"
    "Asks the venues of a live session what they trade, every `live.watch_s` seconds,\n"
    "and tells its feeds what is halted or no longer what it was; started by\n"
    "'pinstripe up'. Ends on SIGTERM.\n"
    "Example:\n"
    "  pinstripe-watch --session demo\n";

int refuse(const Error& error) {
  say(error.message);
  return static_cast<int>(error.exit);
}

void pause(std::int64_t ns) {
  for (; ns > 0 && !stop_requested(); ns -= kSliceNs) {
    const timespec slice{0, static_cast<long>(std::min(ns, kSliceNs))};
    ::nanosleep(&slice, nullptr);
  }
}

int run(const std::string& session) {
  install_stop_signals();
  ::setpriority(PRIO_PROCESS, 0, kNice);
  auto plan = load_resolved(session_path(session));
  if (!plan) return refuse(plan.error());
  if (!is_watched(*plan)) {
    return refuse({"session '" + session + "' has no instruments to watch: it is not on live "
                   "markets, or `live.watch_s` is 0", Exit::kUsage});
  }
  auto board = NoticesBoard::open(notices_page_path(*plan), plan->instruments.size());
  if (!board) return refuse(board.error());
  VenueRest::Options options;
  options.request_ns_max = options.patience_ns = kRequestNs;
  auto rest = VenueRest::open({plan->venues.address, plan->venues.ca_file}, options);
  if (!rest) return refuse(rest.error());
  InstrumentWatch watch(plan->instruments, *board, say);
  watch.go_on(read_watch(*plan).venues);
  while (!stop_requested()) {
    watch.look(*rest);
    tell_watch_seen(*plan, watch.seen());
    pause(plan->venues.watch_ns);
  }
  return static_cast<int>(Exit::kDone);
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  return pinstripe::helper_main(argc, argv, pinstripe::kUsage, pinstripe::run);
}
