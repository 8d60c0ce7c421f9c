#include "shm/run/journal_identity.h"

#include <functional>

#include <gtest/gtest.h>

#include "shm/run/build_id.h"

namespace pinstripe {
namespace {

JournalIdentity some_identity() {
  JournalIdentity i;
  i.session_id = {1, 2};
  set_identity_name(i.session, "demo");
  set_identity_name(i.stage, "risk");
  set_identity_name(i.build_id, "abc");
  i.kind = 3;
  i.config_digest = 4;
  return i;
}

TEST(JournalIdentity, AgreesWithItselfOnAnyInstructionSet) {
  JournalIdentity other = some_identity();
  other.isa = 2;
  EXPECT_TRUE(other.same(some_identity()));
  EXPECT_EQ(identity_difference(other, some_identity()), "");
}

TEST(JournalIdentity, EachFieldThatDiffersIsNamedWithBothValues) {
  const std::vector<std::pair<std::function<void(JournalIdentity&)>, std::string>> changes{
      {[](auto& i) { i.session_id[1] = 9; },
       "session_id is 0x00000000000000010000000000000009, expected "
       "0x00000000000000010000000000000002"},
      {[](auto& i) { set_identity_name(i.session, "x"); }, "session is 'x', expected 'demo'"},
      {[](auto& i) { set_identity_name(i.stage, "exec"); }, "stage is 'exec', expected 'risk'"},
      {[](auto& i) { set_identity_name(i.build_id, "abd"); }, "build_id is 'abd', expected 'abc'"},
      {[](auto& i) { i.kind = 4; }, "kind is 0x0000000000000004, expected 0x0000000000000003"},
      {[](auto& i) { i.config_digest = 5; },
       "config_digest is 0x0000000000000005, expected 0x0000000000000004"},
      {[](auto& i) { i.registry_hash = 1; }, "registry_hash is 0x0000000000000001"},
      {[](auto& i) { i.models_digest = 1; }, "models_digest is 0x0000000000000001"},
      {[](auto& i) { i.model_digest[7] = 1; }, "model_digest 7 is 0x0000000000000001"},
      {[](auto& i) { i.data_digest = 1; }, "data_digest is 0x0000000000000001"},
      {[](auto& i) { i.inputs_layout_hash = 1; }, "inputs_layout_hash is 0x0000000000000001"},
      {[](auto& i) { i.unused[3] = 1; }, "bytes where there should be none"}};
  for (const auto& [change, text] : changes) {
    JournalIdentity other = some_identity();
    change(other);
    EXPECT_FALSE(other.same(some_identity())) << text;
    EXPECT_NE(identity_difference(other, some_identity()).find(text), std::string::npos)
        << identity_difference(other, some_identity());
  }
}

TEST(JournalIdentity, ALongNameIsCutAndAFullFieldEnds) {
  JournalIdentity i;
  set_identity_name(i.session, std::string(100, 'a'));
  EXPECT_EQ(identity_name(i.session), std::string(63, 'a'));
  std::memset(i.stage, 'b', sizeof(i.stage));  // as bytes from outside may be
  EXPECT_EQ(identity_name(i.stage), std::string(64, 'b'));
}

TEST(BuildId, IsUnknownInAProgramThatDoesNotNameIt) { EXPECT_EQ(build_id(), "unknown"); }

}  // namespace
}  // namespace pinstripe
