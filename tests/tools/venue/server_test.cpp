// The server with nothing to serve: how it starts and ends. What it serves is proved by the public
// clients (tests/venue/run.sh).
#include "tools/venue/server.h"

#include <gtest/gtest.h>

namespace pinstripe::venue {
namespace {

ServerSetup empty_setup(FaultBoard& faults, int& ticks) {
  ServerSetup setup;
  setup.address = "127.0.0.1";
  setup.tick_ms = 1;
  setup.authority = *make_authority(LeafFault::kNone);
  setup.clock = [] { return std::int64_t{0}; };
  setup.faults = &faults;
  setup.tick = [&ticks](std::int64_t) { ++ticks; };
  return setup;
}

TEST(VenueServer, EndsByItselfWhenItsTimeIsOver) {
  FaultBoard faults;
  int ticks = 0;
  VenueServer sut;
  ASSERT_TRUE(sut.listen(empty_setup(faults, ticks)).has_value());
  EXPECT_NE(sut.port(), 0);
  sut.run(200);
  EXPECT_GT(ticks, 0);
}

TEST(VenueServer, APlaceWhereItCannotServeIsRefusedByName) {
  FaultBoard faults;
  int ticks = 0;
  ServerSetup setup = empty_setup(faults, ticks);
  setup.address = "nowhere";
  VenueServer sut;
  const auto refused = sut.listen(std::move(setup));
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("nowhere:0"), std::string::npos);
}

}  // namespace
}  // namespace pinstripe::venue
