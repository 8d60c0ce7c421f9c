#include "tools/venue/send_stamps.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "shm/run/machine_time.h"

namespace pinstripe::venue {
namespace {

class SendStampsTest : public testing::Test {
 protected:
  ~SendStampsTest() override { std::filesystem::remove(file_); }
  const std::string file_ = (std::filesystem::temp_directory_path() /
                             ("pinstripe-stamps-" + std::to_string(::getpid())))
                                .string();
};

TEST_F(SendStampsTest, KeepWhatWasSentInOrderWithItsTime) {
  const std::int64_t before = realtime_ns();
  SendStamps stamps;
  ASSERT_TRUE(stamps.create(file_, 4));
  stamps.add("one");
  stamps.add("other");
  stamps.add("one");
  const auto read = read_send_stamps(file_);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->stamps.size(), 3u);
  EXPECT_EQ(read->stamps[0].payload_hash, payload_hash("one"));
  EXPECT_EQ(read->stamps[1].payload_hash, payload_hash("other"));
  EXPECT_EQ(read->stamps[2].payload_hash, payload_hash("one"));
  EXPECT_GE(read->stamps[0].sent_ns, before);
  EXPECT_LE(read->stamps[2].sent_ns, realtime_ns());
  EXPECT_EQ(read->beyond, 0u);
}

TEST_F(SendStampsTest, CountWhatFindsTheFileFull) {
  SendStamps stamps;
  ASSERT_TRUE(stamps.create(file_, 2));
  for (const char* payload : {"a", "b", "c", "d", "e"}) stamps.add(payload);
  const auto read = read_send_stamps(file_);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->stamps.size(), 2u);
  EXPECT_EQ(read->stamps[1].payload_hash, payload_hash("b"));
  EXPECT_EQ(read->beyond, 3u);
}

TEST_F(SendStampsTest, RefuseAFolderThatIsNotThereAndAFileThatIsNoneOrCutShort) {
  SendStamps stamps;
  const auto made = stamps.create("/no/such/folder/stamps");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("/no/such/folder/stamps"), std::string::npos);
  stamps.add("goes nowhere");
  std::ofstream(file_) << "something else, longer than the header of a file of stamps";
  EXPECT_FALSE(read_send_stamps(file_));
  ASSERT_TRUE(stamps.create(file_, 8));
  std::filesystem::resize_file(file_, 64);
  EXPECT_FALSE(read_send_stamps(file_));
  std::filesystem::resize_file(file_, 32 + 8 * 16);  // mapped to its end
}

}  // namespace
}  // namespace pinstripe::venue
