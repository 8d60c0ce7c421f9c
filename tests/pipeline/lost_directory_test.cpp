// Somebody deletes a session's directory in shared memory while it runs: the stages go on over what
// they have mapped, but nobody can look at them any more. The session ends when it is asked to, and
// says what happened instead of giving an account of zeros.
#include <signal.h>

#include <unistd.h>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class LostDirectoryTest : public CliTest {
 protected:
  /// Runs the config, deletes its session's directory, sends Ctrl-C.
  CommandResult delete_under(const std::string& config_file, bool carried) {
    const auto up = start({bin_ + "/pinstripe", "up", "--json", config_file});
    EXPECT_TRUE(wait_until_running("session"));
    const std::filesystem::path directory = root_ / "pinstripe-session";
    EXPECT_TRUE(std::filesystem::exists(directory));
    // A carrier at work goes on, and nobody ever sees its lock again.
    for (int i = 0; carried && i < 1'000 && !has_carried(); ++i) usleep(20'000);
    std::filesystem::remove_all(directory);
    kill(up.pid, SIGINT);
    return wait(up);
  }
  /// Something of each stage's journal is on disk.
  bool has_carried() const {
    int files = 0;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_ / "state", error)) {
      files += entry.path().extension() == ".pjl" ? 1 : 0;
    }
    return files >= 5;
  }
  static void expect_told(const CommandResult& sut) {
    EXPECT_EQ(sut.exit, 1) << sut.err;
    const auto json = nlohmann::json::parse(sut.out, nullptr, false);
    ASSERT_TRUE(json.is_object()) << sut.out;
    const std::string error = json.value("error", "");
    EXPECT_NE(error.find("were deleted while it ran"), std::string::npos) << sut.out << sut.err;
  }
};

TEST_F(LostDirectoryTest, ASessionWithoutJournalsEndsAndSaysSo) {
  expect_told(delete_under(paced_config(), false));
}

TEST_F(LostDirectoryTest, ASessionWithJournalsEndsTooAndNamesItsJournal) {
  const CommandResult sut = delete_under(paced_config(R"("journal": {"mode": "on"},)"), true);
  expect_told(sut);
  EXPECT_NE(sut.out.find((folder_ / "state").string()), std::string::npos) << sut.out;
}

}  // namespace
}  // namespace pinstripe
