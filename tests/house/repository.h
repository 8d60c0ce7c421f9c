// What the house tests look at besides source lines: every text file that people write, and C++
// text without its comments. Tests run with the repository root as working directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pinstripe::house {

/// One text file, path relative to the repository root.
struct TextFile {
  std::string path;
  std::string text;

  bool is_cpp() const { return path.ends_with(".h") || path.ends_with(".cpp"); }
  /// Folder of the file, "." for the root.
  std::string folder() const;
};

/// Every file that people write: sources, scripts, documents, configs. Left out are builds, fuzz
/// corpora and what programs write (shipped models, instrument tables).
const std::vector<TextFile>& text_files();

/// The file, or null.
const TextFile* find_text(std::string_view path);

/// The text with comments, string and character literals turned into blanks; line breaks stay, so
/// that places and line numbers are those of the original.
std::string without_comments(std::string_view text);

/// One function body.
struct Function {
  std::string name;   // last identifier before the parameter list; for TEST(a, b): "b"
  std::string macro;  // "TEST", "TEST_F" ... or empty
  std::size_t first_line = 0;
  std::size_t last_line = 0;
  std::string body;
};

/// Outermost function bodies of C++ text, found by braces: a block is a function where what stands
/// before it has a parameter list and does not begin with namespace, class, struct, enum or union.
/// Lambdas and local classes belong to the function around them.
std::vector<Function> functions_of(std::string_view text);

}  // namespace pinstripe::house
