#include "tools/usage_error.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "shm/run/config_node.h"

namespace pinstripe {
namespace {

bool is_option(const std::string& argument) { return argument.starts_with("-"); }

/// "; did you mean 'x'?", or else what there is.
std::string nearest_or_all(const std::string& wrong, const std::vector<std::string>& names) {
  const std::string near = wrong.empty() ? "" : nearest_name(wrong, names);
  if (!near.empty()) return "; did you mean '" + near + "'?";
  std::string all = "; there are";
  for (const std::string& name : names) all += (name == names.front() ? " " : ", ") + name;
  return all;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* o : verb.get_options()) {
    for (const std::string& name : o->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// `wanted` where a verb has to stand; `path` is what stands before it, with a space behind.
std::string no_verb(const CLI::App& app, const std::string& path, const std::string& wanted) {
  const std::vector<std::string> verbs = verbs_of(app);
  if (wanted.empty()) return "a verb is missing" + nearest_or_all("", verbs);
  return "no verb '" + path + wanted + "'" + nearest_or_all(wanted, verbs);
}

/// "journal info: " of "journal info ".
std::string within(const std::string& path) {
  return path.empty() ? "" : path.substr(0, path.size() - 1) + ": ";
}

std::string no_option(const CLI::App& verb, const std::string& path, const std::string& wanted) {
  const std::string near = nearest_name(wanted, options_of(verb));
  return within(path) + "unknown option '" + wanted + "'" +
         (near.empty() ? "" : "; did you mean '" + near + "'?") +
         (path.empty() ? "; options of a verb stand behind it" : "");
}

/// What a verb did not take says more than that something else is missing.
std::string problem_text(const CLI::App& verb, const std::string& path,
                         const CLI::ParseError& problem) {
  // By status: CLI11 gives an ExtrasError the verb's name instead of its own.
  const int kind = problem.get_exit_code();
  const bool extras = kind == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!extras && kind != static_cast<int>(CLI::ExitCodes::RequiredError)) {
    return within(path) + problem.what();
  }
  std::string word, option;
  for (const std::string& argument : verb.remaining()) {
    std::string& first = is_option(argument) ? option : word;
    if (first.empty()) first = argument;
  }
  const bool verb_missing = !verbs_of(verb).empty() && verb.get_subcommands().empty();
  const bool for_verb = option == "--json" || !word.empty();  // wrong only in where it stands
  if (verb_missing && (option.empty() || for_verb)) return no_verb(verb, path, word);
  if (!option.empty()) return no_option(verb, path, option);
  if (extras) return within(path) + "takes no further argument; found '" + word + "'";
  return within(path) + problem.what();
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& problem) {
  std::string path;  // the verbs that were understood, a space behind each
  const CLI::App* verb = &app;
  // What stood before the verb is the program's own to refuse.
  const auto before = app.remaining();
  const bool front = !app.get_subcommands().empty() && !before.empty() && is_option(before.front());
  while (!front && !verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    path += verb->get_name() + " ";
  }
  std::string text =
      front ? no_option(app, "", before.front()) : problem_text(*verb, path, problem);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Error{text + "; see 'pinstripe " + path + "--help'", Exit::kUsage};
}

}  // namespace pinstripe
