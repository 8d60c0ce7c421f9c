// What each verb takes from the command line. Verbs are plain functions; cli.cpp fills these.
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

/// `bench` and `train` run a program of their own with everything behind their name.
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
Exit run_program(const ProgramOptions& options);
/// The benches that are built beside this program, sorted: "decode", "pipeline", ...
std::vector<std::string> bench_names();

/// Prints the error to standard error, and with `json` an object {"error": ...} to standard output.
Exit report_error(const Error& error, bool json);

}  // namespace pinstripe
