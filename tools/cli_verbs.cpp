#include "tools/cli_verbs.h"

#include <memory>

namespace pinstripe {

namespace {

using JournalVerb = Exit (*)(const JournalOptions&);

CLI::App* add_journal_part(CLI::App& journal, Verb& chosen, const char* name, const char* what,
                           const char* line, JournalVerb run,
                           const std::shared_ptr<JournalOptions>& o) {
  CLI::App* verb = journal.add_subcommand(name, what);
  verb->add_option("JOURNAL", o->journal,
                   "a journal's directory, or a session: its newest journal")->required();
  verb->add_flag("--json", o->json, "one JSON object on standard output");
  example(verb, line);
  verb->callback([o, run, &chosen] { chosen = [o, run] { return run(*o); }; });
  return verb;
}

void add_journal_clear(CLI::App& journal, Verb& chosen) {
  auto o = std::make_shared<SessionOptions>();
  CLI::App* verb = journal.add_subcommand(
      "clear", "Let a session trade again that halted because its journal could not be written");
  verb->add_option("SESSION", o->session, "session name; the newest live one without it");
  verb->add_flag("--json", o->json, "one JSON object on standard output");
  example(verb, "pinstripe journal clear demo");
  verb->callback([o, &chosen] { chosen = [o] { return run_journal_clear(*o); }; });
}

/// Verbs that are programs of their own: everything behind the name is handed on, --help too.
void add_program(CLI::App& app, Verb& chosen, const char* name, const char* what,
    const char* line) {
  auto o = std::make_shared<ProgramOptions>();
  CLI::App* verb = app.add_subcommand(name, what);
  const bool bench = std::string(name) == "bench";
  verb->prefix_command();
  if (!bench) verb->set_help_flag();
  example(verb, line);
  verb->callback([o, verb, bench, &chosen] {
    o->arguments = verb->remaining();
    o->program = "pinstripe-" + verb->get_name() + (bench ? "-" : "");
    if (bench && !o->arguments.empty()) {
      o->program += o->arguments.front();
      o->arguments.erase(o->arguments.begin());
    }
    chosen = [o] { return run_program(*o); };
  });
}

}  // namespace

void add_limits(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<LimitsOptions>();
  CLI::App* limits = app.add_subcommand(
      "limits", "What this machine may still ask of each venue: windows, queue, bans, circuits");
  limits->add_option("--clear-ban", o->clear_ban,
                     "end the ban, the back-off and the open circuit of this venue");
  CLI::Option* const address = limits->add_option(
      "--address", o->address, "of the simulated exchange at HOST:PORT, which is counted apart");
  limits->add_option("--session", o->session, "of the venues that this session listens to")
      ->excludes(address);
  limits->add_flag("--json", o->json, "one JSON object on standard output");
  example(limits, "pinstripe limits\n  pinstripe limits --clear-ban BINANCE\n"
                  "  pinstripe limits --address 127.0.0.1:8443");
  limits->callback([o, &chosen] { chosen = [o] { return run_limits(*o); }; });
}

void add_journal(CLI::App& app, Verb& chosen) {
  CLI::App* journal = app.add_subcommand("journal", "Look at what a session's stages took");
  journal->require_subcommand(1);
  const auto options = [] { return std::make_shared<JournalOptions>(); };
  add_journal_part(*journal, chosen, "info", "Identity, files, records, times, state of a journal",
                   "pinstripe journal info demo", run_journal_info, options());
  auto o = options();
  CLI::App* verb = add_journal_part(*journal, chosen, "verify",
      "Check every record, file and identity; exit 3 names the first fault",
      "pinstripe journal verify demo", run_journal_verify, o);
  verb->add_option("--stage", o->stage, "only this stage");
  o = options();
  verb = add_journal_part(*journal, chosen, "dump", "Show records",
      "pinstripe journal dump demo --stage risk --from 1000 --count 20", run_journal_dump, o);
  verb->add_option("--stage", o->stage, "only this stage");
  verb->add_option("--from", o->from, "number of the first record");
  verb->add_option("--count", o->count, "how many records a stage; 0: all of them");
  o = options();
  verb = add_journal_part(*journal, chosen, "export", "Write the messages as CSV or JSON lines",
      "pinstripe journal export demo --format csv --out FOLDER", run_journal_export, o);
  verb->add_option("--format", o->format, "csv or ndjson")->check(CLI::IsMember({"csv", "ndjson"}));
  verb->add_option("--stage", o->stage, "only this stage");
  verb->add_option("--type", o->type, "only this message type, as 'rings' shows it");
  verb->add_flag("--latencies", o->latencies,
                 "instead of messages, the tables of order and response latency for a config");
  verb->add_option("--out", o->out, "folder for the files; must not exist or be empty")->required();
  add_journal_clear(*journal, chosen);
  example(journal, "pinstripe journal info demo");
}

void add_replay(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<ReplayOptions>();
  CLI::App* replay = app.add_subcommand(
      "replay", "Run stages over their journal and compare; exit 3 names the first difference");
  replay->add_option("JOURNAL", o->journal,
                     "a journal's directory, or a session: its newest journal")->required();
  replay->add_option("--stage", o->stage, "only this stage");
  replay->add_option("--until", o->until,
                     "last record (a number; needs --stage), or a time such as "
                     "2024-08-08T23:57:35.5Z");
  replay->add_flag("--any-build", o->any_build, "replay the journal of another build all the same");
  replay->add_flag("--json", o->json, "one JSON object on standard output");
  example(replay, "pinstripe replay demo --stage risk");
  replay->callback([o, &chosen] { chosen = [o] { return run_replay(*o); }; });
}

void add_verify(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<VerifyOptions>();
  CLI::App* verify = app.add_subcommand(
      "verify", "Run the same data in every way there is; exit 3 names the first that differs");
  verify->add_option("CONFIG", o->config, "session config, the same as for 'up'")->required();
  verify->add_option("--data", o->overrides.data, "recorded files, over those of the config");
  verify->add_option("--for", o->duration, "how much simulated time to run: 60s, 5m, 500ms");
  verify->add_option("--events", o->overrides.events_max, "how many venue messages to run");
  verify->add_option("--clock-offset", o->overrides.clock_offset_file,
                     "take the clock offset of the file's stream from here");
  add_settings(verify, o->overrides);
  verify->add_flag("--in-sample", o->overrides.in_sample,
                   "let models trade time they were trained on");
  verify->add_option("--kills", o->kills, "kill -9 stages of one more session so often; 0: never");
  verify->add_option("--seed", o->seed, "where they are killed");
  verify->add_flag("--json", o->json, "one JSON object on standard output");
  example(verify, "pinstripe verify tools/configs/recorded.json --data FILE");
  verify->callback([o, &chosen] { chosen = [o] { return run_verify(*o); }; });
}

void add_backtest(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<BacktestOptions>();
  CLI::App* backtest = app.add_subcommand(
      "backtest", "Run a config over recorded data in one thread, as fast as it goes");
  backtest->add_option("CONFIG", o->config, "session config, the same as for 'up'")->required();
  backtest->add_option("--data", o->overrides.data, "recorded files, over those of the config");
  backtest->add_option("--from", o->from, "event time to begin at, such as 2024-08-08T23:57:00Z");
  backtest->add_option("--to", o->to, "event time to end at");
  backtest->add_option("--for", o->duration, "how much simulated time to run: 60s, 5m, 500ms");
  backtest->add_option("--events", o->overrides.events_max, "how many venue messages to run");
  backtest->add_option("--clock-offset", o->overrides.clock_offset_file,
                       "take the clock offset of the file's stream from here");
  add_settings(backtest, o->overrides);
  backtest->add_option("--out", o->out, "folder for results, orders, fills and equity");
  backtest->add_flag("--in-sample", o->overrides.in_sample,
                     "let models trade time they were trained on");
  CLI::Option* grid = backtest->add_option(
      "--grid", o->grid, "run every combination of the values in this file, each in a process");
  backtest->add_option("--jobs", o->jobs, "with --grid: runs at the same time; one a core without")
      ->needs(grid)
      ->check(CLI::Range(1, 1'024));
  backtest->add_flag("--json", o->json, "account and metrics as one JSON object");
  example(backtest,
          "pinstripe backtest tools/configs/recorded.json --data FILE... --out FOLDER\n"
          "  pinstripe backtest tools/configs/demo.json --for 60s --set risk.policy.min_edge=0\n"
          "  pinstripe backtest tools/configs/demo.json --for 60s --grid GRID.json --jobs 2\n"
          "  with GRID.json: {\"models.threshold\": [0.1, 0.2], \"seed\": [1, 2, 3]}");
  backtest->callback([o, &chosen] {
    chosen = [o] { return o->grid.empty() ? run_backtest(*o) : run_backtest_grid(*o); };
  });
}

void add_compare(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<CompareOptions>();
  CLI::App* compare = app.add_subcommand(
      "compare", "What two runs decide differently, and where the gap in profit comes from");
  const char* run = "folder of 'backtest --out', a journal's directory, or a session";
  compare->add_option("A", o->a, run)->required();
  compare->add_option("B", o->b, run)->required();
  compare->add_flag("--no-split", o->no_split, "only decisions and profits; nothing is run again");
  compare->add_flag("--json", o->json, "one JSON object on standard output");
  example(compare, "pinstripe compare demo FOLDER");
  compare->callback([o, &chosen] { chosen = [o] { return run_compare(*o); }; });
}

void add_settings(CLI::App* verb, Overrides& overrides) {
  verb->add_option("--set", overrides.settings,
                   "value over the config's own, as in risk.policy.min_edge=0; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_convert(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* convert = app.add_subcommand(
      "convert", "Decode captures once, into binary captures that every verb takes as --data");
  convert->add_option("FILES", o->files,
                      "IN OUT: one capture and the file to write; IN... FOLDER: each under its own "
                      "name; with --back one binary capture")->required();
  convert->add_option("--back", o->back, "write the text of the binary capture here instead");
  convert->add_option("--instrument", o->instrument,
                      "where the frames do not tell it, such as BINANCE_USDM:BTCUSDT");
  convert->add_flag("--json", o->json, "one JSON object on standard output");
  example(convert, "pinstripe convert capture.txt.gz capture.pscap");
  convert->callback([o, &chosen] { chosen = [o] { return run_convert(*o); }; });
}

void add_record(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<RecordOptions>();
  CLI::App* record = app.add_subcommand(
      "record", "Write live markets to raw captures, which every verb takes as --data");
  record->add_option("CONFIG,--config", o->config,
                     "session config: its instruments and its parts \"live\" and \"feed\"");
  record->add_option("--instruments", o->instruments,
                     "canonical ids, over those of the config: BINANCE_USDM:BTCUSDT,BYBIT:ETHUSDT")
      ->delimiter(',')
      ->allow_extra_args(false);
  record->add_option("--address", o->address,
                     "HOST:PORT of a simulated exchange, over that of the config");
  record->add_option("--ca", o->ca_file, "authorities in place of the system's");
  record->add_option("--out", o->out, "folder for the captures and their instruments.json; "
                     "no capture in it is replaced")
      ->required();
  record->add_option("--for", o->duration, "how long: 60s, 5m; until Ctrl-C without it");
  record->add_option("--compress", o->compress, "gz, zstd or none")
      ->check(CLI::IsMember({"gz", "zstd", "none"}));
  record->add_option("--rotate-mb", o->rotate_mb, "megabytes on disk of one file; 0: no limit")
      ->check(CLI::Range(0, 1'000'000));
  record->add_option("--rotate-s", o->rotate_s, "seconds that one file goes on; 0: no limit")
      ->check(CLI::Range(0, 1'000'000));
  record->add_flag("--json", o->json, "one JSON object on standard output");
  example(record,
          "pinstripe record --config tools/configs/venue-demo.json --out FOLDER --for 60s\n"
          "  pinstripe record --instruments BYBIT_LINEAR:BTCUSDT --out FOLDER");
  record->callback([o, &chosen] { chosen = [o] { return run_record(*o); }; });
}

void add_fetch(CLI::App& app, Verb& chosen) {
  auto o = std::make_shared<FetchOptions>();
  CLI::App* fetch = app.add_subcommand(
      "fetch", "Past klines, trades or funding rates of a venue, into a file that goes on growing");
  fetch->add_option("VENUE", o->venue, "as in instrument ids: BINANCE_USDM, BYBIT_LINEAR, ...")
      ->required();
  fetch->add_option("SYMBOL", o->symbol, "as the venue writes it")->required();
  fetch->add_option("--what", o->what, "klines, trades or funding")
      ->required()
      ->check(CLI::IsMember({"klines", "trades", "funding"}));
  fetch->add_option("--from", o->from, "time to begin at, such as 2024-08-08T23:57:00Z")
      ->required();
  fetch->add_option("--to", o->to, "time to end at, itself left out; now without it");
  fetch->add_option("--interval", o->interval, "of klines: 1m, 3m, 5m, 15m, 30m, 1h ... 12h, 1d");
  fetch->add_option("--out", o->out, "folder of the file; it is made where it is missing");
  CLI::Option* address = fetch->add_option(
      "--address", o->address, "of a simulated exchange, as in 127.0.0.1:8443");
  fetch->add_option("--ca", o->ca_file, "its authority's certificate")->needs(address);
  fetch->add_flag("--json", o->json, "one JSON object on standard output");
  example(fetch,
          "pinstripe fetch BINANCE_USDM BTCUSDT --what klines --from 2024-08-01 --out FOLDER\n"
          "  pinstripe fetch OKX_SWAP BTC-USDT-SWAP --what funding --from 2024-08-01");
  fetch->callback([o, &chosen] { chosen = [o] { return run_fetch(*o); }; });
}

void add_programs(CLI::App& app, Verb& chosen) {
  add_program(app, chosen, "train", "Fit the ensemble on recorded data",
              "pinstripe train tools/configs/train.json --data FILE...");
  std::string benches = "Run a bench beside its peers:";
  for (const std::string& name : bench_names()) benches += " " + name;
  add_program(app, chosen, "bench", (benches + "; each has its own --help").c_str(),
              "pinstripe bench ring --json");
  add_program(app, chosen, "venue",
              "Serve a simulated exchange on loopback TLS until Ctrl-C or the end of --for",
              "pinstripe venue --config tools/configs/venue.json");
}

}  // namespace pinstripe
