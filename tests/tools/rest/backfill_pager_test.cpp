// How each venue's history is paged, against plain venues in memory, and the file that grows.
#include "tools/rest/backfill_pager.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kFrom = 1'700'000'040'000;  // a full minute

BackfillRequest request(const char* venue, const char* symbol, BackfillKind kind) {
  BackfillRequest r;
  r.venue = venue;
  r.symbol = symbol;
  r.kind = kind;
  r.from_ms = kFrom;
  r.to_ms = kFrom + 3'600'000;
  return r;
}

/// The value of `key` in a target, or `otherwise`.
std::int64_t query(const std::string& target, const std::string& key, std::int64_t otherwise) {
  for (const char before : {'?', '&'}) {
    const std::size_t at = target.find(before + key + "=");
    if (at != std::string::npos) return std::stoll(target.substr(at + key.size() + 2));
  }
  return otherwise;
}

/// OKX with one trade a second from `first_id` on; ids that `has` says no to do not exist.
Json okx_trades(const std::string& target, std::int64_t newest, bool (*has)(std::int64_t)) {
  const std::int64_t after = query(target, "after", INT64_MAX);
  std::int64_t left = query(target, "limit", 100);
  Json list = Json::array();
  for (std::int64_t id = newest; id > 0 && left > 0; --id) {
    const std::int64_t ms = kFrom - 100'000 + id * 1'000;
    if (!has(id) || (query(target, "type", 1) == 2 ? ms : id) >= after) continue;
    list.push_back({{"tradeId", std::to_string(id)}, {"ts", std::to_string(ms)}, {"px", "1.5"},
                    {"sz", "2"}, {"side", "buy"}});
    --left;
  }
  return {{"code", "0"}, {"data", std::move(list)}};
}

std::vector<std::int64_t> all_okx(BackfillRequest r, std::int64_t newest,
                                  bool (*has)(std::int64_t)) {
  auto sut = make_pager(r);
  std::vector<std::int64_t> ids;
  for (int pages = 0; !(*sut)->at_end() && pages < 1'000; ++pages) {
    const auto rows = (*sut)->take(okx_trades((*sut)->step().target, newest, has));
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    for (const BackfillRow& row : *rows) ids.push_back(std::stoll(row.id));
  }
  EXPECT_TRUE((*sut)->at_end());
  return ids;
}

std::vector<std::int64_t> ids_from(std::int64_t first, std::int64_t last,
                                   bool (*has)(std::int64_t)) {
  std::vector<std::int64_t> ids;
  for (std::int64_t id = first; id <= last; ++id) {
    if (has(id)) ids.push_back(id);
  }
  return ids;
}

