// Segments: sizes, modes, and what happens when memory or rights are missing.
#include "shm/ring/segment.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

using ring_test::TempDir;

TEST(Segment, IsAFileOfExactlyItsSizeThatOnlyItsOwnerMayOpen) {
  const TempDir dir;
  auto sut = Segment::create(dir.file("s"), 12345);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->bytes().size(), 12345U);
  struct stat info {};
  ASSERT_EQ(::stat(dir.file("s").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 12345);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_GE(info.st_blocks * 512, 12345) << "sparse: a full tmpfs would be a SIGBUS later";
}

TEST(Segment, WhatOneMappingWritesAnotherReads) {
  const TempDir dir;
  auto writer = Segment::create(dir.file("s"), 4096);
  auto sut = Segment::open(dir.file("s"), true);
  ASSERT_TRUE(writer && sut);
  writer->bytes()[4095] = std::byte{42};
  EXPECT_EQ(sut->bytes()[4095], std::byte{42});
}

TEST(SegmentDeathTest, AReadOnlyMappingCannotBeWritten) {
  const TempDir dir;
  auto writer = Segment::create(dir.file("s"), 4096);
  auto sut = Segment::open(dir.file("s"), true);
  ASSERT_TRUE(writer && sut);
  EXPECT_DEATH(*const_cast<volatile std::byte*>(sut->bytes().data()) = std::byte{1}, "");
}

TEST(Segment, MoreThanTheMemoryThereIsIsRefusedWithTheBytesNeededAndFree) {
  const TempDir dir;
  const std::size_t bytes = std::size_t{1} << 50;
  const auto sut = Segment::create(dir.file("s"), bytes);
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("needs " + std::to_string(bytes) + " bytes"),
            std::string::npos) << sut.error().message;
  EXPECT_NE(sut.error().message.find(" free;"), std::string::npos) << sut.error().message;
  EXPECT_NE(::access(dir.file("s").c_str(), F_OK), 0) << "nothing is left behind";
}

TEST(Segment, AFileThatCannotBeAllocatedLeavesNothingBehind) {
  const TempDir dir;
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto sut = Segment::create(dir.file("s"), 1 << 20);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("File too large"), std::string::npos) << sut.error().message;
  EXPECT_NE(::access(dir.file("s").c_str(), F_OK), 0);
}

TEST(Segment, NoRightToLockMemoryIsAWarningThatNamesTheLimit) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer answers mlock itself";
#endif
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0777);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_MEMLOCK, &none);
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    const auto sut = Segment::create(dir.file("s"), 1 << 20);
    if (!sut) ::_exit(1);
    const auto& warnings = sut->warnings();
    ::_exit(warnings.size() == 1 && warnings[0].find("ulimit -l") != std::string::npos ? 0 : 2);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 9) GTEST_SKIP() << "may not change user";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Segment, AMissingEmptyExistingOrStrangeFileIsRefusedByName) {
  const TempDir dir;
  EXPECT_NE(Segment::open(dir.file("none"), true).error().message.find("none"),
            std::string::npos);
  std::ofstream(dir.file("empty"));
  EXPECT_FALSE(Segment::open(dir.file("empty"), true).has_value());
  EXPECT_FALSE(Segment::create(dir.file("empty"), 4096).has_value());
  EXPECT_FALSE(Segment::open(dir.path(), true).has_value());
  ASSERT_EQ(::symlink("/etc/hostname", dir.file("link").c_str()), 0);
  EXPECT_FALSE(Segment::open(dir.file("link"), true).has_value());
  EXPECT_FALSE(Segment::create(dir.file("no/such/folder"), 4096).has_value());
}

TEST(Segment, ANodeThatDoesNotExistIsNoError) {
  const TempDir dir;
  SegmentOptions options;
  options.numa_node = 4096;
  EXPECT_TRUE(Segment::create(dir.file("s"), 3 << 20, options).has_value());
}

}  // namespace
}  // namespace pinstripe
