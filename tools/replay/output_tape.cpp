#include "tools/replay/output_tape.h"

#include <filesystem>

#include "tools/session/identity.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

std::unexpected<Error> damaged(Error error) {
  error.exit = Exit::kCheckFailed;
  return std::unexpected(std::move(error));
}

/// Exit 2 where the journal is not of this config and, unless `any_build`, of this build.
Result<void> check_identity(const JournalDir& journal, const std::string& stage,
                            const JournalIdentity& found, bool any_build) {
  auto expected = identity_of(journal.plan, *journal.plan.stage(stage));
  if (!expected) return std::unexpected(std::move(expected.error()));
  const bool same_build = identity_name(found.build_id) == identity_name(expected->build_id);
  if (!same_build && any_build) {
    // What a build alone decides, besides its code: features and layouts.
    set_identity_name(expected->build_id, identity_name(found.build_id));
    expected->registry_hash = found.registry_hash;
  }
  const std::string difference = identity_difference(found, *expected);
  if (difference.empty()) return {};
  std::string message = "the journal of '" + stage + "' in '" + journal.path +
                        "' cannot be replayed here: its " + difference;
  message += same_build ? "; its config or a file of it was changed"
                        : "; replay it with the programs that wrote it, or look at it all the "
                          "same with --any-build";
  return fail_usage(message);
}

}  // namespace

Result<std::optional<StageRecords>> open_records(const JournalDir& journal,
                                                 const std::string& stage, bool any_build) {
  const std::string dir = journal.stage_dir(stage);
  auto memory = live_journal_memory(journal.plan, stage);
  std::error_code error;
  if (!memory && (!std::filesystem::exists(dir, error) ||
                  std::filesystem::is_empty(dir, error))) {
    return std::optional<StageRecords>{};
  }
  auto reader = JournalReader::open(dir, nullptr,
                                    memory ? memory->bytes() : std::span<std::byte>{});
  if (!reader) return damaged(std::move(reader.error()));
  auto same = check_identity(journal, stage, reader->identity(), any_build);
  if (!same) return std::unexpected(std::move(same.error()));
  return std::optional<StageRecords>(StageRecords{std::move(memory), std::move(*reader)});
}

Result<OutputTape> OutputTape::open(const JournalDir& journal, const RingSpec& ring,
                                    bool any_build) {
  OutputTape tape(ring);
  auto records = open_records(journal, ring.consumer, any_build);
  if (!records) return std::unexpected(std::move(records.error()));
  if (*records) tape.records_ = std::make_unique<StageRecords>(std::move(**records));
  return tape;
}

Result<const MsgHeader*> OutputTape::message(std::uint64_t number) {
  const std::size_t bytes = shape_of(*ring_).message_bytes;
  while (records_ != nullptr && next_ <= number) {
    const auto found = records_->reader.next(entry_);
    if (!found) return damaged(found.error());
    if (!*found) {
      records_.reset();
      return nullptr;
    }
    if (entry_.kind != JournalKind::kMessage || entry_.ring != ring_->id) continue;
    if (entry_.payload.size() != bytes) {
      return damaged(Error{records_->reader.here() + ": the record before holds " +
                           std::to_string(entry_.payload.size()) + " bytes, a message of " +
                           ring_->name + " has " + std::to_string(bytes)});
    }
    next_ = entry_.message_number() + 1;
  }
  return records_ != nullptr && next_ == number + 1 ? &entry_.message() : nullptr;
}

}  // namespace pinstripe
