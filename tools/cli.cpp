// The `pinstripe` command line: verbs, options, help. Each verb itself lies in tools/commands/; the
// verbs around journals and backtests, and those that are programs, are added in cli_verbs.cpp.
#include <cstdio>

#include "tools/cli_verbs.h"
#include "tools/usage_error.h"

namespace pinstripe {

namespace {

/// Options of `up` that need parsing after CLI11 has taken them as text.
struct UpTexts {
  UpOptions options;
  std::string speed, duration, from, to;
  std::uint64_t events = 0;
};

Exit start_up(UpTexts& texts) {
  Overrides& o = texts.options.overrides;
  if (!texts.speed.empty()) {
    auto speed = parse_speed(texts.speed);
    if (!speed) return report_error(speed.error(), texts.options.json);
    o.speed = *speed;
  }
  if (!texts.duration.empty()) {
    auto duration = parse_duration(texts.duration);
    if (!duration) return report_error(duration.error(), texts.options.json);
    o.for_ns = *duration;
  }
  if (texts.events > 0) o.events_max = texts.events;
  if (auto cut = read_window(texts.from, texts.to, o); !cut) {
    return report_error(cut.error(), texts.options.json);
  }
  return run_up(texts.options);
}

void add_up(CLI::App& app, Verb& chosen) {
  auto texts = std::make_shared<UpTexts>();
  UpOptions& o = texts->options;
  CLI::App* up = app.add_subcommand("up", "Start a session and watch it to its end");
  up->add_option("CONFIG", o.config, "session config (JSON, comments allowed)");
  up->add_option("--resume", o.resume, "go on with this session, which died with journals on");
  up->add_flag("--discard", o.discard, "remove a session of this name that could be resumed");
  up->add_option("--data", o.overrides.data, "recorded files to trade, over those of the config");
  up->add_option("--speed", texts->speed, "max, or how many times real time");
  up->add_option("--for", texts->duration, "how much simulated time to run: 60s, 5m, 500ms");
  up->add_option("--events", texts->events, "how many venue messages each lane runs");
  up->add_option("--from", texts->from, "event time to begin at, such as 2024-08-08T23:57:00Z");
  up->add_option("--to", texts->to, "event time to end at");
  up->add_option("--session", o.overrides.name, "name of the session, over that of the config");
  up->add_option("--clock-offset", o.overrides.clock_offset_file,
                 "take the clock offset of the file's stream from here");
  add_settings(up, o.overrides);
  up->add_option("--orders", o.orders_file, "write orders and reports to this file, as JSON lines");
  up->add_flag("--in-sample", o.overrides.in_sample, "let models trade time they were trained on");
  up->add_flag("--in-process", o.in_process, "run the five stages in one thread");
  up->add_flag("--prepare", o.prepare, "only make directory, rings and resolved config");
  up->add_flag("--detach", o.detach, "go on in the background; end it with 'down'");
  up->add_flag("--keep", o.keep, "leave the rings behind at the end, for 'rings' and 'tap'");
  up->add_flag("--watch", o.watch, "live table even where the output is no terminal");
  up->add_flag("--json", o.json, "the account as one JSON object on standard output");
  example(up, "pinstripe up tools/configs/demo.json --for 60s");
  up->callback([texts, &chosen] { chosen = [texts] { return start_up(*texts); }; });
}

void add_session_verb(CLI::App& app, Verb& chosen, const char* name, const char* what,
                      const char* line, Exit (*run)(const SessionOptions&)) {
  auto o = std::make_shared<SessionOptions>();
  CLI::App* verb = app.add_subcommand(name, what);
  verb->add_option("SESSION", o->session, "session name; the newest live one without it");
  if (run == run_status || run == run_rings) {
    verb->add_flag("--watch", o->watch, "show it again every second until Ctrl-C");
  }
  if (run == run_status) {
    verb->add_flag("--stages", o->stages, "kind, name and core of each stage, for scripts");
    verb->add_option("--config", o->config, "the session that this config names");
  }
  verb->add_flag("--json", o->json, "one JSON object on standard output");
  example(verb, line);
  verb->callback([o, run, &chosen] { chosen = [o, run] { return run(*o); }; });
}

void add_tap(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<TapOptions>();
  auto from = std::make_shared<std::string>();
  CLI::App* tap = app.add_subcommand("tap", "Show the messages of a ring as they pass");
  tap->add_option("SESSION", o->session, "session name")->required();
  tap->add_option("RING", o->ring, "ring name, as 'rings' shows it")->required();
  tap->add_option("--count", o->count, "stop after this many messages");
  tap->add_flag("--follow", o->follow, "wait for more");
  tap->add_option("--from", *from, "oldest (what the ring still holds) or now")
      ->check(CLI::IsMember({"oldest", "now"}));
  tap->add_flag("--json", o->json, "JSON: one object; one object a line with --follow");
  example(tap, "pinstripe tap demo risk.exec --count 5");
  tap->callback([o, from, &chosen] {
    o->from_oldest = from->empty() ? !o->follow : *from == "oldest";
    chosen = [o] { return run_tap(*o); };
  });
}

void add_check(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<CheckOptions>();
  CLI::App* check = app.add_subcommand("check", "Check a session config without starting anything");
  check->add_option("CONFIG", o->config, "session config")->required();
  check->add_option("--data", o->data, "also check these recorded files and the models for them");
  check->add_flag("--json", o->json, "one JSON object on standard output");
  example(check, "pinstripe check tools/configs/demo.json");
  check->callback([o, &chosen] { chosen = [o] { return run_check(*o); }; });
}

void add_doctor(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<DoctorOptions>();
  CLI::App* doctor = app.add_subcommand("doctor", "Look over the machine and what sessions left");
  doctor->add_flag("--fix", o->fix, "remove what ended sessions left in /dev/shm");
  doctor->add_flag("--json", o->json, "one JSON object on standard output");
  example(doctor, "pinstripe doctor --fix");
  doctor->callback([o, &chosen] { chosen = [o] { return run_doctor(*o); }; });
}

int run(int argc, char** argv) {
  CLI::App app{"Pinstripe: a trading pipeline of pinned processes over shared-memory rings"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "pinstripe 0.1.0");
  Verb chosen;
  add_up(app, chosen);
  add_session_verb(app, chosen, "down", "Stop a session in order and remove its segments",
                   "pinstripe down demo", run_down);
  add_session_verb(app, chosen, "status", "Processes, cores, wait strategy, books, positions",
                   "pinstripe status", run_status);
  add_session_verb(app, chosen, "rings", "Each ring: ends, depth, lag, rate, losses, latency",
                   "pinstripe rings demo --watch", run_rings);
  add_tap(app, chosen);
  add_check(app, chosen);
  add_doctor(app, chosen);
  add_limits(app, chosen);
  add_journal(app, chosen);
  add_replay(app, chosen);
  add_verify(app, chosen);
  add_backtest(app, chosen);
  add_compare(app, chosen);
  add_convert(app, chosen);
  add_record(app, chosen);
  add_fetch(app, chosen);
  add_programs(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return static_cast<int>(report_error(usage_error(app, e), asks_json(argc, argv)));
  }
  return static_cast<int>(chosen());
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  // Standard output may be a pipe that closes early (`| head`); writing then fails, nothing dies.
  return pinstripe::run(argc, argv);
}
