#include "tools/session/stage_log.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace pinstripe {

std::string stage_log_file(const SessionPlan& plan, const std::string& stage) {
  return plan.directory + "/" + stage + ".log";
}

std::uint64_t log_end(const SessionPlan& plan, const std::string& stage) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(stage_log_file(plan, stage), error);
  return error ? 0 : bytes;
}

std::string log_tail(const SessionPlan& plan, const std::string& stage, std::uint64_t from,
                     std::size_t bytes_max) {
  std::ifstream in(stage_log_file(plan, stage));
  in.seekg(static_cast<std::streamoff>(from));
  std::stringstream all;
  all << in.rdbuf();
  std::string text = all.str();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.size() > bytes_max) {
    text = text.substr(text.size() - bytes_max);
    text = text.substr(text.find('\n') + 1);
  }
  return text;
}

}  // namespace pinstripe
