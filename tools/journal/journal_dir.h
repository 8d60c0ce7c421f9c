// A journal on disk: the directory of one run of a session, in which it replays alone.
//
//   <root>/<session>/<UTC time>-<8 digits of the session id>/
//     config.json            resolved config; names what follows relative to the directory
//     inputs/                copies of the files that decide
//     <stage>/<record>.pjl   the stage's records from that number on (.pjl.zst: archived)
//     ended.json             every stage has written its last record
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/segment.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

struct JournalDir {
  std::string path;
  SessionPlan plan;                  // its directory is `path`
  std::vector<std::string> stages;   // names, in pipeline order

  std::string stage_dir(const std::string& stage) const { return path + "/" + stage; }
};

/// Opens the journal at that path; otherwise the journal of the session of that name: of the one in
/// shared memory, else the newest on disk.
Result<JournalDir> open_journal(const std::string& path_or_session);

/// The stages that `wanted` names: one, or with "" all. Another name is refused with the nearest.
Result<std::vector<std::string>> stages_of(const JournalDir& journal, const std::string& wanted);

/// Makes the directory of the plan's journal with its config and files, or finds it made. The plan
/// is that of a session directory.
Result<void> make_journal_dir(const SessionPlan& plan);

/// Name of a stage's journal in the session directory.
std::string journal_memory_name(const std::string& stage);
/// The shared memory of the stage's journal, read-only, where that session is still there.
std::optional<Segment> live_journal_memory(const SessionPlan& plan, const std::string& stage);
/// The session that writes this journal is in shared memory: it runs, or may be resumed.
bool in_shared_memory(const SessionPlan& plan);

/// What retention may remove.
struct JournalLimits {
  std::uint64_t keep_bytes = 0;  // of all journals below the root together
  std::uint32_t keep_days = 0;
};
/// Removes the journals below `root` that are older than keep_days, then the oldest until the rest
/// fits keep_bytes; never one whose session is in shared memory, nor `keep`. Gives the paths
/// removed.
std::vector<std::string> remove_old_journals(const std::string& root, const JournalLimits& limits,
                                             std::int64_t now_ns, const std::string& keep);

}  // namespace pinstripe
