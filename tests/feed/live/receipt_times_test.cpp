// Receive stamps in the session's time while the machine's clock is stepped.
#include "feed/live/receipt_times.h"

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

constexpr std::int64_t kHour = 3'600 * kNsPerSecond;

class ReceiptTimesTest : public testing::Test {
 protected:
  /// Time goes on for both clocks.
  void pass(std::int64_t ns) {
    session += ns;
    machine += ns;
  }
  std::int64_t of(std::int64_t stamp) { return sut.of(TimeNs(stamp)).value; }

  std::int64_t session = 1'000 * kNsPerSecond;
  std::int64_t machine = 1'700'000'000 * kNsPerSecond;
  ReceiptTimes sut{[this] { return TimeNs(session); }, [this] { return machine; }};
};

TEST_F(ReceiptTimesTest, AStampIsToldByTheSessionsClock) {
  pass(kNsPerMs);
  EXPECT_EQ(of(machine - 100), session - 100);
  pass(kNsPerSecond);
  EXPECT_EQ(of(machine - 7), session - 7);
  EXPECT_EQ(sut.backward_times(), 0);
}

TEST_F(ReceiptTimesTest, AStampFromBeforeTheClockWasSetBackIsNotPutIntoTheFuture) {
  EXPECT_EQ(of(machine), session);
  pass(kNsPerMs);
  const std::int64_t before = machine;  // waits in a socket's buffer meanwhile
  machine -= kHour;
  pass(kNsPerMs);
  EXPECT_EQ(of(machine), session);
  pass(kNsPerMs);
  EXPECT_EQ(of(before), session) << "an hour ahead by the new clock: now, and no later";
  pass(kNsPerMs);
  EXPECT_EQ(of(machine), session) << "what follows is not held up for an hour";
}

TEST_F(ReceiptTimesTest, AClockSetForwardNeverTurnsTheTimesBack) {
  const std::int64_t first = of(machine);
  const std::int64_t before = machine;
  machine += kHour;
  pass(kNsPerMs);
  EXPECT_EQ(of(machine), session);
  EXPECT_GE(of(before), first);
  EXPECT_EQ(sut.backward_times(), 1);
}

}  // namespace
}  // namespace pinstripe
