#include "tools/commands/held_session.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "shm/ring/segment.h"
#include "shm/run/journal_layout.h"
#include "tools/commands/say.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/memory_check.h"
#include "tools/replay/checkpointer.h"
#include "tools/session/account.h"
#include "tools/session/attach.h"
#include "tools/session/identity.h"
#include "tools/session/prepare.h"
#include "tools/session/session_files.h"

namespace pinstripe {
namespace {

/// The journals in shared memory are those of this plan and this build, and nobody edited them.
Result<void> check_journals(const SessionPlan& plan, const SessionDir& dir) {
  for (const StageSpec& stage : plan.topology.stages) {
    const auto identity = identity_of(plan, stage);
    if (!identity) return std::unexpected(identity.error());
    auto memory = Segment::open(dir.journal_file(stage.name), true);
    if (!memory) return fail_within("journal of " + stage.name, memory);
    auto same = attach_journal(memory->bytes(), &*identity);
    if (!same) return fail_within("journal of " + stage.name, same);
    auto kept = check_journal_memory(*same, dir.journal_file(stage.name),
                                     plan.journal.directory + "/" + stage.name);
    if (!kept) return fail_within("journal of " + stage.name, kept);
  }
  return {};
}

/// The journal on disk says of itself what the session says, and its files are what they were. One
/// that is not there at all is the carrier's to judge: memory may still hold all of it.
Result<void> check_journal_folder(const SessionPlan& plan) {
  std::error_code error;
  const std::string& path = plan.journal.directory;
  if (!plan.journal.on || !std::filesystem::exists(path, error)) return {};
  auto journal = load_resolved(path);
  if (!journal) return fail_within("the journal '" + path + "'", journal);
  if (config_digest(*journal) != config_digest(plan)) {
    return fail("the config of the journal, '" + path + "/" + kResolvedName + "', was changed: its "
                "digest is " + shown_digest(config_digest(*journal)) + ", expected " +
                shown_digest(config_digest(plan)) + "; put back '" + plan.directory + "/" +
                kResolvedName + "'");
  }
  return verify_files(*journal);
}

Result<void> check_state(const SessionInfo& info) {
  if (info.live) {
    return fail("session '" + info.name + "' is live, held by " + info.holder->text() +
                "; there is nothing to resume");
  }
  if (info.state != SessionState::kResumable) {
    return fail_usage("session '" + info.name + "' is " +
                      kSessionStateNames[static_cast<std::size_t>(info.state)] +
                      ", not resumable; only a session that died with journals on can be resumed");
  }
  return {};
}

/// Nothing but a helper's lock is held.
bool only_helpers_hold(const SessionInfo& info) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator it(info.path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool helper = name == "journal.carrier.lock" || name == kCheckpointLockName;
    if (helper || it->path().extension() != ".lock") continue;
    if (EndLock::holder(it->path().string())) return false;
  }
  return true;
}

/// Processes killed a moment ago hold their locks until they have gone; at most two seconds. Where
/// someone drives the session, returns at once.
void await_last_stages(const std::string& session) {
  for (int i = 0; i < 100; ++i) {
    const auto info = session_info(session);
    if (!info || !info->live || EndLock::holder(info->path + "/session.lock")) return;
    usleep(20'000);
  }
}

}  // namespace

void await_last_helpers(const std::string& session) {
  constexpr int kLooks = 500;
  constexpr useconds_t kLookEveryUs = 20'000;
  for (int i = 0; i < kLooks; ++i) {
    const auto info = session_info(session);
    if (!info || !info->live || !only_helpers_hold(*info)) return;
    usleep(kLookEveryUs);
  }
}

Result<HeldSession> HeldSession::make(SessionPlan& plan, bool discard) {
  const auto there = session_info(plan.name);
  if (discard && there && !there->live && there->state == SessionState::kResumable) {
    if (auto removed = remove_session(plan.name); !removed) {
      return std::unexpected(removed.error());
    }
    say("discarded what could be resumed of session '" + plan.name + "'");
  }
  for (const std::string& name : clean_ended_sessions())
    say("removed what session '" + name + "' left");
  auto dir = SessionDir::create(plan.name);
  if (!dir) return std::unexpected(dir.error());
  auto lock = EndLock::acquire(dir->session_lock(), "session '" + plan.name + "'");
  if (!lock) return std::unexpected(lock.error());
  HeldSession session(std::move(*dir), std::move(*lock));
  if (auto filled = fill_session(plan, session.dir_); !filled) {
    return std::unexpected(filled.error());
  }
  if (plan.journal.on) {
    if (auto made = make_journal_dir(plan); !made) return fail_within("journal", made);
    if (auto marked = session.dir_.mark_resumable(); !marked) {
      return std::unexpected(marked.error());
    }
  }
  return session;
}

Result<HeldSession> HeldSession::resume(const std::string& name, SessionPlan& plan) {
  await_last_helpers(name);
  await_last_stages(name);
  auto dir = SessionDir::open(name);
  if (!dir) return std::unexpected(dir.error());
  const auto info = session_info(name);
  if (!info) return fail("session '" + name + "' has gone meanwhile");
  if (auto may = check_state(*info); !may) return std::unexpected(may.error());
  auto lock = EndLock::acquire(dir->session_lock(), "session '" + name + "'");
  if (!lock) return std::unexpected(lock.error());
  HeldSession session(std::move(*dir), std::move(*lock));
  session.kept_ = true;  // what is refused stays as it is
  auto loaded = load_resolved(session.dir_.path());
  if (!loaded) return fail_within("session '" + name + "'", loaded);
  if (auto same = verify_files(*loaded); !same) return fail_within("session '" + name + "'", same);
  if (auto data = verify_data(*loaded); !data) {
    return fail_within("session '" + name + "' cannot be resumed", data);
  }
  if (auto ours = check_journals(*loaded, session.dir_); !ours) {
    return fail_within("session '" + name + "' cannot be resumed", ours);
  }
  if (auto whole = check_journal_folder(*loaded); !whole) {
    return fail_within("session '" + name + "' cannot be resumed", whole);
  }
  plan = std::move(*loaded);
  session.kept_ = false;
  return session;
}

void HeldSession::keep_as(SessionState state) {
  kept_ = true;
  set_state(state);
  lock_.reset();
}

void HeldSession::close() {
  if (kept_ || !lock_) return;
  set_state(SessionState::kEnded);
  lock_.reset();
  if (auto removed = remove_session(dir_.name()); !removed) say(removed.error().message);
}

}  // namespace pinstripe
