#include "tools/journal/journal_dir.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "shm/ring/session_dir.h"
#include "shm/run/config_node.h"
#include "tools/session/session_files.h"

namespace pinstripe {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kNsPerDay = 86'400 * kNsPerSecond;

/// Directories in `folder`, by name.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_journal(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / kResolvedName, error);
}

Result<JournalDir> open_at(const std::string& path) {
  auto plan = load_resolved(path);
  if (!plan) return fail_within("the journal '" + path + "'", plan);
  JournalDir journal{path, std::move(*plan), {}};
  for (const StageSpec& s : journal.plan.topology.stages) journal.stages.push_back(s.name);
  return journal;
}

/// The journal that the session in shared memory writes, or "".
std::string journal_of_session(const std::string& name) {
  if (!is_journal(session_path(name))) return "";
  const auto plan = load_resolved(session_path(name));
  return plan && is_journal(plan->journal.directory) ? plan->journal.directory : "";
}

Error no_journal(const std::string& wanted) {
  std::string message = "no journal '" + wanted + "': there is no such directory with a " +
                        kResolvedName + ", and no session of that name has one below '" +
                        journal_root() + "'";
  std::string names;
  for (const fs::path& p : folders_in(journal_root())) names += " " + p.filename().string();
  if (is_journal(fs::path(wanted).parent_path())) {
    return Error{"'" + wanted + "' is a part of a journal; give '" +
                     fs::path(wanted).parent_path().string() + "' (and --stage)", Exit::kUsage};
  }
  return Error{message + (names.empty() ? "" : "; there are journals of" + names), Exit::kUsage};
}

struct Candidate {
  fs::path path;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;  // newest file in it
};

Candidate look_at(const fs::path& path) {
  Candidate c{path, 0, 0};
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    struct stat info {};
    if (::lstat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    c.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    const std::int64_t changed_ns = info.st_mtim.tv_sec * kNsPerSecond + info.st_mtim.tv_nsec;
    c.changed_ns = std::max(c.changed_ns, changed_ns);
  }
  return c;
}

/// Journals below `root`, oldest first. What is no journal is not looked at, let alone removed.
std::vector<Candidate> journals_below(const std::string& root) {
  std::vector<Candidate> all;
  for (const fs::path& session : folders_in(root)) {
    for (const fs::path& run : folders_in(session)) {
      if (is_journal(run)) all.push_back(look_at(run));
    }
  }
  std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return a.changed_ns < b.changed_ns;
  });
  return all;
}

}  // namespace

Result<JournalDir> open_journal(const std::string& path_or_session) {
  std::string path = path_or_session;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return std::unexpected(no_journal(path));
  // A session directory has a resolved config as well; its journal is meant.
  if (is_journal(path)) {
    std::error_code error;
    auto found = open_at(fs::weakly_canonical(path, error).string());
    if (!found || found->plan.journal.directory.empty()) return found;
    const bool session = fs::exists(fs::path(path) / "state", error);
    return session ? open_at(found->plan.journal.directory) : std::move(found);
  }
  if (path.find('/') == std::string::npos) {
    const std::string live = journal_of_session(path);
    if (!live.empty()) return open_at(live);
    const auto runs = folders_in(fs::path(journal_root()) / path);
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      if (is_journal(*run)) return open_at(run->string());
    }
  }
  return std::unexpected(no_journal(path_or_session));
}

Result<std::vector<std::string>> stages_of(const JournalDir& journal, const std::string& wanted) {
  if (wanted.empty()) return journal.stages;
  const auto& all = journal.stages;
  if (std::find(all.begin(), all.end(), wanted) != all.end()) return std::vector{wanted};
  const std::string near = nearest_name(wanted, all);
  std::string message = "the journal has no stage '" + wanted + "'";
  message += near.empty() ? "; it has" : "; did you mean '" + near + "'? It has";
  for (const std::string& name : all) message += " " + name;
  return fail_usage(message);
}

Result<void> make_journal_dir(const SessionPlan& plan) {
  const std::string& dir = plan.journal.directory;
  if (dir.empty()) return fail("session '" + plan.name + "' keeps no journal");
  if (is_journal(dir)) return {};
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) {
    return fail("cannot make the journal's directory '" + dir + "': " + error.message() +
                "; name another with journal.dir in the config, or switch it off with "
                "journal.mode");
  }
  fs::permissions(dir, fs::perms::owner_all, error);
  if (auto copied = copy_files(plan, plan.directory, dir); !copied) return copied;
  // The config last, by renaming: a directory with a config is complete.
  const std::string config = dir + "/" + kResolvedName;
  std::ofstream out(config + ".new", std::ios::binary | std::ios::trunc);
  out << resolved_json(plan);
  out.close();
  if (!out) return fail("cannot write '" + config + "'; is its file system full?");
  fs::rename(config + ".new", config, error);
  if (error) return fail("cannot write '" + config + "': " + error.message());
  return {};
}

std::string journal_memory_name(const std::string& stage) { return stage + ".journal"; }

bool in_shared_memory(const SessionPlan& plan) {
  if (!is_journal(session_path(plan.name))) return false;
  const auto session = load_resolved(session_path(plan.name));
  return session && session->session_id == plan.session_id;
}

std::optional<Segment> live_journal_memory(const SessionPlan& plan, const std::string& stage) {
  if (!in_shared_memory(plan)) return std::nullopt;
  SegmentOptions options;
  options.prefault = options.lock = options.huge_pages = false;
  auto memory = Segment::open(
      session_path(plan.name) + "/" + journal_memory_name(stage), true, options);
  if (!memory) return std::nullopt;
  return std::move(*memory);
}

std::vector<std::string> remove_old_journals(const std::string& root, const JournalLimits& limits,
                                             std::int64_t now_ns, const std::string& keep) {
  std::vector<std::string> removed;
  const std::vector<Candidate> all = journals_below(root);
  std::uint64_t bytes = 0;
  for (const Candidate& c : all) bytes += c.bytes;
  for (const Candidate& c : all) {
    const bool old = now_ns - c.changed_ns > std::int64_t{limits.keep_days} * kNsPerDay;
    if (!old && bytes <= limits.keep_bytes) continue;
    std::error_code error;
    if (fs::equivalent(c.path, keep, error)) continue;
    const auto plan = load_resolved(c.path.string());
    if (plan && in_shared_memory(*plan)) continue;
    fs::remove_all(c.path, error);
    if (error) continue;
    bytes -= c.bytes;
    removed.push_back(c.path.string());
    fs::remove(c.path.parent_path(), error);  // where it was the session's last
  }
  return removed;
}

}  // namespace pinstripe
