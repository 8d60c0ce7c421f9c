// What a user gets wrong, or finds missing: each start-up error of the contract, by the command
// line.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/data.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

using StartErrorTest = CliTest;

void expect_refused(const CommandResult& r, int exit, const std::string& part) {
  EXPECT_EQ(r.exit, exit) << r.err;
  EXPECT_NE(r.err.find(part), std::string::npos) << r.err;
}

TEST_F(StartErrorTest, UnknownKeyIsNamedWithTheNearestRightOne) {
  expect_refused(run({"up", config(R"({"market": {"sede": 1}})")}), 2,
                 "market.sede: unknown key; did you mean 'seed'?");
}

TEST_F(StartErrorTest, CoreThatDoesNotExist) {
  expect_refused(run({"up", config(R"({"stages": {"exec": {"core": 4000}}})")}), 2,
                 "stages.exec.core: found 4000");
}

TEST_F(StartErrorTest, CoreThatThisProcessMayNotUse) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores < 2) GTEST_SKIP() << "needs two cores";
  expect_refused(run_program({"taskset", "-c", "0", bin_ + "/pinstripe", "up",
                              config(R"({"stages": {"exec": {"core": 1}}})")}),
                 2, "stages.exec.core: found 1, allowed on this machine are 0");
}

TEST_F(StartErrorTest, ASignalsRingTooSmallForOneDelayWindow) {
  const std::string file = config(R"({"stages": {"models": {"latency": {"base_ns": 700000000}}},
                                      "rings": {"models.risk": {"capacity": 8}}})");
  for (const char* verb : {"check", "up"}) {
    expect_refused(run({verb, file}), 2,
                   "rings.models.risk.capacity: found 8, needed is at least 16");
  }
}

TEST_F(StartErrorTest, MissingConfig) {
  expect_refused(run({"up", "no_such.json"}), 2, "cannot open config 'no_such.json'");
}

TEST_F(StartErrorTest, MissingModelFile) {
  expect_refused(run({"up", config(R"({"models": {"members": [{"file": "gone.json"}]}})")}), 1,
                 "gone.json");
}

TEST_F(StartErrorTest, CorruptModelFile) {
  std::ofstream(folder_ / "model.json") << R"({"format": "pinstripe-model", "version": 1, "na)";
  const auto sut = run({"up", config(R"({"models": {"members": [{"file": "model.json"}]}})")});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find("model.json"), std::string::npos) << sut.err;
}

TEST_F(StartErrorTest, ModelForAnotherFeatureRegistry) {
  write_imbalance_model((folder_ / "model.json").string(), 1);
  const auto sut = run({"up", config(R"({"models": {"members": [{"file": "model.json"}]}})")});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find("registry"), std::string::npos) << sut.err;
}

TEST_F(StartErrorTest, TruncatedGzipIsRefusedWithItsName) {
  PINSTRIPE_NEED_DATA(capture, "binance_l2_raw/usdm_btcusdt_20230404.txt.gz");
  const std::string cut = (folder_ / "cut.txt.gz").string();
  std::filesystem::copy_file(capture, cut);
  std::filesystem::resize_file(cut, 100'000);
  const auto sut = run({"up", config("{}"), "--data", cut});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find("cut.txt.gz"), std::string::npos) << sut.err;
}

TEST_F(StartErrorTest, SyntheticInstrumentsOnlyWithoutData) {
  expect_refused(run({"up", config(R"({"instruments": ["BINANCE_USDM:BTCUSDT"]})")}), 2,
                 "without recorded data");
}

TEST_F(StartErrorTest, StatusWithoutAnySessionSaysHowToStartOne) {
  expect_refused(run({"status"}), 2, "pinstripe up tools/configs/demo.json");
}

TEST_F(StartErrorTest, StatusOfAnUnknownSessionNamesTheNearest) {
  ASSERT_EQ(run({"up", config("{}", "alpha"), "--prepare"}).exit, 0);
  expect_refused(run({"status", "alpah"}), 2, "did you mean 'alpha'?");
}

TEST_F(StartErrorTest, TapOnARingThatIsNotThere) {
  ASSERT_EQ(run({"up", config("{}"), "--prepare"}).exit, 0);
  expect_refused(run({"tap", "session", "feed.risc"}), 2, "did you mean 'feed.risk'?");
}

TEST_F(StartErrorTest, RingOfAnotherVersion) {
  ASSERT_EQ(run({"up", config("{}"), "--prepare"}).exit, 0);
  const std::string ring = (root_ / "pinstripe-session" / "feed.risk.ring").string();
  const int fd = open(ring.c_str(), O_WRONLY | O_CLOEXEC);
  const std::uint64_t version = 99;
  ASSERT_EQ(pwrite(fd, &version, sizeof(version), 8), 8);
  close(fd);
  const auto sut = run({"tap", "session", "feed.risk"});
  EXPECT_NE(sut.exit, 0);
  EXPECT_NE(sut.err.find("version"), std::string::npos) << sut.err;
  EXPECT_NE(sut.err.find("99"), std::string::npos) << sut.err;
  const auto stage = run_program({bin_ + "/pinstripe-risk", "--session", "session"});
  EXPECT_NE(stage.exit, 0);
  EXPECT_NE(stage.err.find("version"), std::string::npos) << stage.err;
}

