#include "tools/session/stage_log.h"

#include <fstream>
#include <sstream>

namespace pinstripe {

std::string stage_log_file(const SessionPlan& plan, const std::string& stage) {
  return plan.directory + "/" + stage + ".log";
}

std::string log_tail(const SessionPlan& plan, const std::string& stage, std::size_t bytes_max) {
  std::ifstream in(stage_log_file(plan, stage));
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
