// The messages of a journal as files for other programs: one file a message type, CSV with one
// column a field, or one JSON object a line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "shm/base/result.h"
#include "shm/run/journal_layout.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

struct ExportRequest {
  bool csv = true;         // else JSON lines
  std::string type;        // ring type ("market_event") or message type ("touch"); "": all
  std::string folder;      // must not exist or be empty
};

/// Makes the folder, which must not exist or be empty.
Result<void> new_export_folder(const std::string& folder);

class MessageExport {
 public:
  static Result<MessageExport> open(const ExportRequest& request);

  /// Writes the record of `stage` where it is a message that is wanted.
  Result<void> add(const SessionPlan& plan, const std::string& stage, const JournalEntry& entry);
  /// Closes the files; what did not get there is an error.
  Result<void> close();

  /// Lines by file name.
  const std::map<std::string, std::uint64_t>& lines() const noexcept { return lines_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  explicit MessageExport(ExportRequest request) : request_(std::move(request)) {}
  Result<std::FILE*> file_of(std::string_view ring_type, MsgType type, const std::string& name);

  ExportRequest request_;
  std::map<std::string, File> files_;           // by file name
  std::map<std::string, std::uint64_t> lines_;  // by file name
};

/// Head of the CSV of a message type: "stage,record,now_ns,ring,seq,side,<fields>"; an array of n
/// has n columns, "name_0" and on.
std::string csv_head(std::string_view ring_type, MsgType type);
/// The message in those columns, from "seq" on: enums by name, numbers in full.
std::string csv_fields(std::string_view ring_type, const void* message);

}  // namespace pinstripe
