// Files that are whole or not there.
#include "tools/journal/new_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace pinstripe {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  TempDir temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(NewFileTest, IsThereOnlyOnceItIsKept) {
  const fs::path path = folder_ / "file";
  {
    NewFile sut(path.string());
    ASSERT_TRUE(sut.write("abc", 3));
    ASSERT_TRUE(sut.sync());
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(sut.keep());
  }
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "abc");
  EXPECT_FALSE(fs::exists(path.string() + ".new"));
}

TEST_F(NewFileTest, WhatIsNotKeptIsRemoved) {
  const fs::path path = folder_ / "file";
  {
    NewFile sut(path.string());
    ASSERT_TRUE(sut.write("abc", 3));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(NewFileTest, OneThatCannotBeMadeSaysWhyHoweverLateItIsAsked) {
  NewFile sut((folder_ / "absent" / "file").string());
  errno = EAGAIN;  // of something that happened meanwhile
  const auto written = sut.write("abc", 3);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("cannot make"), std::string::npos)
      << written.error().message;
  EXPECT_NE(written.error().message.find("No such file or directory"), std::string::npos)
      << written.error().message;
  errno = EAGAIN;
  const auto synced = sut.sync();
  ASSERT_FALSE(synced);
  EXPECT_NE(synced.error().message.find("No such file"), std::string::npos)
      << synced.error().message;
}

}  // namespace
}  // namespace pinstripe
