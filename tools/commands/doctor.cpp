// `doctor`: the machine, and what sessions left behind.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "shm/limits/limits_file.h"
#include "shm/ring/session_dir.h"
#include "tools/commands/doctor_checks.h"
#include "tools/commands/options.h"
#include "tools/session/text_table.h"

namespace pinstripe {

namespace {

constexpr const char* kHealthNames[] = {"good", "note", "bad"};

struct Leftover {
  SessionInfo info;
  bool removed = false;
};

/// Sessions that do not live. With `fix` all of them go, also prepared and resumable ones: asked
/// for.
std::vector<Leftover> leftovers(bool fix) {
  std::vector<Leftover> found;
  for (const SessionInfo& info : list_sessions()) {
    if (info.live) continue;
    found.push_back({info, fix && remove_session(info.name).has_value()});
  }
  return found;
}

struct LimiterFile {
  std::string path;
  std::uintmax_t size_bytes = 0;
};

/// What the machine's rate limiter keeps. No leftovers: they belong to no session and remember
/// bans, so `--fix` leaves them alone.
std::vector<LimiterFile> limiter_files() {
  namespace fs = std::filesystem;
  std::vector<LimiterFile> found;
  std::error_code error;
  const auto add = [&](const fs::path& path) {
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (!error) found.push_back({path.string(), bytes});
  };
  for (fs::directory_iterator it(session_root(), error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().starts_with("pinstripe.limits.")) add(it->path());
  }
  std::ranges::sort(found, {}, &LimiterFile::path);
  add(fs::path(limits_state_folder()) / "limits.txt");
  return found;
}

}  // namespace

Exit run_doctor(const DoctorOptions& options) {
  const std::vector<Finding> findings = machine_findings();
  const std::vector<Leftover> left = leftovers(options.fix);
  bool bad = false;
  for (const Finding& f : findings) bad = bad || f.health == Health::kBad;
  if (options.json) {
    nlohmann::ordered_json j;
    j["machine"] = nlohmann::ordered_json::array();
    for (const Finding& f : findings) {
      j["machine"].push_back({{"name", f.name},
                              {"health", kHealthNames[static_cast<int>(f.health)]},
                              {"found", f.found},
                              {"advice", f.advice}});
    }
    j["leftovers"] = nlohmann::ordered_json::array();
    for (const Leftover& l : left) {
      j["leftovers"].push_back({{"session", l.info.name},
                                {"state", kSessionStateNames[static_cast<int>(l.info.state)]},
                                {"path", l.info.path},
                                {"removed", l.removed}});
    }
    j["limiter_files"] = nlohmann::ordered_json::array();
    for (const LimiterFile& l : limiter_files()) {
      j["limiter_files"].push_back({{"path", l.path}, {"size_bytes", l.size_bytes}});
    }
    std::printf("%s\n", j.dump(1).c_str());
    return bad ? Exit::kCheckFailed : Exit::kDone;
  }
  TextTable t({"what", "health", "found", "advice"});
  for (const Finding& f : findings) {
    t.row({f.name, kHealthNames[static_cast<int>(f.health)], f.found, f.advice});
  }
  std::fputs(t.text().c_str(), stdout);
  for (const Leftover& l : left) {
    std::printf("session '%s' (%s) in %s%s\n", l.info.name.c_str(),
                kSessionStateNames[static_cast<int>(l.info.state)], l.info.path.c_str(),
                l.removed ? ": removed" : "; remove it with 'pinstripe doctor --fix'");
  }
  if (left.empty()) std::puts("no leftovers of ended sessions");
  for (const LimiterFile& l : limiter_files()) {
    std::printf("rate limiter: %s (%ju bytes); kept, see 'pinstripe limits'\n", l.path.c_str(),
                l.size_bytes);
  }
  return bad ? Exit::kCheckFailed : Exit::kDone;
}

}  // namespace pinstripe
