// Documents that name what does not exist send a stranger astray.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/house/repository.h"

namespace pinstripe::house {
namespace {

namespace fs = std::filesystem;

bool is_document(const TextFile& f) { return f.path.ends_with(".md"); }

/// `word` begins with a folder of this repository.
bool names_our_tree(const std::string& word) {
  static const std::set<std::string> kTop{"shm",  "feed",  "features", "models", "risk",
                                          "exec", "tools", "tests",    "bench",  ".ci"};
  return kTop.contains(word.substr(0, word.find('/')));
}

/// True where the path, as written or with an ending of sources, exists from the root or `folder`.
bool exists_somewhere(const std::string& folder, const std::string& word) {
  for (const std::string& base : {std::string("."), folder}) {
    for (const char* ending : {"", ".h", ".cpp"}) {
      std::error_code ignored;
      if (fs::exists(fs::path(base) / (word + ending), ignored)) return true;
    }
  }
  return false;
}

TEST(Documents, every_path_in_backticks_exists) {
  static const std::regex ticks("`([^`\n]+)`");
  static const std::regex path(R"(\.?[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)+/?)");
  for (const TextFile& f : text_files()) {
    if (!is_document(f)) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), ticks), end; i != end; ++i) {
      std::istringstream words((*i)[1].str());
      for (std::string word; words >> word;) {
        while (!word.empty() && (word.back() == ',' || word.back() == ';')) word.pop_back();
        word = word.substr(0, word.find(':'));
        if (!std::regex_match(word, path) || !names_our_tree(word)) continue;
        EXPECT_TRUE(exists_somewhere(f.folder(), word)) << f.path << " names " << word;
      }
    }
  }
}

TEST(Documents, every_link_leads_somewhere) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  for (const TextFile& f : text_files()) {
    if (!is_document(f)) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), link), end; i != end; ++i) {
      const std::string target = (*i)[1].str().substr(0, (*i)[1].str().find('#'));
      if (target.empty() || target.starts_with("http")) continue;
      EXPECT_TRUE(fs::exists(fs::path(f.folder()) / target)) << f.path << " links to " << target;
    }
  }
}

TEST(Documents, every_function_named_behind_a_file_stands_in_it) {
  // `path/to/file.cpp:function` or `path/to/file.cpp:Class::function`
  static const std::regex place(R"(`([\w./\-]+\.(?:h|cpp)):([\w:~]+)`)");
  std::size_t places = 0;
  for (const TextFile& f : text_files()) {
    if (!is_document(f)) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), place), end; i != end; ++i) {
      ++places;
      const TextFile* file = find_text((*i)[1].str());
      ASSERT_NE(file, nullptr) << f.path << " names " << (*i)[1].str();
      std::string name = (*i)[2].str();
      if (const auto at = name.rfind("::"); at != std::string::npos) name = name.substr(at + 2);
      const bool stands = std::regex_search(file->text, std::regex("\\b" + name + "\\b"));
      EXPECT_TRUE(stands) << f.path << ": " << (*i)[2].str() << " is not in " << (*i)[1].str();
    }
  }
  EXPECT_GT(places, 20u) << "the life of a tick names its functions";
}

TEST(Documents, every_verb_and_bench_exists) {
  std::string cli;
  for (const char* path : {"tools/cli.cpp", "tools/cli_verbs.cpp"}) {
    const TextFile* file = find_text(path);
    ASSERT_NE(file, nullptr) << path;
    cli += file->text;
  }
  static const std::regex verb(R"(`(?:build/release/bin/)?pinstripe ([a-z]+)(?: ([a-z]+))?)");
  for (const TextFile& f : text_files()) {
    if (!is_document(f)) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), verb), end; i != end; ++i) {
      const std::string name = (*i)[1].str();
      EXPECT_NE(cli.find("\"" + name + "\""), std::string::npos)
          << f.path << " names the verb " << name;
      if (name != "bench" || !(*i)[2].matched) continue;
      EXPECT_NE(find_text("bench/" + (*i)[2].str() + "_bench.cpp"), nullptr)
          << f.path << " names the bench " << (*i)[2].str();
    }
  }
}

TEST(Documents, every_folder_of_sources_has_a_readme_here_or_above) {
  for (const TextFile& f : text_files()) {
    if (!f.is_cpp()) continue;
    fs::path folder = f.folder();
    bool found = false;
    for (; !found && !folder.empty(); folder = folder.parent_path()) {
      found = find_text((folder / "README.md").generic_string()) != nullptr;
    }
    EXPECT_TRUE(found) << f.path << " lies in a folder that no README explains";
  }
}

}  // namespace
}  // namespace pinstripe::house