TEST_F(StartErrorTest, SharedMemoryThatIsTooSmallNamesNeededAndFreeBytes) {
  const std::string small = (folder_ / "small").string();
  std::filesystem::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "no right to mount a small tmpfs here";
  }
  setenv("PINSTRIPE_SHM_ROOT", small.c_str(), 1);
  const auto sut = run({"up", config("{}")});
  const bool empty = std::filesystem::is_empty(small);
  umount2(small.c_str(), MNT_DETACH);
  EXPECT_EQ(sut.exit, 1);
  EXPECT_NE(sut.err.find("free"), std::string::npos) << sut.err;
  EXPECT_TRUE(empty) << "a session that could not start left something behind";
}

TEST_F(StartErrorTest, NoRightToLockMemoryIsAWarningOnly) {
  const auto sut = run_program({"setpriv", "--bounding-set", "-ipc_lock", "prlimit", "--memlock=0",
                                bin_ + "/pinstripe", "up", config("{}"), "--for", "200ms",
                                    "--json"});
  if (sut.exit == 127) GTEST_SKIP() << "no setpriv here";
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_NE(sut.err.find("lock"), std::string::npos) << sut.err;
}

TEST_F(StartErrorTest, WrongUsageIsExitStatusTwo) {
  EXPECT_EQ(run({"up"}).exit, 2);
  EXPECT_EQ(run({"fly"}).exit, 2);
  EXPECT_EQ(run({"up", config("{}"), "--speed", "fast"}).exit, 2);
  EXPECT_EQ(run({"bench", "rng"}).exit, 2);
}

TEST_F(StartErrorTest, EveryVerbHasHelpWithAnExample) {
  for (const char* verb : {"up", "down", "status", "rings", "tap", "check", "doctor"}) {
    const auto sut = run({verb, "--help"});
    EXPECT_EQ(sut.exit, 0) << verb;
    EXPECT_NE(sut.out.find("Example:"), std::string::npos) << verb;
  }
}

TEST_F(StartErrorTest, HelpOfSetSaysWhatItTakes) {
  for (const char* verb : {"up", "verify", "backtest"}) {
    const auto sut = run({verb, "--help"});
    EXPECT_NE(sut.out.find("--set KEY=VALUE"), std::string::npos) << sut.out;
    EXPECT_EQ(sut.out.find("--set TEXT"), std::string::npos) << sut.out;
  }
}

TEST_F(StartErrorTest, ErrorsAreAnObjectWithJson) {
  const auto sut = run({"up", "no_such.json", "--json"});
  EXPECT_NE(sut.json().at("error").get<std::string>().find("no_such.json"), std::string::npos);
}

TEST_F(StartErrorTest, WrongUsageIsAnObjectWithJsonWhereverItStands) {
  const std::vector<std::vector<std::string>> wrong = {
      {"up", "--nope", "--json"}, {"--json", "fly"}, {"journal", "infoo", "x", "--json"},
      {"compare", "--json", "a"}, {"check", "--json"}, {"bench", "rng", "--json"},
      {"tap", "s", "r", "--json", "--from", "x"}, {"status", "a", "b", "--json"}};
  for (const auto& arguments : wrong) {
    const auto sut = run(arguments);
    EXPECT_EQ(sut.exit, 2) << arguments.front();
    ASSERT_FALSE(sut.out.empty()) << arguments.front() << ": " << sut.err;
    const auto error = sut.json().at("error").get<std::string>();
    EXPECT_NE(sut.err.find(error), std::string::npos) << sut.err;
  }
  EXPECT_TRUE(run({"up", "--nope"}).out.empty());
}

TEST_F(StartErrorTest, AMistypedVerbOrOptionNamesTheNearest) {
  expect_refused(run({"staus"}), 2, "no verb 'staus'; did you mean 'status'?");
  expect_refused(run({"journal", "verfy", "x"}), 2,
                 "no verb 'journal verfy'; did you mean 'verify'?");
  expect_refused(run({"fly"}), 2, "no verb 'fly'; there are up,");
  expect_refused(run({"up", "x", "--sesion", "a"}), 2,
                 "up: unknown option '--sesion'; did you mean '--session'?");
  expect_refused(run({"--json", "status"}), 2, "options of a verb stand behind it");
  expect_refused(run({"--verison"}), 2, "did you mean '--version'?");
  expect_refused(run({"compare", "a"}), 2, "compare: B is required; see 'pinstripe compare --help'");
}

TEST_F(StartErrorTest, DoctorSeesAndRemovesLeftovers) {
  ASSERT_EQ(run({"up", config("{}"), "--prepare"}).exit, 0);
  EXPECT_EQ(run({"doctor", "--json"}).json().at("leftovers").size(), 1U);
  EXPECT_EQ(leftovers().size(), 1U);
  run({"doctor", "--fix"});
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(StartErrorTest, ShippedConfigsAreRight) {
  for (const char* name : {"demo", "recorded"}) {
    const std::string file = std::string("tools/configs/") + name + ".json";
    const auto sut = run({"check", file});
    if (sut.err.find("models/shipped") != std::string::npos &&
        !std::filesystem::exists("models/shipped/demo_trees_1s.json")) {
      GTEST_SKIP() << "no shipped models in this tree";
    }
    if (name == std::string("recorded")) {
      // Without data it has no market of its own but the synthetic one; its keys are what is
      // checked.
      EXPECT_EQ(sut.err.find("unknown key"), std::string::npos) << sut.err;
      continue;
    }
    EXPECT_EQ(sut.exit, 0) << sut.err;
  }
}

TEST_F(StartErrorTest, TheSameCaptureTwice) {
  const std::string data = (folder_ / "data.txt").string();
  std::ofstream(data) << "1 {}\n";
  expect_refused(run({"up", config("{}"), "--data", data, data}), 2, "is given twice");
}

}  // namespace
}  // namespace pinstripe
