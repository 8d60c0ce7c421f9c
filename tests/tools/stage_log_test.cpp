// A log is one file for all processes of a stage: what one of them wrote is told apart.
#include "tools/session/stage_log.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

TEST(StageLog, TheTailOfOneProcessHoldsNothingOfThoseBeforeIt) {
  SessionPlan plan;
  plan.directory = std::filesystem::temp_directory_path() /
                   ("pinstripe-stage-log-" + std::to_string(getpid()));
  std::filesystem::create_directories(plan.directory);
  EXPECT_EQ(log_end(plan, "journal"), 0U);
  EXPECT_EQ(log_tail(plan, "journal", 0, 100), "") << "no file";
  const auto write = [&](const std::string& line) {
    std::ofstream(stage_log_file(plan, "journal"), std::ios::app) << line << "\n";
  };
  write("disk full");
  const std::uint64_t first = log_end(plan, "journal");
  EXPECT_EQ(first, 10U);
  EXPECT_EQ(log_tail(plan, "journal", first, 100), "") << "the second has written nothing yet";
  write("removed an old journal");
  write("archived");
  EXPECT_EQ(log_tail(plan, "journal", first, 100), "removed an old journal\narchived");
  EXPECT_EQ(log_tail(plan, "journal", first, 12), "archived") << "whole lines";
  EXPECT_EQ(log_tail(plan, "journal", 0, 100), "disk full\nremoved an old journal\narchived");
  std::filesystem::remove_all(plan.directory);
}

}  // namespace
}  // namespace pinstripe
