#include "shm/ring/session_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "shm/base/units.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "pinstripe-";
constexpr std::size_t kNameMax = 64;
constexpr std::string_view kResumableName = "resumable";

Result<void> check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > kNameMax || !std::all_of(name.begin(), name.end(), allowed)) {
    return fail_usage("session name '" + name + "': allowed are 1 to 64 letters, digits, '-', '_' "
                      "and '.'");
  }
  return {};
}

/// A directory (no link) of this user.
bool is_ours(const std::string& path) noexcept {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == ::geteuid();
}

SessionState read_state(const std::string& path) {
  std::ifstream in(path + "/state");
  if (!in) return SessionState::kHalfMade;
  std::string word;
  in >> word;
  for (std::size_t i = 0; i < std::size(kSessionStateNames); ++i) {
    if (word == kSessionStateNames[i]) return static_cast<SessionState>(i);
  }
  // Not understood: it must not be cleaned by guessing.
  return SessionState::kPrepared;
}

/// Holder of the session lock, else of any end.
std::optional<ProcessToken> find_holder(const std::string& path) {
  if (auto holder = EndLock::holder(path + "/session.lock")) return holder;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".lock") continue;
    if (auto holder = EndLock::holder(it->path().string())) return holder;
  }
  return std::nullopt;
}

SessionInfo info_of(const std::string& path) {
  SessionInfo info;
  info.path = path;
  info.name = fs::path(path).filename().string().substr(kPrefix.size());
  info.state = read_state(path);
  info.holder = find_holder(path);
  info.live = info.holder.has_value();
  std::error_code unknown;
  if (!info.live && info.state == SessionState::kRunning &&
      fs::exists(path + "/" + std::string(kResumableName), unknown)) {
    info.state = SessionState::kResumable;
  }
  struct stat made {};
  // The session lock's file changes only when someone takes it.
  if (::stat((path + "/session.lock").c_str(), &made) != 0) ::stat(path.c_str(), &made);
  info.created_ns = static_cast<std::int64_t>(made.st_ctim.tv_sec) * kNsPerSecond +
                    made.st_ctim.tv_nsec;
  return info;
}

/// Takes the session lock, so that nothing starts on it meanwhile, and removes the directory.
Result<void> remove_locked(const SessionInfo& info) {
  auto lock = EndLock::acquire(info.path + "/session.lock", "session '" + info.name + "'");
  if (!lock) return std::unexpected(std::move(lock.error()));
  std::error_code error;
  fs::remove_all(info.path, error);
  if (error) return fail("cannot remove '" + info.path + "': " + error.message());
  return {};
}

std::unexpected<Error> refuse_existing(const SessionInfo& info) {
  const std::string about = "session '" + info.name + "'";
  if (info.live) {
    return fail(about + " is live, held by " + info.holder->text() +
                "; stop it with 'pinstripe down " + info.name + "' or give another name");
  }
  switch (info.state) {
    case SessionState::kPrepared:
      return fail(about + " is prepared and waits for its stages; start them (tools/launch.sh) or "
                  "remove it with 'pinstripe down " + info.name + "'");
    case SessionState::kKept:
      return fail(about + " has stopped and was kept to be looked at; remove it with "
                  "'pinstripe down " + info.name + "'");
    default:
      return fail_usage(about + " died and can be recovered: 'pinstripe up --resume " + info.name +
                        "' goes on with it; 'pinstripe up CONFIG --discard' or 'pinstripe doctor "
                        "--fix' removes it");
  }
}

bool cleanable(const SessionInfo& info) noexcept {
  return !info.live &&
         (info.state == SessionState::kEnded || info.state == SessionState::kRunning);
}

/// A maker of the same name may be about to lock a half-made one: then the lock decides.
bool replaceable(const SessionInfo& info) noexcept {
  return cleanable(info) || (!info.live && info.state == SessionState::kHalfMade);
}

}  // namespace

std::string session_root() {
  const char* root = std::getenv("PINSTRIPE_SHM_ROOT");
  return root != nullptr && *root != '\0' ? root : "/dev/shm";
}

