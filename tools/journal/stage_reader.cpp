#include "tools/journal/stage_reader.h"

#include <filesystem>

#include "tools/session/identity.h"

namespace pinstripe {

Result<JournalIdentity> expected_identity(const JournalDir& journal, const std::string& stage,
                                          const JournalIdentity& found) {
  auto expected = identity_of(journal.plan, *journal.plan.stage(stage));
  if (!expected) return expected;
  if (identity_name(found.build_id) != identity_name(expected->build_id)) {
    set_identity_name(expected->build_id, identity_name(found.build_id));
    expected->registry_hash = found.registry_hash;
    expected->inputs_layout_hash = found.inputs_layout_hash;
  }
  return expected;
}

Result<void> check_stage_identity(const JournalDir& journal, const std::string& stage,
                                  const JournalIdentity& found) {
  const auto expected = expected_identity(journal, stage, found);
  if (!expected) return std::unexpected(expected.error());
  const std::string difference = identity_difference(found, *expected);
  if (difference.empty()) return {};
  return std::unexpected(Error{"'" + journal.stage_dir(stage) + "' (its first file, before record "
                               "0) is foreign to the session in '" + journal.path + "': " +
                               difference, Exit::kCheckFailed});
}

Result<StageReader> open_stage_reader(const JournalDir& journal, const std::string& stage) {
  const std::string dir = journal.stage_dir(stage);
  auto memory = live_journal_memory(journal.plan, stage);
  std::error_code error;
  if (!memory && !std::filesystem::exists(dir, error)) {
    return fail("stage '" + stage + "' of the journal in '" + journal.path + "' is missing: there "
                "is no folder '" + dir + "'; 'pinstripe journal verify' says what else is wrong");
  }
  auto reader = JournalReader::open(dir, nullptr,
                                    memory ? memory->bytes() : std::span<std::byte>{});
  if (!reader) return std::unexpected(std::move(reader.error()));
  if (auto ours = check_stage_identity(journal, stage, reader->identity()); !ours) {
    return std::unexpected(ours.error());
  }
  return StageReader{std::move(memory), std::move(*reader)};
}

}  // namespace pinstripe
