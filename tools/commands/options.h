// What each verb takes from the command line. Verbs are plain functions; cli.cpp and
// cli_verbs.cpp fill these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "tools/session/session_config.h"

namespace pinstripe {

struct UpOptions {
  std::string config;
  Overrides overrides;
  std::string orders_file;   // "": none
  std::string resume;        // session that died and is to go on; "": a new one
  bool discard = false;      // remove a resumable session of this name first
  bool prepare = false;
  bool detach = false;
  bool in_process = false;
  bool keep = false;         // leave the segments behind, for `rings` and `tap`
  bool watch = false;        // live table even where standard error is no terminal
  bool json = false;
};

struct SessionOptions {
  std::string session;       // "": the newest live one
  std::string config;        // status --stages: the session that this config names
  bool stages = false;       // status: one line a stage, for scripts
  bool watch = false;
  bool json = false;
};

struct TapOptions {
  std::string session, ring;
  std::uint64_t count = 0;   // 0: what is there now (or for ever with follow)
  bool follow = false;
  bool from_oldest = true;
  bool json = false;
};

struct CheckOptions {
  std::string config;
  std::vector<std::string> data;
  bool json = false;
};

struct DoctorOptions {
  bool fix = false;
  bool json = false;
};

struct LimitsOptions {
  std::string clear_ban;     // venue whose ban the operator ends; "": only look
  std::string address;       // HOST:PORT of a simulated exchange, counted apart; "": the venues
  std::string session;       // the address is that of this session's live.address
  bool json = false;
};

struct JournalOptions {
  std::string journal;       // directory of a journal, or a session's name: its newest
  std::string stage;         // "": all
  std::uint64_t from = 0;    // dump: number of the first record
  std::uint64_t count = 20;  // dump: records a stage; 0: all of them
  std::string format = "csv";  // export: "csv" or "ndjson"
  std::string type;          // export: message type; "": all
  std::string out;           // export: folder
  bool latencies = false;    // export: the latencies that orders met, instead of messages
  bool json = false;
};

struct ReplayOptions {
  std::string journal;       // directory of a journal, or a session's name: its newest
  std::string stage;         // "": all
  std::string until;         // "": to the end; a record number or a time
  bool any_build = false;    // look at the journal of another build
  bool json = false;
};

struct VerifyOptions {
  std::string config;
  Overrides overrides;       // data, events, in_sample, clock offset, settings
  std::string duration;      // --for as it was given
  std::uint64_t kills = 10;  // of stages of the session that is killed; 0: none is
  std::uint64_t seed = 1;    // of where they are killed
  bool json = false;
};

struct BacktestOptions {
  std::string config;
  Overrides overrides;
  std::string from, to;      // event times as text; "": all of the data
  std::string duration;      // simulated time to run, as text; "": all of it
  std::string out;           // folder for results; "": none
  std::string grid;          // file of settings and their values; "": one run
  std::size_t jobs = 0;      // with grid: runs at the same time; 0: one a core
  bool json = false;
};

struct CompareOptions {
  std::string a, b;          // folder of results, journal's directory, or session
  bool no_split = false;     // run nothing again
  bool json = false;
};

struct ConvertOptions {
  std::vector<std::string> files;  // captures, then the file or folder to write; with `back` one
  std::string back;                // write the text of the binary capture here
  std::string instrument;          // "": told from the frames
  bool json = false;
};

struct RecordOptions {
  std::string config;        // session config with a part `live`; "": the options say it all
  std::vector<std::string> instruments;  // canonical ids, over those of the config
  std::string address, ca_file;          // over the config's `live`
  std::string out;           // folder for the captures
  std::string duration;      // how long, as text; "": until it is told to stop
  std::string compress = "gz";  // "gz", "zstd" or "none"
  std::uint64_t rotate_mb = 512;  // bytes on disk of one file, in 1e6; 0: no limit
  std::uint64_t rotate_s = 3'600;  // how long one file goes on; 0: no limit
  bool json = false;
};

struct FetchOptions {
  std::string venue, symbol;       // as in instrument ids
  std::string what;                // "klines", "trades" or "funding"
  std::string from, to;            // times as text; to "": now
  std::string interval = "1m";     // of klines
  std::string out = ".";           // folder
  std::string address, ca_file;    // of a simulated exchange; "": the venue's own host
  bool json = false;
};

/// `bench`, `train` and `venue` run a program of their own with everything behind their name.
struct ProgramOptions {
  std::string program;       // "pinstripe-bench-ring"
  std::vector<std::string> arguments;
};

Exit run_up(const UpOptions& options);
Exit run_down(const SessionOptions& options);
Exit run_status(const SessionOptions& options);
Exit run_rings(const SessionOptions& options);
Exit run_tap(const TapOptions& options);
Exit run_check(const CheckOptions& options);
Exit run_doctor(const DoctorOptions& options);
Exit run_limits(const LimitsOptions& options);
Exit run_journal_info(const JournalOptions& options);
Exit run_journal_verify(const JournalOptions& options);
Exit run_journal_dump(const JournalOptions& options);
Exit run_journal_export(const JournalOptions& options);
Exit run_journal_clear(const SessionOptions& options);
Exit run_replay(const ReplayOptions& options);
Exit run_verify(const VerifyOptions& options);
Exit run_backtest(const BacktestOptions& options);
/// `backtest --grid`; exit status kFailed where a run failed.
Exit run_backtest_grid(const BacktestOptions& options);
Exit run_compare(const CompareOptions& options);
Exit run_convert(const ConvertOptions& options);
Exit run_record(const RecordOptions& options);
Exit run_fetch(const FetchOptions& options);
Exit run_program(const ProgramOptions& options);
/// The benches that are built beside this program, sorted: "decode", "pipeline", ...
std::vector<std::string> bench_names();

/// Prints the error to standard error, and with `json` an object {"error": ...} to standard output.
Exit report_error(const Error& error, bool json);

}  // namespace pinstripe