std::string session_path(const std::string& name) {
  return session_root() + "/" + std::string(kPrefix) + name;
}

Result<SessionDir> SessionDir::create(const std::string& name) {
  if (auto ok = check_name(name); !ok) return std::unexpected(std::move(ok.error()));
  if (const auto existing = session_info(name)) {
    if (!replaceable(*existing)) return refuse_existing(*existing);
    if (auto ok = remove_locked(*existing); !ok) return std::unexpected(std::move(ok.error()));
  }
  SessionDir dir(name, session_path(name));
  if (::mkdir(dir.path_.c_str(), 0700) != 0) {
    return fail("cannot make the session directory '" + dir.path_ + "': " + std::strerror(errno) +
                (errno == ENOSPC ? "; it is full: remove old sessions (pinstripe doctor --fix)"
                                 : ""));
  }
  if (auto ok = dir.set_state(SessionState::kHalfMade); !ok) {
    std::error_code ignored;
    fs::remove_all(dir.path_, ignored);
    return std::unexpected(std::move(ok.error()));
  }
  return dir;
}

Result<SessionDir> SessionDir::open(const std::string& name) {
  if (auto ok = check_name(name); !ok) return std::unexpected(std::move(ok.error()));
  SessionDir dir(name, session_path(name));
  if (is_ours(dir.path_)) return dir;
  std::string there;
  for (const SessionInfo& s : list_sessions()) there += (there.empty() ? "" : ", ") + s.name;
  return fail_usage("there is no session '" + name + "' in " + session_root() + "; " +
                    (there.empty() ? "none is there" : "there are: " + there));
}

Result<void> SessionDir::set_state(SessionState state) const {
  // Written beside and renamed: a reader never sees half a word.
  const std::string next = file("state.new");
  std::ofstream out(next, std::ios::trunc);
  out << kSessionStateNames[static_cast<std::size_t>(state)] << "\n";
  out.close();
  if (!out) return fail("cannot write '" + next + "': " + std::strerror(errno));
  ::chmod(next.c_str(), 0600);
  if (std::rename(next.c_str(), file("state").c_str()) != 0) {
    return fail("cannot write '" + file("state") + "': " + std::strerror(errno));
  }
  return {};
}

Result<void> SessionDir::mark_resumable() const {
  std::ofstream out(file(kResumableName), std::ios::trunc);
  out.close();
  if (!out) return fail("cannot write '" + file(kResumableName) + "': " + std::strerror(errno));
  return {};
}

SessionState SessionDir::state() const { return read_state(path_); }

std::vector<SessionInfo> list_sessions() {
  std::vector<SessionInfo> sessions;
  std::error_code error;
  for (fs::directory_iterator it(session_root(), error), end; !error && it != end;
       it.increment(error)) {
    const std::string path = it->path().string();
    const std::string file = it->path().filename().string();
    if (!file.starts_with(kPrefix) || !is_ours(path)) continue;
    if (!check_name(file.substr(kPrefix.size()))) continue;
    sessions.push_back(info_of(path));
  }
  std::sort(sessions.begin(), sessions.end(), [](const SessionInfo& a, const SessionInfo& b) {
    return a.created_ns != b.created_ns ? a.created_ns > b.created_ns : a.name < b.name;
  });
  return sessions;
}

std::optional<std::string> newest_live_session() {
  for (const SessionInfo& s : list_sessions()) {
    if (s.live) return s.name;
  }
  return std::nullopt;
}

std::optional<SessionInfo> session_info(const std::string& name) {
  const std::string path = session_path(name);
  if (!check_name(name) || !is_ours(path)) return std::nullopt;
  return info_of(path);
}

Result<void> remove_session(const std::string& name) {
  const auto info = session_info(name);
  if (!info) return {};
  if (info->live) return refuse_existing(*info);
  return remove_locked(*info);
}

std::vector<std::string> clean_ended_sessions() {
  std::vector<std::string> removed;
  for (const SessionInfo& s : list_sessions()) {
    if (cleanable(s) && remove_locked(s)) removed.push_back(s.name);
  }
  return removed;
}

}  // namespace pinstripe