TEST(OkxTradesPaging, EveryTradeFromTheFirstInTimeToTheLastComesOnce) {
  const auto all = [](std::int64_t) { return true; };
  const BackfillRequest r = request("OKX_SWAP", "BTC-USDT-SWAP", BackfillKind::kTrades);
  EXPECT_EQ(all_okx(r, 1'234, all), ids_from(100, 1'234, all));
  BackfillRequest cut = r;
  cut.to_ms = kFrom + 250'000;
  EXPECT_EQ(all_okx(cut, 1'234, all), ids_from(100, 349, all));
}

TEST(OkxTradesPaging, HolesInTheIdsAreNoEnd) {
  const auto holed = [](std::int64_t id) { return id < 300 || (id > 777 && id % 7 != 0); };
  const BackfillRequest r = request("OKX", "BTC-USDT", BackfillKind::kTrades);
  EXPECT_EQ(all_okx(r, 1'500, holed), ids_from(100, 1'500, holed));
}

TEST(OkxTradesPaging, AHistoryThatBeginsBehindTheBeginningIsFound) {
  const auto late = [](std::int64_t id) { return id >= 1'000; };
  const BackfillRequest r = request("OKX", "BTC-USDT", BackfillKind::kTrades);
  EXPECT_EQ(all_okx(r, 1'500, late), ids_from(1'000, 1'500, late));
  EXPECT_TRUE(all_okx(r, 0, late).empty()) << "and a market without trades has none";
}

TEST(OkxTradesPaging, AVenueThatGivesTheSamePageForEverIsNotAskedForEver) {
  const auto late = [](std::int64_t id) { return id >= 1'000; };
  auto sut = make_pager(request("OKX", "BTC-USDT", BackfillKind::kTrades));
  int pages = 0;
  for (bool is_good = true; is_good && pages < 100; ++pages) {
    is_good = (*sut)->take(okx_trades("?type=1", 1'500, late)).has_value();
  }
  EXPECT_EQ(pages, 3) << "the newest, the first while seeking, and that again";
}

TEST(WindowPaging, AVenueThatIgnoresTheLimitsOfTimeIsNotBelieved) {
  BackfillRequest r = request("BYBIT_LINEAR", "BTCUSDT", BackfillKind::kKlines);
  r.from_ms += 1;  // within a minute: begins with the next
  auto sut = make_pager(r);
  Json list = Json::array();
  for (int i = 70; i >= -5; --i) {
    list.push_back({std::to_string(kFrom + i * 60'000), "1", "2", "0.5", "1.5", "10", "15"});
  }
  const auto rows = (*sut)->take({{"retCode", 0}, {"result", {{"list", list}}}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_EQ(rows->size(), 59u) << "those that lie whole within from .. to";
  EXPECT_EQ(rows->front().line, std::to_string(kFrom + 60'000) + ",1,2,0.5,1.5,10,15,");
  EXPECT_TRUE((*sut)->at_end());
}

TEST(WindowPaging, WrongNumbersAreRefusedByColumn) {
  const char* const good[] = {"1", "2", "0.5", "1.5", "10", "15"};
  const char* const names[] = {"open", "high", "low", "close", "volume", "turnover"};
  for (std::size_t wrong = 0; wrong < std::size(good); ++wrong) {
    for (const Json& value : {Json("NaN"), Json("-1"), Json("1e5"), Json(""), Json(1.5), Json()}) {
      Json row = Json::array({std::to_string(kFrom)});
      for (const char* text : good) row.push_back(text);
      row[wrong + 1] = value;
      auto sut = make_pager(request("BYBIT", "BTCUSDT", BackfillKind::kKlines));
      const auto rows = (*sut)->take({{"result", {{"list", Json::array({row})}}}});
      ASSERT_FALSE(rows.has_value()) << names[wrong] << " as " << value;
      EXPECT_NE(rows.error().message.find(std::string("kline.") + names[wrong]),
                std::string::npos) << rows.error().message;
    }
  }
  for (const Json& answer : {Json(7), Json::object(), Json{{"result", 1}}, Json::array()}) {
    auto sut = make_pager(request("BYBIT", "BTCUSDT", BackfillKind::kKlines));
    EXPECT_FALSE((*sut)->take(answer).has_value()) << answer;
  }
}

TEST(WindowPaging, WhatAVenueDoesNotHaveIsRefusedByName) {
  const auto refused = [](BackfillRequest r) {
    const auto sut = make_pager(r);
    EXPECT_FALSE(sut.has_value());
    return sut ? std::string() : sut.error().message;
  };
  BackfillRequest r = request("BYBIT", "BTCUSDT", BackfillKind::kFunding);
  EXPECT_NE(refused(r).find("spot market"), std::string::npos);
  r.venue = "KRAKEN";
  EXPECT_NE(refused(r).find("BYBIT_LINEAR"), std::string::npos);
  r = request("OKX", "BTC-USDT&x=1", BackfillKind::kTrades);
  EXPECT_NE(refused(r).find("symbol 'BTC-USDT&x=1'"), std::string::npos);
  r = request("OKX", "BTC-USDT", BackfillKind::kKlines);
  r.interval_min = 7;
  EXPECT_NE(refused(r).find("--interval"), std::string::npos);
}

class BackfillFileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() /
             ("pinstripe-backfill-" + std::to_string(getpid()) + ".csv")).string();
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_) << text; }
  std::string error() {
    const auto sut = BackfillFile::open(path_, BackfillKind::kFunding);
    return sut ? "" : sut.error().message;
  }
  std::string path_;
};

TEST_F(BackfillFileTest, GoesOnBehindItsLastWholeRowWhereverItWasCut) {
  const std::string whole = "funding_time_ms,funding_rate\n1000,0.1\n2000,-0.25\n";
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    write(whole.substr(0, bytes));
    {
      auto sut = BackfillFile::open(path_, BackfillKind::kFunding);
      ASSERT_TRUE(sut.has_value()) << bytes << ": " << sut.error().message;
      const std::int64_t last = sut->last().empty() ? 0 : sut->last().back().time_ms;
      std::vector<BackfillRow> rows;
      if (last < 1'000) rows.push_back({1'000, "", "1000,0.1"});
      if (last < 2'000) rows.push_back({2'000, "", "2000,-0.25"});
      ASSERT_TRUE(sut->append(rows).has_value());
      EXPECT_EQ(sut->rows(), 2u);
      EXPECT_EQ(sut->first_ms(), 1'000);
    }
    std::ifstream in(path_);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), whole) << bytes;
  }
}

TEST_F(BackfillFileTest, WhatIsNoCutIsNotMendedButToldWithItsLine) {
  const std::string head = "funding_time_ms,funding_rate\n";
  write(head + "1000,0.1\nrubbish\n2000,0.2\n");
  EXPECT_NE(error().find("line 3"), std::string::npos) << error();
  write(head + "2000,0.1\n1000,0.2\n");
  EXPECT_NE(error().find("out of order"), std::string::npos) << error();
  write(head + "1000,0.1\n1000,0.1\n");
  EXPECT_NE(error().find("line 3"), std::string::npos) << error();
  write("time,rate\n");
  EXPECT_NE(error().find("funding_time_ms"), std::string::npos) << error();
  write(std::string(100'000, 'x'));
  EXPECT_NE(error().find("longer than any row"), std::string::npos) << error();
}

TEST_F(BackfillFileTest, OnlyOneFetchWritesAFile) {
  const auto first = BackfillFile::open(path_, BackfillKind::kFunding);
  ASSERT_TRUE(first.has_value());
  EXPECT_NE(error().find("another fetch"), std::string::npos) << error();
}

}  // namespace
}  // namespace pinstripe
