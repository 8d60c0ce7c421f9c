#include "tools/session/time_text.h"

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

constexpr std::int64_t kTime = 1'723'161'455'123'456'789;  // 2024-08-08 23:57:35.123456789 UTC

TEST(TimeText, ReadsAndShowsTheSameTime) {
  EXPECT_EQ(parse_time("2024-08-08T23:57:35.123456789Z", "--from"), kTime);
  EXPECT_EQ(shown_time(kTime), "2024-08-08T23:57:35.123456789Z");
  EXPECT_EQ(parse_time("1723161455123456789", "--from"), kTime);
}

TEST(TimeText, WhatIsLeftOutIsZero) {
  EXPECT_EQ(parse_time("2024-08-08 23:57:35.5", "--from"), kTime - 123'456'789 + 500'000'000);
  EXPECT_EQ(parse_time("2024-08-09", "--to"), 1'723'161'600'000'000'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z", "--to"), 0);
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* text : {"", "soon", "2024-13-01", "2023-02-29", "2024-08-08T24:00:00",
                           "2024-08-08T23:57", "2024-08-08T23:57:35.", "2024-08-08x23:57:35",
                           "2024-08-08T23:57:35.1234567890", "-1723161455123456789", "1723161455"}) {
    const auto sut = parse_time(text, "--until");
    ASSERT_FALSE(sut) << text;
    EXPECT_EQ(sut.error().exit, Exit::kUsage);
    EXPECT_NE(sut.error().message.find("--until: found '" + std::string(text) + "'"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace pinstripe
