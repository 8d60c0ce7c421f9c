// The SPIN models of tests/models: what the protocol does holds, and each thing it forbids fails.
// A model that cannot fail proves nothing, so the known bad variants are run as well.
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/shm/ring/ring_support.h"

namespace pinstripe {
namespace {

struct Variant {
  const char* model;
  const char* defines;
  bool holds;
};

/// How gtest shows a variant in names and messages.
void PrintTo(const Variant& v, std::ostream* out) { *out << v.model << ' ' << v.defines; }

class SpinModels : public ::testing::TestWithParam<Variant> {};

std::string output_of(const std::string& command, int& status) {
  std::string text;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, n);
  status = ::pclose(pipe);
  return text;
}

TEST_P(SpinModels, HoldOrFailAsTheProtocolSays) {
  const Variant& v = GetParam();
  int status = 0;
  output_of("spin -V", status);
  if (status != 0) GTEST_SKIP() << "spin is not installed (tools/setup --tests)";
  const std::string model =
      std::filesystem::absolute(std::string("tests/models/") + v.model).string();
  ASSERT_TRUE(std::filesystem::exists(model)) << model;
  const ring_test::TempDir dir;
  const std::string text = output_of("cd " + dir.path() + " && spin -a " + v.defines + " " + model +
                                     " && cc -O0 -DSAFETY -w -o pan pan.c && ./pan -m100000",
                                     status);
  ASSERT_EQ(status, 0) << text;
  EXPECT_EQ(text.find("max search depth too small"), std::string::npos) << text;
  const bool no_error = text.find("errors: 0") != std::string::npos;
  EXPECT_TRUE(no_error || text.find("errors: 1") != std::string::npos) << text;
  EXPECT_EQ(no_error, v.holds) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Protocol, SpinModels,
    ::testing::Values(
        Variant{"park_takeover.pml", "-DBARRIER=1 -DLOOK=1 -DCRASH=0 -DTAKEOVERWAKE=0", true},
        Variant{"park_takeover.pml",
                "-DBARRIER=1 -DLOOK=1 -DCRASH=0 -DTAKEOVERWAKE=0 -DCAPACITY=2 -DMESSAGES=5", true},
        Variant{"park_takeover.pml", "-DBARRIER=1 -DLOOK=1 -DCRASH=1 -DTAKEOVERWAKE=1", true},
        Variant{"park_takeover.pml", "-DBARRIER=0 -DLOOK=1 -DCRASH=0 -DTAKEOVERWAKE=0", false},
        Variant{"park_takeover.pml", "-DBARRIER=1 -DLOOK=0 -DCRASH=0 -DTAKEOVERWAKE=0", false},
        Variant{"park_takeover.pml", "-DBARRIER=1 -DLOOK=1 -DCRASH=1 -DTAKEOVERWAKE=0", false},
        Variant{"watermark_read.pml", "-DWFIRST=1 -DRAISE_EARLY=0", true},
        Variant{"watermark_read.pml", "-DWFIRST=0 -DRAISE_EARLY=0", false},
        Variant{"watermark_read.pml", "-DWFIRST=1 -DRAISE_EARLY=1", false},
        Variant{"reports_bound.pml", "-DWSTORED=1 -DKLOADED=1 -DLOOKLAST=1", true},
        Variant{"reports_bound.pml", "-DWSTORED=0 -DKLOADED=1 -DLOOKLAST=1", false},
        Variant{"reports_bound.pml", "-DWSTORED=1 -DKLOADED=0 -DLOOKLAST=1", false},
        Variant{"reports_bound.pml", "-DWSTORED=1 -DKLOADED=1 -DLOOKLAST=0", false},
        Variant{"slot_tap.pml", "-DMARK=1 -DFENCE=1", true},
        Variant{"slot_tap.pml", "-DMARK=0 -DFENCE=1", false},
        Variant{"slot_tap.pml", "-DMARK=1 -DFENCE=0", false},
        Variant{"journal.pml", "", true},
        Variant{"journal.pml", "-DCOMMIT_LAST=0", false},
        Variant{"journal.pml", "-DACT_AFTER=0", false},
        Variant{"journal.pml", "-DTAIL_ZERO=0", false},
        Variant{"journal.pml", "-DZERO_FIRST=0", false},
        Variant{"journal.pml", "-DHEADER_FIRST=0", false},
        Variant{"journal.pml", "-DHINT=0", false}));

}  // namespace
}  // namespace pinstripe
