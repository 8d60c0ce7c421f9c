// `pinstripe record` on the simulated exchange: runs it, waits for it, and trades what it wrote.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "feed/inspect.h"
#include "feed/instrument_file.h"
#include "tests/feed/live/live_market.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {

inline std::string joined(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ",") + id;
  return list;
}

/// What a feed makes of files.
struct Replayed {
  BookSink sink;
  std::vector<Instrument> instruments;
  std::size_t streams = 0;
  std::uint64_t frames = 0;
  std::int64_t gaps = 0, bad_lines = 0;
  std::string error;
};

inline Replayed replay(const std::vector<std::string>& files) {
  Replayed r;
  auto info = inspect_captures(files, {});
  if (!info) return r.error = info.error().message, r;
  FeedConfig config;
  config.instruments = r.instruments = info->instruments;
  r.streams = info->streams.size();
  FeedStage stage(config);
  auto source = open_captures(info->streams);
  if (!source) return r.error = source.error().message, r;
  for (; const FeedFrame* frame = (*source)->peek(); (*source)->pop()) {
    const FeedFrame copy = *frame;
    stage.on_event(copy.origin_ns, FeedInput::frame(copy), r.sink);
    while (stage.more()) stage.on_event(copy.origin_ns, FeedInput::continued(), r.sink);
    ++r.frames;
  }
  if ((*source)->error()) r.error = (*source)->error()->message;
  const auto names = stage.counter_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "gaps") r.gaps = stage.counters()[i];
    if (names[i] == "bad_lines") r.bad_lines = stage.counters()[i];
  }
  return r;
}

class RecordTest : public CliTest {
 protected:
  std::vector<std::string> record_command(const VenueProcess& venue,
                                          const std::vector<std::string>& more) {
    std::vector<std::string> command{bin_ + "/pinstripe", "record", "--address", venue.address(),
                                     "--ca", venue.ca_file(), "--out", out()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::string out() const { return (folder_ / "captures").string(); }
  /// The captures in it.
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& f : std::filesystem::directory_iterator(out())) {
      if (!is_instrument_file(f.path().string())) all.push_back(f.path().string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  /// Frames as each progress line so far tells them.
  static std::vector<std::uint64_t> progress(const StartedCommand& command) {
    static const std::regex line(R"(pinstripe: ([\d,' _]+) frames, [\d.]+ MB, gaps )");
    std::ifstream in(command.err_file);
    std::vector<std::uint64_t> told;
    std::smatch found;
    for (std::string text; std::getline(in, text);) {
      if (!std::regex_search(text, found, line)) continue;
      std::string digits = found[1].str();
      std::erase_if(digits, [](unsigned char c) { return std::isdigit(c) == 0; });
      told.push_back(std::stoull(digits));
    }
    return told;
  }
  /// Waits for `count` progress lines; false where the command ends before.
  static bool await_progress(const StartedCommand& command, std::size_t count) {
    for (int i = 0; i < 6'000; ++i) {
      if (progress(command).size() >= count) return true;
      if (has_ended(command)) return false;
      ::usleep(10'000);
    }
    return false;
  }
  /// Waits until it has said `text` for people; false where it ends before.
  static bool await_text(const StartedCommand& command, const std::string& text) {
    for (int i = 0; i < 6'000; ++i) {
      std::stringstream said;
      said << std::ifstream(command.err_file).rdbuf();
      if (said.str().find(text) != std::string::npos) return true;
      if (has_ended(command)) return false;
      ::usleep(10'000);
    }
    return false;
  }
  /// As Ctrl-C does.
  CommandResult stop(const StartedCommand& command) {
    ::kill(command.pid, SIGINT);
    return wait(command);
  }
  std::string replay_config() {
    write_imbalance_model((folder_ / "model.json").string());
    return config(R"({"models": {"threshold": 0.05, "members": [{"file": "model.json"}]},
        "risk": {"policy": {"min_edge": 0}, "sizing": {"mode": "fixed_fraction"}}})",
                  "replay");
  }
  /// `verb`, with --json, over `captures` by `plan`.
  CommandResult trade(const std::string& verb, const std::string& plan,
                      const std::vector<std::string>& captures,
                      const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{verb, plan, "--json"};
    command.insert(command.end(), more.begin(), more.end());
    command.emplace_back("--data");
    command.insert(command.end(), captures.begin(), captures.end());
    return run(command);
  }
  /// Twice as a backtest and once in five processes: the same orders and states.
  void expect_same_orders(const std::vector<std::string>& captures) {
    const std::string plan = replay_config();
    const CommandResult one = trade("backtest", plan, captures);
    ASSERT_EQ(one.exit, 0) << one.err;
    const CommandResult two = trade("backtest", plan, captures);
    const CommandResult session = trade("up", plan, captures);
    ASSERT_EQ(session.exit, 0) << session.err;
    EXPECT_EQ(one.json().at("gaps"), 0);
    EXPECT_EQ(one.json().at("bad_lines"), 0);
    EXPECT_GT(one.json().at("orders"), 0);
    for (const char* key : {"orders_digest", "signals_digest", "state_hash", "events", "gaps"}) {
      EXPECT_EQ(one.json().at(key), two.json().at(key)) << key;
      EXPECT_EQ(one.json().at(key), session.json().at(key)) << key;
    }
  }
};

}  // namespace pinstripe
