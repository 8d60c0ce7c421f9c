// What the benches of whole sessions share: the shipped bench config, and a run of the real
// `pinstripe up` that gives its account.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace pinstripe::bench {

/// bench/pipeline.json with its model files named in full, so that it may lie anywhere.
inline nlohmann::ordered_json session_config(const std::string& name) {
  const std::filesystem::path folder(PINSTRIPE_SOURCE_DIR "/bench");
  std::ifstream in(folder / "pipeline.json");
  auto config = nlohmann::ordered_json::parse(in, nullptr, true, true);
  config["name"] = name;
  for (auto& member : config["models"]["members"]) {
    const std::string file = member["file"];
    member["file"] = (folder / file).lexically_normal();
  }
  return config;
}

inline std::filesystem::path written(const nlohmann::ordered_json& config,
                                     const std::filesystem::path& path) {
  std::ofstream(path) << config.dump(1);
  return path;
}

/// The account of `pinstripe up CONFIG --json OPTIONS`, beside this program. Throws where it fails.
inline nlohmann::ordered_json run_session(const std::filesystem::path& config,
                                          const std::string& options) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string command =
      (self / "pinstripe").string() + " up " + config.string() + " --json " + options;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> block{};
  while (pipe != nullptr) {
    const std::size_t n = std::fread(block.data(), 1, block.size(), pipe);
    if (n == 0) break;
    text.append(block.data(), n);
  }
  const int status = pipe != nullptr ? ::pclose(pipe) : -1;
  auto account = nlohmann::ordered_json::parse(text, nullptr, false);
  if (status != 0 || !account.is_object()) {
    throw std::runtime_error("`" + command + "` failed; run it by hand to see why");
  }
  return account;
}

}  // namespace pinstripe::bench
