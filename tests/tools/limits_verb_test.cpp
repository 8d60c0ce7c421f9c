// `pinstripe limits`, as an operator uses it.
#include "shm/limits/limiter.h"
#include "shm/run/machine_time.h"
#include "tests/tools/cli_support.h"

namespace pinstripe {
namespace {

using LimitsVerbTest = CliTest;

constexpr LimitScope kBinance{"BINANCE", LimitKind::kRequests, ""};

TEST_F(LimitsVerbTest, SaysWhenNothingWasUsed) {
  const auto sut = run({"limits"});
  EXPECT_EQ(sut.exit, 0) << sut.err;
  EXPECT_NE(sut.out.find("no venue was asked"), std::string::npos) << sut.out;
  EXPECT_NE(sut.out.find("--address HOST:PORT or --session NAME"), std::string::npos) << sut.out;
  EXPECT_TRUE(run({"limits", "--json"}).json()["venues"].empty());
}

TEST_F(LimitsVerbTest, WrongUsageIsRefusedByName) {
  const auto unknown = run({"limits", "--session", "nosuch"});
  EXPECT_NE(unknown.exit, 0);
  EXPECT_NE(unknown.err.find("nosuch"), std::string::npos) << unknown.err;
  EXPECT_EQ(run({"limits", "--session", "x", "--address", "127.0.0.1:1"}).exit, 2);
}

TEST_F(LimitsVerbTest, ShowsWhatAnotherProcessUsesAndWhoWaits) {
  auto limiter = Limiter::open({}, realtime_ns());
  ASSERT_TRUE(limiter.has_value()) << limiter.error().message;
  const LimitScope connects{"OKX", LimitKind::kConnects, ""};
  ASSERT_EQ(limiter->request(kBinance, 50, Priority::kResync, realtime_ns()).count, 1u);
  for (int i = 0; i < 9; ++i) limiter->request(connects, 1, Priority::kOrder, realtime_ns());
  const nlohmann::json j = run({"limits", "--json"}).json();
  ASSERT_EQ(j["venues"].size(), 2u);
  EXPECT_EQ(j["venues"][0]["venue"], "BINANCE");
  EXPECT_EQ(j["venues"][0]["granted"]["resync"], 1);
  EXPECT_EQ(j["venues"][0]["circuit"], "closed");
  EXPECT_TRUE(j["venues"][0]["ban_until_ns"].is_null());
  EXPECT_EQ(j["waiters_max"], 1'000);
  bool found = false;
  for (const auto& bucket : j["buckets"]) {
    if (bucket["venue"] != "BINANCE") continue;
    found = true;
    EXPECT_EQ(bucket["limit"], 6'000);
    EXPECT_EQ(bucket["reserve"], 300);
    EXPECT_EQ(bucket["window_ns"], 60 * kNsPerSecond);
    const int used = bucket["used"];
    EXPECT_TRUE(used == 50 || used == 0) << "0 where the minute has ended since";
    EXPECT_EQ(bucket["left"]["order"], 5'700 - used);
  }
  EXPECT_TRUE(found);
  const auto text = run({"limits"});
  EXPECT_NE(text.out.find("BINANCE"), std::string::npos);
  EXPECT_NE(text.out.find("connects"), std::string::npos);
}

TEST_F(LimitsVerbTest, DoctorListsTheFilesAndNeverRemovesThem) {
  EXPECT_TRUE(run({"doctor", "--json"}).json().at("limiter_files").empty());
  {
    auto limiter = Limiter::open({}, realtime_ns());
    ASSERT_TRUE(limiter.has_value()) << limiter.error().message;
  }
  for (const char* fix : {"", "--fix"}) {
    std::vector<std::string> command{"doctor", "--json"};
    if (*fix != '\0') command.push_back(fix);
    const auto sut = run(command).json();
    bool found = false;
    for (const auto& file : sut.at("limiter_files")) {
      EXPECT_NE(file.at("path").get<std::string>().find("limits"), std::string::npos);
      found = found || (file.at("path").get<std::string>().starts_with(root_.string()) &&
                        file.at("size_bytes") > 0);
    }
    EXPECT_TRUE(found) << sut.dump();
  }
  const auto text = run({"doctor"});
  EXPECT_NE(text.out.find("rate limiter: " + root_.string()), std::string::npos) << text.out;
}

TEST_F(LimitsVerbTest, TheOperatorEndsABan) {
  auto limiter = Limiter::open({}, realtime_ns());
  ASSERT_TRUE(limiter.has_value()) << limiter.error().message;
  const std::int64_t now = realtime_ns();
  ASSERT_TRUE(limiter->answer(
      {"BINANCE", AnswerKind::kBanned, now, 0, now + 7'200 * kNsPerSecond, 418, {}}, now));
  const nlohmann::json before = run({"limits", "--json"}).json();
  EXPECT_EQ(before["venues"][0]["ban_until_ns"], now + 7'200 * kNsPerSecond);
  EXPECT_EQ(before["venues"][0]["cause"], 418);
  const auto unknown = run({"limits", "--clear-ban", "BINANSE"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_NE(unknown.err.find("BINANSE"), std::string::npos) << unknown.err;
  EXPECT_EQ(limiter->request(kBinance, 1, Priority::kCancel, realtime_ns()).verdict,
            Ruling::kBanned);
  const auto cleared = run({"limits", "--clear-ban", "BINANCE", "--json"});
  EXPECT_EQ(cleared.exit, 0) << cleared.err;
  EXPECT_TRUE(cleared.json()["venues"][0]["ban_until_ns"].is_null());
  EXPECT_EQ(limiter->request(kBinance, 1, Priority::kCancel, realtime_ns()).verdict,
            Ruling::kGranted);
}

}  // namespace
}  // namespace pinstripe
