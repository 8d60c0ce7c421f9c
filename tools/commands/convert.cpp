// `convert`: captures to binary captures and back.
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "tools/commands/options.h"
#include "tools/convert/convert.h"
#include "tools/session/text_table.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kSuffix = ".pscap";

/// The name of a capture without what tells how it was packed: "a.txt.gz" is "a".
std::string bare_name(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  for (const char* end : {".gz", ".zst", ".txt", ".csv", ".json", ".jsonl"}) {
    if (name.ends_with(end)) name.resize(name.size() - std::string(end).size());
  }
  return name;
}

Result<InspectOptions> options_of(const ConvertOptions& options) {
  InspectOptions inspect;
  if (options.instrument.empty()) return inspect;
  const std::size_t colon = options.instrument.find(':');
  if (colon == std::string::npos) {
    return fail_usage("--instrument " + options.instrument +
                      ": an instrument is written as in BINANCE_USDM:BTCUSDT");
  }
  inspect.market = options.instrument.substr(0, colon);
  inspect.symbol = options.instrument.substr(colon + 1);
  return inspect;
}

/// What goes where.
Result<std::vector<std::pair<std::string, std::string>>> pairs_of(const ConvertOptions& options) {
  std::vector<std::string> in = options.files;
  if (in.size() < 2) {
    return fail_usage("name the captures and then the file or folder to write; "
                      "'pinstripe convert --help' shows how");
  }
  const std::string out = in.back();
  in.pop_back();
  std::error_code ignored;
  const bool is_folder = fs::is_directory(out, ignored);
  if (in.size() > 1 && !is_folder) {
    return fail_usage("'" + out +
                      "' is no folder; several captures go into a folder that is there");
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& from : in) {
    pairs.emplace_back(from, is_folder ? (fs::path(out) / (bare_name(from) + kSuffix)).string()
                                       : out);
  }
  return pairs;
}

void say(const Converted& c, bool back) {
  if (back) {
    std::printf("%s: %s frames, %s bytes of text to %s\n", c.from.c_str(),
                shown_count(static_cast<std::int64_t>(c.frames)).c_str(),
                shown_count(static_cast<std::int64_t>(c.text_bytes)).c_str(), c.to.c_str());
    return;
  }
  std::printf("%s: %s frames (%s as text), %s bytes of text, %s bytes in %s; read back and "
              "compared\n",
              c.from.c_str(), shown_count(static_cast<std::int64_t>(c.frames)).c_str(),
              shown_count(static_cast<std::int64_t>(c.frames - c.decoded)).c_str(),
              shown_count(static_cast<std::int64_t>(c.text_bytes)).c_str(),
              shown_count(static_cast<std::int64_t>(c.bytes)).c_str(), c.to.c_str());
}

Json json_of(const Converted& c) {
  return {{"from", c.from},       {"to", c.to},
          {"frames", c.frames},   {"decoded", c.decoded},
          {"text_bytes", c.text_bytes}, {"bytes", c.bytes}};
}

Result<std::vector<Converted>> convert_all(const ConvertOptions& options) {
  std::vector<Converted> done;
  if (!options.back.empty()) {
    if (options.files.size() != 1) {
      return fail_usage("--back takes one binary capture, " +
                        std::to_string(options.files.size()) + " are named");
    }
    auto back = convert_back(options.files.front(), options.back);
    if (!back) return std::unexpected(back.error());
    done.push_back(std::move(*back));
    return done;
  }
  const auto inspect = options_of(options);
  if (!inspect) return std::unexpected(inspect.error());
  const auto pairs = pairs_of(options);
  if (!pairs) return std::unexpected(pairs.error());
  for (const auto& [from, to] : *pairs) {
    auto converted = convert_capture(from, to, *inspect);
    if (!converted) return std::unexpected(converted.error());
    if (!options.json) say(*converted, false);
    done.push_back(std::move(*converted));
  }
  return done;
}

}  // namespace

Exit run_convert(const ConvertOptions& options) {
  const auto done = convert_all(options);
  if (!done) return report_error(done.error(), options.json);
  if (!options.json) {
    if (!options.back.empty()) say(done->front(), true);
    return Exit::kDone;
  }
  Json list = Json::array();
  for (const Converted& c : *done) list.push_back(json_of(c));
  std::printf("%s\n", Json{{"converted", list}}.dump().c_str());
  return Exit::kDone;
}

}  // namespace pinstripe
