#include "tools/commands/find_session.h"

#include "shm/run/config_node.h"

namespace pinstripe {

namespace {

Error no_such_session(const std::string& name) {
  std::vector<std::string> names;
  for (const SessionInfo& s : list_sessions()) names.push_back(s.name);
  std::string message = "no session '" + name + "' in " + session_root();
  const std::string near = nearest_name(name, names);
  if (!near.empty()) {
    message += "; did you mean '" + near + "'?";
  } else if (!names.empty()) {
    message += "; there are";
    for (const std::string& n : names) message += " " + n;
  } else {
    message += "; start one with: pinstripe up tools/configs/demo.json";
  }
  return Error{message, Exit::kUsage};
}

}  // namespace

Result<FoundSession> find_session(const std::string& name) {
  std::string wanted = name;
  if (wanted.empty()) {
    auto newest = newest_live_session();
    if (!newest) {
      // Nothing lives: what was prepared or kept is the next best.
      const auto all = list_sessions();
      if (all.empty()) {
        return fail_usage("no session is running; start one with: pinstripe up "
                          "tools/configs/demo.json");
      }
      newest = all.front().name;
    }
    wanted = *newest;
  }
  auto info = session_info(wanted);
  if (!info) return std::unexpected(no_such_session(wanted));
  if (info->state == SessionState::kHalfMade) {
    return fail_usage("session '" + wanted + "' is " +
                      (info->live ? "being made; look again"
                                  : "half made: who made it died; 'pinstripe up' with that name, "
                                    "'pinstripe down " + wanted + "' or 'pinstripe doctor --fix' "
                                    "removes it"));
  }
  auto plan = load_resolved(info->path);
  if (!plan) return fail_within("session '" + wanted + "'", plan);
  return FoundSession{std::move(*info), std::move(*plan)};
}

}  // namespace pinstripe
