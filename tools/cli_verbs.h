// Adds the verbs around journals and backtests, and those that are programs of their own, to the
// command line. Only cli.cpp, cli_verbs.cpp and usage_error.cpp know CLI11.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "tools/commands/options.h"

namespace pinstripe {

/// What the command line asks for, ready to run.
using Verb = std::function<Exit()>;

/// The example that ends a verb's help.
inline void example(CLI::App* verb, const char* line) {
  verb->footer(std::string("Example:\n  ") + line);
}

/// `--set key.path=value`.
void add_settings(CLI::App* verb, Overrides& overrides);

void add_limits(CLI::App& app, Verb& chosen);
void add_journal(CLI::App& app, Verb& chosen);
void add_replay(CLI::App& app, Verb& chosen);
void add_verify(CLI::App& app, Verb& chosen);
void add_backtest(CLI::App& app, Verb& chosen);
void add_compare(CLI::App& app, Verb& chosen);
void add_convert(CLI::App& app, Verb& chosen);
void add_record(CLI::App& app, Verb& chosen);
void add_fetch(CLI::App& app, Verb& chosen);
/// `train`, `bench` and `venue`.
void add_programs(CLI::App& app, Verb& chosen);

}  // namespace pinstripe
