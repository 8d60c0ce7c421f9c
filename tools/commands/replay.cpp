// `replay`.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "shm/run/build_id.h"
#include "shm/run/machine_time.h"
#include "shm/run/process.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"
#include "tools/replay/replay.h"
#include "tools/session/account.h"
#include "tools/session/text_table.h"
#include "tools/session/time_text.h"

namespace pinstripe {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kTimeDigits = 16;  // whole numbers of as many are event times

/// `--until`: the number of a record, or an event time.
Result<void> read_until(const ReplayOptions& options, ReplayRun& run) {
  const std::string& text = options.until;
  if (text.empty()) return {};
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool number =
      text.size() < kTimeDigits && std::all_of(text.begin(), text.end(), digit);
  if (!number) {
    auto time = parse_time(text, "--until");
    if (!time) return std::unexpected(std::move(time.error()));
    run.until_ns = *time;
    return {};
  }
  if (options.stage.empty()) {
    return fail_usage("--until " + text + " is the number of a record, and each stage has its own: "
                      "name one with --stage, or give an event time");
  }
  std::uint64_t record = 0;
  std::from_chars(text.data(), text.data() + text.size(), record);
  run.until_record = record;
  return {};
}

/// Once a second how far the stage is.
class ProgressLine {
 public:
  bool tell(const ReplayProgress& p) {
    if (p.stage != stage_) {
      stage_ = p.stage;
      records_ = 0;
      said_ns_ = monotonic_ns();
    }
    const std::int64_t now = monotonic_ns();
    if (now - said_ns_ >= 1'000'000'000) {
      const double rate = static_cast<double>(p.records - records_) * 1e9 /
                          static_cast<double>(now - said_ns_);
      say(p.stage + ": " + shown_count(static_cast<std::int64_t>(p.records)) + " records, " +
          shown_count(static_cast<std::int64_t>(rate)) + "/s, at " + shown_time(p.now_ns));
      said_ns_ = now;
      records_ = p.records;
    }
    return !stop_requested();
  }

 private:
  std::string stage_;
  std::uint64_t records_ = 0;
  std::int64_t said_ns_ = 0;
};

Json difference_json(const Difference* d) {
  if (d == nullptr) return nullptr;
  Json j{{"stage", d->stage},       {"record", d->record},     {"now_ns", d->now_ns},
         {"cause", d->cause},       {"ring", d->ring},         {"sequence", d->sequence},
         {"sequence_end", d->sequence_end}, {"field", d->field}, {"journal", d->journal},
         {"replay", d->replay}};
  j["reader"] = d->reader.empty() ? Json(nullptr) : Json(d->reader);
  j["reader_record"] = d->reader.empty() ? Json(nullptr) : Json(d->reader_record);
  return j;
}

std::string replay_json(const JournalDir& journal, const SessionReplay& replay) {
  Json j{{"journal", journal.path}, {"session", journal.plan.name}, {"build_id", build_id()}};
  j["stages"] = Json::array();
  for (const StageReplay& s : replay.stages) {
    Json rings = Json::array();
    for (const ReplayedRing& r : s.rings) {
      rings.push_back({{"ring", r.name}, {"count", r.count}, {"digest", shown_digest(r.digest)}});
    }
    j["stages"].push_back({{"stage", s.stage}, {"records", s.records}, {"outputs", s.outputs},
                           {"uncompared", s.uncompared}, {"checkpoints", s.checkpoints},
                           {"ended", s.ended}, {"last_ns", s.last_ns},
                           {"state_hash", shown_digest(s.state_hash)}, {"build_id", s.build},
                           {"torn", s.torn}, {"rings", rings}});
  }
  const auto& digests = replay.digests;
  j["orders_digest"] = digests ? Json(shown_digest(digests->orders)) : Json(nullptr);
  j["signals_digest"] = digests ? Json(shown_digest(digests->signals)) : Json(nullptr);
  j["state_hash"] = digests ? Json(shown_digest(digests->state)) : Json(nullptr);
  j["until_past_end"] = replay.until_past_end();
  j["difference"] = difference_json(replay.difference());
  return j.dump();
}

std::string replay_text(const SessionReplay& replay) {
  TextTable t({"stage", "records", "outputs", "by digest alone", "checkpoints", "end",
               "state_hash"});
  for (const StageReplay& s : replay.stages) {
    t.row({s.stage, shown_count(static_cast<std::int64_t>(s.records)),
           shown_count(static_cast<std::int64_t>(s.outputs)),
           shown_count(static_cast<std::int64_t>(s.uncompared)), std::to_string(s.checkpoints),
           s.ended ? "yes" : "no", shown_digest(s.state_hash)});
  }
  std::string out = t.text();
  if (replay.digests) {
    out += "\norders_digest " + shown_digest(replay.digests->orders) + ", signals_digest " +
           shown_digest(replay.digests->signals) + ", state_hash " +
           shown_digest(replay.digests->state) + "\n";
  }
  if (const Difference* d = replay.difference()) return out + "\n" + difference_text(*d);
  return out + "\nthe replay says what the session said";
}

/// What a user should know besides the result.
void say_remarks(const std::string& until, const SessionReplay& replay) {
  if (replay.until_past_end()) {
    std::int64_t last_ns = 0;
    for (const StageReplay& s : replay.stages) last_ns = std::max(last_ns, s.last_ns);
    say("--until " + until + " lies behind the journal's last record, of " + shown_time(last_ns) +
        ": all of it was replayed");
  }
  for (const StageReplay& s : replay.stages) {
    if (!s.torn.empty()) say(s.torn + "; what lies behind it was not replayed");
    if (s.build != build_id()) {
      say("the journal of '" + s.stage + "' is of build " + s.build + ", this is " +
          std::string(build_id()) + ": a difference may be of the builds alone");
    }
  }
}

}  // namespace

Exit run_replay(const ReplayOptions& options) {
  install_stop_signals();
  ReplayRun run;
  run.stage = options.stage;
  run.any_build = options.any_build;
  if (auto read = read_until(options, run); !read) return report_error(read.error(), options.json);
  auto journal = open_journal(options.journal);
  if (!journal) return report_error(journal.error(), options.json);
  if (auto known = stages_of(*journal, options.stage); !known) {
    return report_error(known.error(), options.json);
  }
  ProgressLine progress;
  run.progress = [&](const ReplayProgress& p) { return progress.tell(p); };
  const auto replay = replay_session(*journal, run);
  if (!replay) return report_error(replay.error(), options.json);
  say_remarks(options.until, *replay);
  std::puts((options.json ? replay_json(*journal, *replay) : replay_text(*replay)).c_str());
  return replay->difference() == nullptr ? Exit::kDone : Exit::kCheckFailed;
}

}  // namespace pinstripe
