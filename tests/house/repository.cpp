#include "tests/house/repository.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace pinstripe::house {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 11> kFolders{"shm",  "feed",  "features", "models",
                                                    "risk", "exec",  "tools",    "tests",
                                                    "bench", ".ci",  ""};

bool written_by_programs(const std::string& path) {
  return path.find("/node_modules/") != std::string::npos ||
         path.ends_with("/package-lock.json") || path.starts_with("tests/fuzz/corpus/") ||
         path.starts_with("feed/instruments/") ||
         (path.starts_with("models/shipped/") && !path.ends_with(".md"));
}

bool is_text(const std::string& path) {
  static constexpr std::array<std::string_view, 9> kEndings{
      ".h", ".cpp", ".md", ".txt", ".json", ".sh", ".pml", ".cmake", ".py"};
  if (std::ranges::any_of(kEndings, [&](auto e) { return path.ends_with(e); })) return true;
  const std::string name = fs::path(path).filename();
  return name.find('.') == std::string::npos;  // scripts and LICENSE
}

std::vector<TextFile> read_tree() {
  std::vector<TextFile> files;
  const auto take = [&](const fs::path& p) {
    const std::string path = p.lexically_normal().generic_string();
    if (!is_text(path) || written_by_programs(path)) return;
    std::ifstream in(p);
    std::stringstream text;
    text << in.rdbuf();
    files.push_back({path, text.str()});
  };
  for (const std::string_view folder : kFolders) {
    if (folder.empty()) {
      for (const auto& e : fs::directory_iterator(".")) {
        if (e.is_regular_file()) take(e.path());
      }
    } else if (fs::is_directory(folder)) {
      for (const auto& e : fs::recursive_directory_iterator(folder)) {
        if (e.is_regular_file()) take(e.path());
      }
    }
  }
  std::ranges::sort(files, {}, &TextFile::path);
  return files;
}

/// Blanks from `from` to `to`, line breaks kept.
void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

std::size_t after(std::string_view text, std::string_view what, std::size_t from) {
  const std::size_t at = text.find(what, from);
  return at == std::string_view::npos ? text.size() : at + what.size();
}

/// End of the quoted literal that begins at `from`.
std::size_t end_of_literal(std::string_view text, std::size_t from) {
  const char quote = text[from];
  std::size_t i = from + 1;
  while (i < text.size() && text[i] != quote) i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

bool is_digit_separator(std::string_view text, std::size_t at) {
  const auto alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return at > 0 && at + 1 < text.size() && alnum(text[at - 1]) && alnum(text[at + 1]);
}

std::string trimmed(std::string s) {
  const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
  s.erase(s.begin(), std::ranges::find_if_not(s, space));
  while (!s.empty() && space(static_cast<unsigned char>(s.back()))) s.pop_back();
  return s;
}

/// Whether the block behind `head` is a function; fills name and macro.
bool is_function(const std::string& head, Function& f) {
  static const std::regex scope(
      R"(^(template\s*<[^{]*>\s*)?(inline\s+|export\s+|typedef\s+|static\s+)*)"
      R"((namespace|class|struct|enum|union|extern\s)\b)");
  static const std::regex test(R"(\b(TEST|TEST_F|TEST_P|TYPED_TEST)\s*\(\s*\w+\s*,\s*(\w+)\s*\))");
  static const std::regex call(R"(([~\w]+)\s*\()");
  if (head.find('(') == std::string::npos || std::regex_search(head, scope)) return false;
  std::smatch m;
  if (std::regex_search(head, m, test)) {
    f.macro = m[1];
    f.name = m[2];
  } else if (std::regex_search(head, m, call)) {
    f.name = m[1];
  }
  return !f.name.empty();
}

}  // namespace

std::string TextFile::folder() const {
  const std::string parent = fs::path(path).parent_path().generic_string();
  return parent.empty() ? "." : parent;
}

const std::vector<TextFile>& text_files() {
  static const std::vector<TextFile> files = read_tree();
  return files;
}

const TextFile* find_text(std::string_view path) {
  const auto& files = text_files();
  const auto at = std::ranges::find(files, path, &TextFile::path);
  return at == files.end() ? nullptr : &*at;
}

std::string without_comments(std::string_view text) {
  std::string out(text);
  std::size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    std::size_t end = i + 1;
    if (rest.starts_with("//")) {
      end = std::min(text.find('\n', i), text.size());
    } else if (rest.starts_with("/*")) {
      end = after(text, "*/", i + 2);
    } else if (rest.starts_with("R\"")) {
      const std::size_t open = text.find('(', i);
      const std::string close = ")" + std::string(text.substr(i + 2, open - i - 2)) + "\"";
      end = after(text, close, open);
    } else if (text[i] == '"' || (text[i] == '\'' && !is_digit_separator(text, i))) {
      end = end_of_literal(text, i);
    } else {
      ++i;
      continue;
    }
    blank(out, i, end);
    i = end;
  }
  return out;
}

std::vector<Function> functions_of(std::string_view text) {
  std::string code = without_comments(text);
  // Preprocessor lines have no braces that count.
  for (std::size_t i = 0; i < code.size();) {
    const std::size_t end = std::min(code.find('\n', i), code.size());
    const std::size_t first = code.find_first_not_of(" \t", i);
    if (first < end && code[first] == '#') blank(code, i, end);
    i = end + 1;
  }
  std::vector<Function> functions;
  std::size_t depth = 0, function_depth = 0, head_begin = 0, line = 1, body_begin = 0;
  bool inside = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '\n') ++line;
    if (c == '{') {
      ++depth;
      if (!inside) {
        std::string head = trimmed(code.substr(head_begin, i - head_begin));
        Function f;
        if (is_function(head, f)) {
          inside = true;
          function_depth = depth;
          body_begin = i;
          const auto breaks = static_cast<std::size_t>(std::ranges::count(head, '\n'));
          f.first_line = line - breaks;
          functions.push_back(f);
        }
      }
    }
    if (c == '}' && depth > 0) {
      if (inside && depth == function_depth) {
        inside = false;
        functions.back().last_line = line;
        functions.back().body = code.substr(body_begin, i - body_begin);
      }
      --depth;
    }
    if (!inside && (c == '{' || c == '}' || c == ';')) head_begin = i + 1;
  }
  return functions;
}

}  // namespace pinstripe::house
