// The project's own sources, read as text, for the house tests.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace pinstripe::house {

struct SourceFile {
  std::string path;  // from the repository's root
  std::vector<std::string> lines;
};

/// Every .h and .cpp below `folder`, sorted by path. Tests run in the repository's root.
inline std::vector<SourceFile> sources_below(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<SourceFile> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    SourceFile file{entry.path().generic_string(), {}};
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    all.push_back(std::move(file));
  }
  std::sort(all.begin(), all.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return all;
}

/// Characters of a UTF-8 line.
inline std::size_t columns(std::string_view line) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), begins));
}

/// What an #include line names, with its brackets or quotes; empty for other lines.
inline std::string included(const std::string& line) {
  constexpr std::string_view kWord = "#include ";
  if (!line.starts_with(kWord)) return "";
  const std::size_t end = line.find_first_of(">\"", kWord.size() + 1);
  return end == std::string::npos ? "" : line.substr(kWord.size(), end + 1 - kWord.size());
}

}  // namespace pinstripe::house
