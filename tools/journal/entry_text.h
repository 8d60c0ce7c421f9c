// A journal's record as one line for people or as JSON.
#pragma once

#include <string>

#include "shm/run/journal_layout.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

/// The ring that brought a kMessage record: its spec, or null where the session has no such ring.
const RingSpec* ring_of(const SessionPlan& plan, const JournalEntry& entry) noexcept;
/// Type of the messages of `entry` (kMessage, kControl), "" where it has none that fits its size.
std::string_view message_type_of(const SessionPlan& plan, const JournalEntry& entry) noexcept;

/// "<record> <now> <kind> ...": a message as `tap` shows it, behind the name of its ring.
std::string entry_text(const SessionPlan& plan, const JournalEntry& entry);
/// {"record", "now_ns", "kind", and by kind "ring" and "message", "ports", "position" ...}.
std::string entry_json(const SessionPlan& plan, const JournalEntry& entry);

}  // namespace pinstripe
