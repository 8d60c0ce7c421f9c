// `tap`: decoded messages of a ring, from a read-only mapping; never holds anything up.
#include <unistd.h>

#include <cstdio>
#include <vector>

#include <nlohmann/json.hpp>

#include "shm/ring/segment.h"
#include "shm/ring/tap.h"
#include "shm/run/config_node.h"
#include "shm/run/process.h"
#include "tools/commands/find_session.h"
#include "tools/commands/options.h"
#include "tools/session/message_json.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {

namespace {

Error no_such_ring(const SessionPlan& plan, const std::string& ring) {
  std::vector<std::string> names;
  for (const RingSpec& r : plan.topology.rings) names.push_back(r.name);
  std::string message = "session '" + plan.name + "' has no ring '" + ring + "'";
  const std::string near = nearest_name(ring, names);
  if (!near.empty()) return Error{message + "; did you mean '" + near + "'?", Exit::kUsage};
  message += "; it has";
  for (const std::string& n : names) message += " " + n;
  return Error{message, Exit::kUsage};
}

struct TapRun {
  std::uint64_t shown = 0;
  std::vector<std::string> messages;  // with json and without follow
};

/// Takes messages until count, emptiness (without follow) or a stop.
void drain(RingTap<>& tap, const std::string& type, const TapOptions& options, TapRun& run) {
  std::vector<std::uint64_t> buffer((tap.view().message_bytes + 7) / 8);
  // What a running producer adds meanwhile does not keep a tap without --follow alive for ever.
  const std::uint64_t limit = tap.view().capacity;
  std::uint64_t seen = 0;
  while (!stop_requested()) {
    if (options.count > 0 && run.shown == options.count) return;
    if (!options.follow && options.count == 0 && seen == limit) return;
    if (tap.next(buffer.data()) == TapResult::kNothing) {
      if (!options.follow) return;
      std::fflush(stdout);
      usleep(1'000);
      continue;
    }
    ++seen;
    ++run.shown;
    const void* message = buffer.data();
    if (!options.json) {
      std::printf("%s\n", message_text(type, message).c_str());
    } else if (options.follow) {
      std::printf("%s\n", message_json(type, message).c_str());
    } else {
      run.messages.push_back(message_json(type, message));
    }
    if (std::ferror(stdout) != 0) return;
  }
}

void print_object(const TapOptions& options, const SessionPlan& plan, const TapRun& run,
                  std::uint64_t missed) {
  std::printf("{\"session\": \"%s\", \"ring\": \"%s\", \"missed\": %llu, \"messages\": [",
              plan.name.c_str(), options.ring.c_str(), static_cast<unsigned long long>(missed));
  for (std::size_t i = 0; i < run.messages.size(); ++i) {
    std::printf("%s\n%s", i == 0 ? "" : ",", run.messages[i].c_str());
  }
  std::printf("]}\n");
}

}  // namespace

Exit run_tap(const TapOptions& options) {
  auto found = find_session(options.session);
  if (!found) return report_error(found.error(), options.json);
  const RingSpec* ring = found->plan.ring(options.ring);
  if (ring == nullptr) return report_error(no_such_ring(found->plan, options.ring), options.json);
  auto segment = Segment::open(found->plan.directory + "/" + ring->name + ".ring", true);
  if (!segment) {
    return report_error(std::move(segment.error()).within("ring '" + ring->name + "'"),
        options.json);
  }
  auto view = attach_ring(segment->bytes(), shape_of(*ring));
  if (!view) {
    return report_error(std::move(view.error()).within("ring '" + ring->name + "'"), options.json);
  }
  install_stop_signals();
  RingTap<> tap(*view, options.from_oldest ? TapFrom::kOldest : TapFrom::kNow);
  TapRun run;
  drain(tap, ring->type, options, run);
  if (options.json && !options.follow) print_object(options, found->plan, run, tap.missed());
  if (tap.missed() > 0) {
    std::fprintf(stderr, "pinstripe: the tap was lapped and missed %llu messages\n",
                 static_cast<unsigned long long>(tap.missed()));
  }
  return Exit::kDone;
}

}  // namespace pinstripe
