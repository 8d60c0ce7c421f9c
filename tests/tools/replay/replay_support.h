// Journals of small sessions, and ways to spoil them with every checksum right.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "shm/run/journal_scan.h"
#include "tests/tools/cli_support.h"
#include "tools/journal/record_file.h"

namespace pinstripe {

/// Writes the journal in `dir` anew, its chain recomputed: each record as `edit` leaves it (its
/// payload may be changed in place), under `identity`. Gives the records it went through.
using EditRecord = std::function<void(const JournalEntry&, std::byte* payload)>;
inline std::uint64_t rewrite_journal(
    const std::string& dir, const EditRecord& edit,
    const std::function<void(JournalIdentity&)>& identity = {}) {
  const auto files = list_journal_files(dir);
  EXPECT_TRUE(files && !files->empty());
  const std::string fresh = dir + ".new";
  std::optional<DiskWriter> writer;
  std::uint64_t records = 0;
  for (const JournalFileName& name : *files) {
    auto file = RecordFile::open(name, nullptr);
    EXPECT_TRUE(file) << file.error().message;
    if (!writer) {
      JournalIdentity whose = file->header().identity;
      if (identity) identity(whose);
      DiskWriterOptions options;
      options.segment_bytes = file->header().segment_bytes;
      auto opened = DiskWriter::open(fresh, whose, options);
      EXPECT_TRUE(opened) << opened.error().message;
      writer.emplace(std::move(*opened));
    }
    JournalEntry e;
    for (auto found = file->next(e); found && *found; found = file->next(e), ++records) {
      const auto bytes = journal_record_bytes(e);
      std::vector<std::byte> copy(bytes.begin(), bytes.end());
      edit(e, copy.data() + kJournalRecordBytes);
      EXPECT_TRUE(writer->append(copy));
    }
  }
  EXPECT_TRUE(writer->sync());
  std::filesystem::remove_all(dir);
  std::filesystem::rename(fresh, dir);
  return records;
}

class ReplayTest : public CliTest {
 protected:
  /// Runs a session with a journal and gives its account.
  nlohmann::json account_of(bool in_process, const std::string& more = "") {
    std::vector<std::string> command{"up", trading_config(R"("journal": {"mode": "on"},)" + more),
                                     "--json"};
    if (in_process) command.push_back("--in-process");
    const auto up = run(command);
    EXPECT_EQ(up.exit, 0) << up.err;
    return up.json();
  }
  /// The shipped config for recorded data, with a journal.
  std::string recorded_config(const std::string& more = "") {
    std::ifstream in("tools/configs/recorded.json");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto put = [&](const std::string& was, const std::string& now) {
      for (std::size_t at = 0; (at = text.find(was, at)) != std::string::npos; at += now.size()) {
        text.replace(at, was.size(), now);
      }
    };
    put("../../models", (std::filesystem::current_path() / "models").string());
    put("\"name\": \"recorded\",", R"("name": "recorded", "journal": {"mode": "on"},)" + more);
    return config(text, "recorded");
  }
  /// `replay --json`.
  CommandResult replay(const std::string& journal, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"replay", journal, "--json"});
    return run(more);
  }
};

}  // namespace pinstripe
