// A made session whose stages are the test's own writers, for tests of its whole journal.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shm/msg/market_event.h"
#include "shm/run/journal_writer.h"
#include "tests/tools/cli_support.h"
#include "tests/tools/journal/journal_support.h"
#include "tools/journal/carrier.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/record_file.h"
#include "tools/session/attach.h"
#include "tools/session/identity.h"
#include "tools/session/prepare.h"

namespace pinstripe {

/// A made session whose stages are the test's own writers.
class SessionJournal : public CliTest {
 protected:
  void make(const std::string& journal_keys = "") {
    const std::string file = trading_config(R"("journal": {"mode": "on", "segments": 4,
        "segment_bytes": 65536)" + journal_keys + "},");
    const auto config = load_session_config(file, {});
    ASSERT_TRUE(config) << config.error().message;
    auto plan = prepare_plan(*config);
    ASSERT_TRUE(plan) << plan.error().message;
    const auto dir = SessionDir::create(plan->name);
    ASSERT_TRUE(dir) << dir.error().message;
    const auto filled = fill_session(*plan, *dir);
    ASSERT_TRUE(filled) << filled.error().message;
    plan_ = std::move(*plan);
    for (const StageSpec& stage : plan_.topology.stages) attach_writer(stage);
  }

  void attach_writer(const StageSpec& stage) {
    const auto identity = identity_of(plan_, stage);
    ASSERT_TRUE(identity) << identity.error().message;
    const std::string path = plan_.directory + "/" + journal_memory_name(stage.name);
    const JournalShape shape{plan_.journal.segment_bytes, plan_.journal.segments};
    if (!std::filesystem::exists(path)) {
      auto made = Segment::create(path, journal_bytes(shape));
      ASSERT_TRUE(made) << made.error().message;
      format_journal(made->bytes(), shape, *identity);
    }
    auto memory = Segment::open(path, false);
    ASSERT_TRUE(memory) << memory.error().message;
    auto writer = JournalWriter::attach(memory->bytes(), *identity);
    ASSERT_TRUE(writer) << writer.error().message;
    memory_.push_back(std::move(*memory));
    writers_.push_back(std::move(*writer));
  }

  /// Real messages of the rings that risk reads; timers for the rest.
  void write(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t n = from; n < from + count; ++n) {
      const TimeNs now(1'700'000'000'000'000'000 + static_cast<std::int64_t>(n) * 1000);
      for (JournalWriter& w : writers_) {
        ASSERT_TRUE(w.has_room(512));
        if (identity_name(w.view().identity.stage) != "risk") {
          w.append(JournalKind::kTimer, 0, kNoRing, now, nullptr, 0);
          continue;
        }
        MarketEvent event{};
        event.h.word = 2 * n + 2;
        event.h.type = n % 3 == 0 ? MsgType::kTouch : MsgType::kTrade;
        event.h.event_ns = now;
        event.h.instrument = 0;
        event.a = static_cast<std::int64_t>(n);
        w.append(JournalKind::kMessage, 0, plan_.ring("feed.risk")->id, now, &event, sizeof(event));
      }
    }
    for (JournalWriter& w : writers_) w.publish_progress();
  }
  void end() {
    for (JournalWriter& w : writers_) {
      const JournalEnd last{JournalEndReason::kEnded, 0, 0x99};
      ASSERT_TRUE(w.has_room(sizeof(last)));
      w.append(JournalKind::kEnd, 0, kNoRing, TimeNs(1'700'000'001'000'000'000), &last,
               sizeof(last));
      w.publish_progress();
    }
  }
  Carrier carrier(FileCalls& calls = FileCalls::system()) {
    auto opened = Carrier::open(plan_.directory, calls);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  /// The journal of a session that wrote `count` records a stage and ended.
  JournalDir ended_journal(std::uint64_t count) {
    make();
    Carrier sut = carrier();
    for (std::uint64_t n = 0; n < count; n += 50) {
      write(n, 50);
      sut.round(clock_ns_ += 1'000'000'000);
    }
    end();
    const auto finished = sut.finish(clock_ns_ += 1'000'000'000);
    EXPECT_TRUE(finished) << finished.error().message;
    return *open_journal(plan_.journal.directory);
  }
  std::vector<std::string> files_of(const JournalDir& journal, const std::string& stage) {
    std::vector<std::string> paths;
    const auto files = list_journal_files(journal.stage_dir(stage));
    EXPECT_TRUE(files);
    for (const JournalFileName& f : *files) paths.push_back(f.path);
    return paths;
  }

  SessionPlan plan_;
  std::vector<Segment> memory_;
  std::vector<JournalWriter> writers_;
  std::int64_t clock_ns_ = 1'000'000'000'000;
};

}  // namespace pinstripe
