// `journal info | verify | dump | export | clear`.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tools/commands/find_session.h"
#include "tools/commands/journal_view.h"
#include "tools/commands/options.h"
#include "tools/journal/entry_text.h"
#include "tools/journal/export.h"
#include "tools/journal/latencies.h"
#include "tools/journal/stage_reader.h"
#include "tools/journal/verify.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

/// Calls `each(reader)` for each stage asked for, opened at its first record.
template <class Each>
Result<void> for_each_stage(const JournalDir& journal, const std::string& wanted, Each&& each) {
  const auto stages = stages_of(journal, wanted);
  if (!stages) return std::unexpected(stages.error());
  for (const std::string& stage : *stages) {
    auto opened = open_stage_reader(journal, stage);
    if (!opened) return std::unexpected(std::move(opened.error()));
    auto done = each(stage, opened->reader);
    if (!done) return done;
    if (!opened->reader.torn().empty()) {
      std::fprintf(stderr, "pinstripe: %s; what lies behind it is not shown\n",
                   opened->reader.torn().c_str());
    }
  }
  return {};
}

}  // namespace

Exit run_journal_info(const JournalOptions& options) {
  auto journal = open_journal(options.journal);
  if (!journal) return report_error(journal.error(), options.json);
  JournalReport report{*journal, life_of_journal(journal->plan, journal->path), {}};
  for (const std::string& stage : journal->stages) {
    auto found = look_at_stage(*journal, stage);
    if (!found) return report_error(found.error(), options.json);
    report.stages.push_back(std::move(*found));
  }
  std::puts((options.json ? journal_json(report) : journal_text(report)).c_str());
  return Exit::kDone;
}

Exit run_journal_verify(const JournalOptions& options) {
  auto journal = open_journal(options.journal);
  if (!journal) return report_error(journal.error(), options.json);
  const auto stages = stages_of(*journal, options.stage);
  if (!stages) return report_error(stages.error(), options.json);
  auto whole = verify_directory(*journal);
  if (!whole) return report_error(whole.error(), options.json);
  JournalReport report{*journal, life_of_journal(journal->plan, journal->path), {}};
  for (const std::string& stage : *stages) {
    auto found = verify_stage(*journal, stage);
    if (!found) return report_error(found.error(), options.json);
    report.stages.push_back(std::move(*found));
  }
  std::puts((options.json ? journal_json(report) : journal_text(report)).c_str());
  if (!options.json) std::puts("every record, file and identity holds");
  return Exit::kDone;
}

Exit run_journal_dump(const JournalOptions& options) {
  auto journal = open_journal(options.journal);
  if (!journal) return report_error(journal.error(), options.json);
  std::string records;  // with --json
  const auto show = [&](const std::string& stage, const JournalEntry& e) {
    if (!options.json) {
      std::printf("%s %s\n", stage.c_str(), entry_text(journal->plan, e).c_str());
    } else {
      records += (records.empty() ? "\n{\"stage\":\"" : ",\n{\"stage\":\"") + stage + "\"," +
                 entry_json(journal->plan, e).substr(1);
    }
  };
  const auto dump = [&](const std::string& stage, JournalReader& reader) -> Result<void> {
    auto near = reader.go_near(options.from);
    if (!near) return near;
    JournalEntry e;
    for (std::uint64_t shown = 0; options.count == 0 || shown < options.count;) {
      const auto found = reader.next(e);
      if (!found) return std::unexpected(found.error());
      if (!*found || std::ferror(stdout) != 0) break;
      if (reader.place().record <= options.from) continue;
      show(stage, e);
      ++shown;
    }
    return {};
  };
  const auto done = for_each_stage(*journal, options.stage, dump);
  if (!done) return report_error(done.error(), options.json);
  if (options.json) {
    std::printf("{\"journal\": %s, \"records\": [%s]}\n", Json(journal->path).dump().c_str(),
                records.c_str());
  }
  return Exit::kDone;
}

namespace {

/// `export --latencies`: exec's journal says when it took each command, risk's when answers came.
Exit export_latencies(const JournalDir& journal, const JournalOptions& options) {
  auto folder = new_export_folder(options.out);
  if (!folder) return report_error(folder.error(), options.json);
  LatencyMeter meter;
  for (const char* stage : {"exec", "risk"}) {
    const auto read = [&](const std::string&, JournalReader& reader) -> Result<void> {
      JournalEntry e;
      auto found = reader.next(e);
      for (; found && *found; found = reader.next(e)) meter.add(journal.plan, e);
      return found ? Result<void>{} : std::unexpected(std::move(found.error()));
    };
    auto done = for_each_stage(journal, stage, read);
    if (!done) return report_error(done.error(), options.json);
  }
  const std::string path = options.out + "/latencies.json";
  std::ofstream out(path);
  out << meter.json() << "\n";
  out.close();
  if (!out) return report_error(Error{"cannot write '" + path + "'"}, options.json);
  if (options.json) {
    std::puts(Json{{"journal", journal.path}, {"folder", options.out},
                   {"commands", meter.commands()}, {"answers", meter.answers()}}.dump().c_str());
  } else {
    std::printf("%s: latencies of %llu answers to %llu commands\n", path.c_str(),
                static_cast<unsigned long long>(meter.answers()),
                static_cast<unsigned long long>(meter.commands()));
  }
  return Exit::kDone;
}

}  // namespace

Exit run_journal_export(const JournalOptions& options) {
  auto journal = open_journal(options.journal);
  if (!journal) return report_error(journal.error(), options.json);
  if (options.latencies) return export_latencies(*journal, options);
  auto out = MessageExport::open({options.format == "csv", options.type, options.out});
  if (!out) return report_error(out.error(), options.json);
  const auto copy = [&](const std::string& stage, JournalReader& reader) -> Result<void> {
    JournalEntry e;
    for (;;) {
      const auto found = reader.next(e);
      if (!found) return std::unexpected(found.error());
      if (!*found) return {};
      auto added = out->add(journal->plan, stage, e);
      if (!added) return added;
    }
  };
  auto done = for_each_stage(*journal, options.stage, copy);
  if (done) done = out->close();
  if (!done) return report_error(done.error(), options.json);
  Json files = Json::object();
  for (const auto& [name, lines] : out->lines()) {
    files[name] = lines;
    if (!options.json) {
      std::printf("%s/%s: %llu messages\n", options.out.c_str(), name.c_str(),
                  static_cast<unsigned long long>(lines));
    }
  }
  if (options.json) {
    std::puts(Json{{"journal", journal->path}, {"folder", options.out}, {"files", files}}
                  .dump().c_str());
  } else if (files.empty()) {
    std::puts("no message of that kind in the journal");
  }
  return Exit::kDone;
}

Exit run_journal_clear(const SessionOptions& options) {
  auto found = find_session(options.session);
  if (!found) return report_error(found.error(), options.json);
  const auto cleared = clear_halt(found->plan);
  if (!cleared) return report_error(cleared.error(), options.json);
  if (options.json) {
    std::puts(Json{{"session", found->plan.name}, {"halted", false}}.dump().c_str());
  } else {
    std::printf("session '%s' trades again; its journal has a hole where the disk took nothing\n",
                found->plan.name.c_str());
  }
  return Exit::kDone;
}

}  // namespace pinstripe
