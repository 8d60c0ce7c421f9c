// What the stage libraries ask of others, read from their objects: no libm, whose results differ
// from machine to machine (protocol 9), and outside the I/O sources no clock, file, thread,
// environment or randomness (design 1). Include rules alone do not see what an inline function of
// an allowed header calls.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pinstripe::house {
namespace {

struct Symbol {
  std::string object;  // member of the archive, as "paper_venue.cpp.o"
  std::string name;
};

/// Undefined symbols of an archive, by binutils' nm.
std::vector<Symbol> undefined_symbols(const std::string& archive) {
  const std::string command = "nm -u '" + archive + "'";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             ::pclose);
  std::vector<Symbol> symbols;
  std::string object;
  std::array<char, 4096> line{};
  while (pipe && std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    std::istringstream words(line.data());
    std::string first, second;
    words >> first >> second;
    if (first.ends_with(".o:")) object = first.substr(0, first.size() - 1);
    if (first == "U") symbols.push_back({object, second.substr(0, second.find('@'))});
  }
  return symbols;
}

bool is_libm(const std::string& name) {
  static const std::regex functions(
      "(__)?(exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sincos|"
      "sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot|erf|erfc|tgamma|lgamma|fmod|remainder|fma|sqrt|"
      "floor|ceil|round|trunc|rint|nearbyint|lround|llround|lrint|llrint)(f|l)?(_finite)?");
  return std::regex_match(name, functions);
}

bool is_outside_world(const std::string& name) {
  static const std::set<std::string> kNames{
      "clock_gettime", "gettimeofday", "time",     "clock",    "nanosleep", "usleep",
      "getenv",        "secure_getenv", "open",    "open64",   "fopen",     "fopen64",
      "read",          "write",        "socket",   "connect",  "send",      "recv",
      "rand",          "random",       "drand48",  "getrandom", "getpid",   "mmap",
      "pthread_create", "pthread_mutex_lock", "sched_yield", "syscall",    "system",
      "_ZNSt6chrono3_V212system_clock3nowEv", "_ZNSt6chrono3_V212steady_clock3nowEv",
      "printf",        "fprintf",      "puts",     "gzopen",   "gzread"};
  return kNames.contains(name);
}

/// Objects of the feed that read files; every other object of a stage library is the stage.
bool is_io_object(const std::string& object) {
  static const std::set<std::string> kObjects{"capture_source.cpp.o", "capture_lines.cpp.o",
                                              "line_reader.cpp.o", "inflated_file.cpp.o",
                                              "data_file.cpp.o",
                                              "inspect.cpp.o", "frame_reader.cpp.o",
                                              "binary_capture.cpp.o", "binary_info.cpp.o",
                                              "instrument_table.cpp.o", "instrument_file.cpp.o",
                                              "instrument_finder.cpp.o"};
  return kObjects.contains(object);
}

std::vector<std::string> stage_archives() {
  std::vector<std::string> archives;
  std::istringstream list(PINSTRIPE_STAGE_LIBRARIES);
  for (std::string path; std::getline(list, path, '|');) archives.push_back(path);
  return archives;
}

TEST(StageSymbols, no_stage_library_needs_libm) {
  ASSERT_EQ(stage_archives().size(), 6u) << "five stages and shm/base";
  for (const std::string& archive : stage_archives()) {
    const auto symbols = undefined_symbols(archive);
    ASSERT_FALSE(symbols.empty()) << "nm shows nothing of " << archive;
    for (const Symbol& s : symbols) {
      EXPECT_FALSE(is_libm(s.name)) << archive << " " << s.object << " needs " << s.name;
    }
  }
}

TEST(StageSymbols, no_stage_object_asks_the_outside_world) {
  ASSERT_EQ(stage_archives().size(), 6u) << "five stages and shm/base";
  for (const std::string& archive : stage_archives()) {
    const auto symbols = undefined_symbols(archive);
    ASSERT_FALSE(symbols.empty()) << "nm shows nothing of " << archive;
    for (const Symbol& s : symbols) {
      const bool may = is_io_object(s.object) || s.object == "check.cpp.o";  // a CHECK's last words
      EXPECT_FALSE(!may && is_outside_world(s.name))
          << archive << " " << s.object << " needs " << s.name;
    }
  }
}

TEST(StageSymbols, are_told_apart_by_name) {
  EXPECT_TRUE(is_libm("exp"));
  EXPECT_TRUE(is_libm("tanhf"));
  EXPECT_TRUE(is_libm("__log_finite"));
  EXPECT_FALSE(is_libm("memcpy"));
  EXPECT_FALSE(is_libm("explicit_bzero"));
  EXPECT_TRUE(is_outside_world("clock_gettime"));
  EXPECT_FALSE(is_outside_world("memcpy"));
}

}  // namespace
}  // namespace pinstripe::house
