#include "tools/session/journal_marks.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace pinstripe {
namespace {

std::string problem_file(const std::string& session_directory, const std::string& stage) {
  return session_directory + "/" + stage + ".checkpoint.problem";
}

}  // namespace

std::string hole_mark(const std::string& session_directory, const std::string& stage) {
  return session_directory + "/" + stage + ".journal.hole";
}

bool has_hole(const std::string& session_directory, const std::string& stage) {
  return ::access(hole_mark(session_directory, stage).c_str(), F_OK) == 0;
}

bool make_mark(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

std::string checkpoint_problem(const std::string& session_directory, const std::string& stage) {
  std::ifstream in(problem_file(session_directory, stage));
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void tell_checkpoint_problem(const std::string& session_directory, const std::string& stage,
                             const std::string& problem) {
  const std::string path = problem_file(session_directory, stage);
  if (problem.empty()) {
    ::unlink(path.c_str());
  } else {
    std::ofstream(path, std::ios::trunc) << problem;
  }
}

}  // namespace pinstripe
