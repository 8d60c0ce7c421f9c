// Every process that decides refuses to run where a library changed how floats round.
#include "shm/run/float_env.h"

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

TEST(FloatEnvironment, TheDefaultPasses) {
  check_float_environment();
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

TEST(FloatEnvironmentDeathTest, AnotherRoundingModeStopsTheProcess) {
  EXPECT_DEATH(
      {
        std::fesetround(FE_UPWARD);
        check_float_environment();
      },
      "rounding mode is not to-nearest");
}

#if defined(__x86_64__)
TEST(FloatEnvironmentDeathTest, DenormalsFlushedToZeroStopTheProcess) {
  for (const unsigned bit : {0x8000U, 0x0040U}) {
    EXPECT_DEATH(
        {
          _mm_setcsr(_mm_getcsr() | bit);
          check_float_environment();
        },
        "switched denormals off");
  }
}
#endif

}  // namespace
}  // namespace pinstripe
