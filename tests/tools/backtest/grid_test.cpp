// A grid of backtests, as a user runs it: each point is what the same settings give alone, and one
// that fails keeps nothing from the others.
#include "tools/backtest/grid.h"

#include <fstream>
#include <set>

#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

class GridTest : public CliTest {
 protected:
  std::string grid(const std::string& text) { return config(text, "grid"); }
  std::string refusal(const std::string& text) {
    const auto points = read_grid(grid(text));
    if (points) return "";
    EXPECT_EQ(points.error().exit, Exit::kUsage);
    return points.error().message;
  }
};

TEST_F(GridTest, APointIsOneValueOfEachKeyAndTheLastKeyChangesFastest) {
  const auto sut = read_grid(grid(R"({"seed": [1, 2], "feed.on_bad_line": ["skip", "stop"]})"));
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_EQ(sut->size(), 4U);
  EXPECT_EQ(sut->at(0).settings,
            (std::vector<std::string>{"seed=1", "feed.on_bad_line=\"skip\""}));
  EXPECT_EQ(sut->at(1).settings,
            (std::vector<std::string>{"seed=1", "feed.on_bad_line=\"stop\""}));
  EXPECT_EQ(sut->at(3).settings.front(), "seed=2");
}

TEST_F(GridTest, AFileThatSpansNothingOrTooMuchIsRefused) {
  EXPECT_NE(refusal("{}").find("holds no keys"), std::string::npos);
  EXPECT_NE(refusal(R"({"seed": []})").find("key 'seed'"), std::string::npos);
  EXPECT_NE(refusal(R"({"seed": 3})").find("found 3"), std::string::npos);
  EXPECT_NE(refusal("[1").find("not valid JSON"), std::string::npos);
  std::string many = "[0";
  for (int i = 1; i < 101; ++i) many += "," + std::to_string(i);
  many += "]";
  EXPECT_NE(refusal("{\"a\": " + many + ", \"b\": " + many + "}").find("more than 10000"),
            std::string::npos);
}

TEST_F(GridTest, EachRunIsWhatItsSettingsGiveAloneWhateverRunsBesideIt) {
  const std::string session = trading_config();
  const auto sut = run({"backtest", session, "--json", "--jobs", "3", "--out",
                        (folder_ / "out").string(), "--grid",
                        grid(R"({"seed": [1, 2], "models.threshold": [0.05, 0.2]})")});
  ASSERT_EQ(sut.exit, 0) << sut.err;
  const auto runs = sut.json().at("runs");
  ASSERT_EQ(runs.size(), 4U);
  std::set<std::string> digests;
  for (const auto& r : runs) {
    const auto& settings = r.at("settings");
    const auto alone = run({"backtest", session, "--json", "--set",
                            "seed=" + settings.at("seed").dump(), "--set",
                            "models.threshold=" + settings.at("models.threshold").dump()});
    ASSERT_EQ(alone.exit, 0) << alone.err;
    for (const char* key : {"orders_digest", "state_hash", "instruments", "metrics"}) {
      EXPECT_EQ(r.at("result").at(key), alone.json().at(key)) << key << " of " << settings;
    }
    digests.insert(r.at("result").at("orders_digest"));
    std::ifstream kept(r.at("out").get<std::string>() + "/result.json");
    EXPECT_EQ(nlohmann::json::parse(kept), r.at("result"));
  }
  EXPECT_GE(digests.size(), 2U) << "the values differ in what they decide";
  std::ifstream all(folder_ / "out" / "grid.json");
  EXPECT_EQ(nlohmann::json::parse(all), sut.json());
}

TEST_F(GridTest, AFailedRunIsReportedAndTheRestKept) {
  const std::vector<std::string> command{
      "backtest", trading_config(), "--jobs", "2", "--grid",
      grid(R"({"models.threshold": [0.05, 7, 0.2]})")};
  const auto text = run(command);
  EXPECT_EQ(text.exit, 1);
  EXPECT_NE(text.out.find("run 2 failed: "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("found 7"), std::string::npos) << text.out;
  auto with_json = command;
  with_json.push_back("--json");
  const auto sut = run(with_json);
  EXPECT_EQ(sut.exit, 1);
  EXPECT_EQ(sut.json().at("failed"), 1);
  const auto runs = sut.json().at("runs");
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_TRUE(runs.at(1).at("result").is_null());
  EXPECT_NE(runs.at(1).at("error").get<std::string>().find("threshold"), std::string::npos);
  for (const int i : {0, 2}) EXPECT_GT(runs.at(i).at("result").at("events"), 0) << i;
}

TEST_F(GridTest, ARunThatDiesIsOneFailedRunToo) {
  GridRun sut;
  sut.program = "/bin/sh";
  sut.arguments = {"-c", R"(case "$1" in a=1) kill -9 $$;; *) echo '{"fine": 1}';; esac)"};
  sut.jobs = 2;
  const auto rows = run_grid({{{"a=1"}}, {{"a=2"}}}, sut);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_NE(rows[0].error.find("killed by signal 9"), std::string::npos) << rows[0].error;
  EXPECT_EQ(rows[1].error, "");
  EXPECT_EQ(rows[1].result, R"({"fine":1})");
}

TEST_F(GridTest, AStopEndsWhatRunsAndStartsNothingMore) {
  GridRun sut;
  sut.program = "/bin/sh";
  sut.arguments = {"-c", "exec sleep 600"};
  sut.jobs = 2;
  sut.each_look = [](std::size_t, std::size_t, std::size_t) { return false; };
  const auto rows = run_grid({{{"a=1"}}, {{"a=2"}}, {{"a=3"}}}, sut);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_NE(rows[0].error.find("killed by signal 15"), std::string::npos) << rows[0].error;
  EXPECT_EQ(rows[2].error, "not run: stopped");
}

TEST_F(GridTest, JobsWithoutAGridIsWrongUsage) {
  const auto sut = run({"backtest", trading_config(), "--jobs", "2"});
  EXPECT_EQ(sut.exit, 2);
}

}  // namespace
}  // namespace pinstripe
