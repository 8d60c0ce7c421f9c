// Trades, as the lines of a raw capture: "<time in ms> <message>", the message being what the
// venue's stream would have sent. The receive time of a trade that nobody received is its own time.
#include <algorithm>
#include <charconv>
#include <set>

#include <nlohmann/json.hpp>

#include "tools/rest/answer_reader.h"
#include "tools/rest/backfill_pager.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kHourMs = 3'600'000;  // Binance takes no longer span

struct NumberedTrade {
  std::int64_t id = 0;
  BackfillRow row;
};

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Rows above `floor`, oldest first; the same id twice is one trade.
std::vector<NumberedTrade> in_order(std::vector<NumberedTrade> all, std::int64_t floor) {
  std::erase_if(all, [&](const NumberedTrade& t) { return t.id <= floor; });
  std::ranges::sort(all, {}, &NumberedTrade::id);
  const auto twice = std::ranges::unique(all, {}, &NumberedTrade::id);
  all.erase(twice.begin(), twice.end());
  return all;
}

/// By time to the first trade, then from id to id.
class BinanceTrades final : public BackfillPager {
 public:
  explicit BinanceTrades(const BackfillRequest& request)
      : r_(request), is_spot_(request.venue == "BINANCE_SPOT"), next_ms_(request.from_ms) {}
  void go_on_behind(const std::vector<BackfillRow>& last) override {
    for (const BackfillRow& row : last) last_id_ = std::max(last_id_, number_of(row.id));
    next_ms_ = last.back().time_ms;
    is_at_end_ = next_ms_ >= r_.to_ms;
  }
  bool at_end() const override { return is_at_end_ || next_ms_ >= r_.to_ms; }
  std::int64_t reached_ms() const override { return next_ms_; }
  BackfillStep step() const override {
    std::string target = std::string(is_spot_ ? "/api/v3" : "/fapi/v1") +
                         "/aggTrades?symbol=" + r_.symbol + "&limit=1000";
    target += last_id_ >= 0 ? "&fromId=" + std::to_string(last_id_ + 1)
                            : "&startTime=" + std::to_string(next_ms_) +
                                  "&endTime=" + std::to_string(span_end() - 1);
    return {target, is_spot_ ? 4U : 20U};
  }
  Result<std::vector<BackfillRow>> take(const Json& answer) override;

 private:
  std::int64_t span_end() const { return std::min(next_ms_ + kHourMs, r_.to_ms); }
  NumberedTrade read(const Json& row, std::string& problem) const;

  BackfillRequest r_;
  bool is_spot_;
  bool is_at_end_ = false;
  std::int64_t next_ms_;
  std::int64_t last_id_ = -1;
};

NumberedTrade BinanceTrades::read(const Json& row, std::string& problem) const {
  AnswerReader t(row, "aggTrade");
  NumberedTrade out;
  out.id = t.whole("a");
  out.row.time_ms = t.whole("T");
  out.row.id = std::to_string(out.id);
  const std::string time = std::to_string(out.row.time_ms);
  out.row.line = time + R"( {"stream":")" + lower(r_.symbol) +
                 R"(@aggTrade","data":{"e":"aggTrade","E":)" + time + R"(,"s":")" + r_.symbol +
                 R"(","a":)" + out.row.id + R"(,"p":")" + t.decimal("p") + R"(","q":")" +
                 t.decimal("q") + R"(","f":)" + std::to_string(t.whole("f")) + R"(,"l":)" +
                 std::to_string(t.whole("l")) + R"(,"T":)" + time + R"(,"m":)" +
                 (t.flag("m") ? "true" : "false") + (is_spot_ ? R"(,"M":true}})" : "}}");
  problem = t.problem();
  return out;
}

Result<std::vector<BackfillRow>> BinanceTrades::take(const Json& answer) {
  const auto list = backfill_rows(r_.venue, answer);
  if (!list) return std::unexpected(list.error());
  std::vector<NumberedTrade> trades;
  for (const Json& row : **list) {
    std::string problem;
    trades.push_back(read(row, problem));
    if (!problem.empty()) return refused_answer(problem);
  }
  trades = in_order(std::move(trades), last_id_);
  if (trades.empty()) {
    is_at_end_ = last_id_ >= 0;  // nothing newer has happened
    next_ms_ = is_at_end_ ? next_ms_ : span_end();
    return std::vector<BackfillRow>{};
  }
  std::vector<BackfillRow> rows;
  for (NumberedTrade& t : trades) {
    is_at_end_ = t.row.time_ms >= r_.to_ms;
    if (is_at_end_) break;
    last_id_ = t.id;
    next_ms_ = std::max(next_ms_, t.row.time_ms);
    rows.push_back(std::move(t.row));
  }
  return rows;
}

/// By time to the first id, then a hundred ids at a time: "after N" gives those below N, so after
/// `floor + 101` every id up to `floor + 100` is in the answer, and a hole in them is no end.
class OkxTrades final : public BackfillPager {
 public:
  explicit OkxTrades(const BackfillRequest& request)
      : r_(request), seek_ms_(request.from_ms), reached_ms_(request.from_ms) {}
  void go_on_behind(const std::vector<BackfillRow>& last) override {
    for (const BackfillRow& row : last) floor_ = std::max(floor_, number_of(row.id));
    reached_ms_ = last.back().time_ms;
    is_at_end_ = reached_ms_ >= r_.to_ms;
  }
  bool at_end() const override { return is_at_end_; }
  std::int64_t reached_ms() const override { return reached_ms_; }
  BackfillStep step() const override;
  Result<std::vector<BackfillRow>> take(const Json& answer) override;

 private:
  static constexpr std::int64_t kPage = 100;
  NumberedTrade read(const Json& row, std::string& problem) const;
  void seek(const std::vector<NumberedTrade>& page);
  std::vector<BackfillRow> go_forward(std::vector<NumberedTrade> page);

  BackfillRequest r_;
  bool is_at_end_ = false;
  std::int64_t newest_ = -1;    // newest id of the venue; -1: not asked yet
  std::int64_t floor_ = -1;     // everything up to this id is had; -1: not found yet
  std::int64_t oldest_ = -1;    // while seeking: oldest id seen that is not before `from`
  std::int64_t seek_ms_, seek_step_ms_ = kHourMs;
  std::int64_t reached_ms_;
};

BackfillStep OkxTrades::step() const {
  const std::string target = "/api/v5/market/history-trades?instId=" + r_.symbol;
  if (newest_ < 0) return {target + "&limit=1"};
  const std::string limit = "&limit=" + std::to_string(kPage);
  if (floor_ >= 0) return {target + "&type=1&after=" + std::to_string(floor_ + kPage + 1) + limit};
  if (oldest_ >= 0) return {target + "&type=1&after=" + std::to_string(oldest_) + limit};
  return {target + "&type=2&after=" + std::to_string(seek_ms_) + limit};
}

NumberedTrade OkxTrades::read(const Json& row, std::string& problem) const {
  AnswerReader t(row, "trade");
  NumberedTrade out;
  out.id = t.whole("tradeId");
  out.row.time_ms = t.whole("ts");
  out.row.id = std::to_string(out.id);
  const std::string side = t.text("side"), time = std::to_string(out.row.time_ms);
  if (side != "buy" && side != "sell") t.complain("side", "must be buy or sell");
  out.row.line = time + R"( {"arg":{"channel":"trades","instId":")" + r_.symbol +
                 R"("},"data":[{"instId":")" + r_.symbol + R"(","tradeId":")" + out.row.id +
                 R"(","px":")" + t.decimal("px") + R"(","sz":")" + t.decimal("sz") +
                 R"(","side":")" + side + R"(","ts":")" + time + R"("}]})";
  problem = t.problem();
  return out;
}

/// Finds the newest id before `from`, or where the venue's history begins behind it.
void OkxTrades::seek(const std::vector<NumberedTrade>& page) {
  for (const NumberedTrade& t : page) {  // oldest first
    if (t.row.time_ms < r_.from_ms) floor_ = t.id;
  }
  if (floor_ >= 0) return;
  if (!page.empty()) {
    oldest_ = page.front().id;
  } else if (oldest_ >= 0) {
    floor_ = oldest_ - 1;
  } else if (seek_ms_ >= r_.to_ms) {
    is_at_end_ = true;
  } else {
    seek_ms_ = std::min(seek_ms_ + seek_step_ms_, r_.to_ms);
    seek_step_ms_ *= 2;
  }
}

std::vector<BackfillRow> OkxTrades::go_forward(std::vector<NumberedTrade> page) {
  const std::int64_t page_end = floor_ + kPage;
  std::vector<BackfillRow> rows;
  for (NumberedTrade& t : in_order(std::move(page), floor_)) {
    is_at_end_ = t.row.time_ms >= r_.to_ms;
    if (is_at_end_) return rows;
    reached_ms_ = std::max(reached_ms_, t.row.time_ms);
    rows.push_back(std::move(t.row));
  }
  floor_ = page_end;
  is_at_end_ = floor_ >= newest_;
  return rows;
}

Result<std::vector<BackfillRow>> OkxTrades::take(const Json& answer) {
  const auto list = backfill_rows(r_.venue, answer);
  if (!list) return std::unexpected(list.error());
  std::vector<NumberedTrade> page;
  for (const Json& row : **list) {
    std::string problem;
    page.push_back(read(row, problem));
    if (!problem.empty()) return refused_answer(problem);
  }
  page = in_order(std::move(page), -1);
  if (newest_ < 0) {
    newest_ = page.empty() ? 0 : page.back().id;
    is_at_end_ = page.empty() || floor_ >= newest_;
    return std::vector<BackfillRow>{};
  }
  if (floor_ >= 0) return go_forward(std::move(page));
  if (oldest_ >= 0 && !page.empty() && page.front().id >= oldest_) {
    return refused_answer("it holds no trade before " + std::to_string(oldest_) +
                          ", which was asked for");
  }
  seek(page);
  return std::vector<BackfillRow>{};
}

/// What Bybit still has: its newest trades, 60 on spot and 1,000 on contracts, in one answer.
class BybitTrades final : public BackfillPager {
 public:
  explicit BybitTrades(const BackfillRequest& request)
      : r_(request), had_ms_(request.from_ms) {}
  void go_on_behind(const std::vector<BackfillRow>& last) override {
    for (const BackfillRow& row : last) had_.insert(row.id);
    had_ms_ = last.back().time_ms;
  }
  bool at_end() const override { return is_done_; }
  std::int64_t reached_ms() const override { return is_done_ ? r_.to_ms : had_ms_; }
  BackfillStep step() const override {
    const bool is_spot = r_.venue == "BYBIT";
    return {std::string("/v5/market/recent-trade?category=") + (is_spot ? "spot" : "linear") +
            "&symbol=" + r_.symbol + "&limit=" + (is_spot ? "60" : "1000")};
  }
  Result<std::vector<BackfillRow>> take(const Json& answer) override;

 private:
  BackfillRow read(const Json& row, std::string& problem) const;

  BackfillRequest r_;
  bool is_done_ = false;
  std::int64_t had_ms_;        // everything before this time is had
  std::set<std::string> had_;  // and these of that time
};

BackfillRow BybitTrades::read(const Json& row, std::string& problem) const {
  AnswerReader t(row, "trade");
  BackfillRow out;
  out.time_ms = t.whole("time");
  out.id = t.text("execId");
  const bool is_plain = !out.id.empty() && std::ranges::all_of(out.id, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-';
  });
  if (!is_plain) t.complain("execId", "must be of letters, digits and '-'");
  const std::string side = t.text("side"), time = std::to_string(out.time_ms);
  if (side != "Buy" && side != "Sell") t.complain("side", "must be Buy or Sell");
  out.line = time + R"( {"topic":"publicTrade.)" + r_.symbol + R"(","type":"snapshot","ts":)" +
             time + R"(,"data":[{"T":)" + time + R"(,"s":")" + r_.symbol + R"(","S":")" + side +
             R"(","v":")" + t.decimal("size") + R"(","p":")" + t.decimal("price") +
             R"(","i":")" + out.id + R"(","BT":)" + (t.flag("isBlockTrade") ? "true" : "false") +
             "}]}";
  problem = t.problem();
  return out;
}

Result<std::vector<BackfillRow>> BybitTrades::take(const Json& answer) {
  const auto list = backfill_rows(r_.venue, answer);
  if (!list) return std::unexpected(list.error());
  std::vector<BackfillRow> rows;
  std::int64_t oldest_ms = INT64_MAX;
  for (const Json& row : **list) {
    std::string problem;
    BackfillRow one = read(row, problem);
    if (!problem.empty()) return refused_answer(problem);
    oldest_ms = std::min(oldest_ms, one.time_ms);
    const bool is_new = one.time_ms >= had_ms_ && one.time_ms < r_.to_ms && !had_.contains(one.id);
    if (is_new) rows.push_back(std::move(one));
  }
  if (oldest_ms > had_ms_ && !(*list)->empty()) {
    return fail("Bybit serves its newest trades alone, here those since " +
                std::to_string(oldest_ms) + " ms; those since " + std::to_string(had_ms_) +
                " ms cannot be had any more: begin a new file with a later --from");
  }
  std::ranges::reverse(rows);  // the newest came first
  std::ranges::stable_sort(rows, {}, &BackfillRow::time_ms);
  is_done_ = true;
  return rows;
}

}  // namespace

std::unique_ptr<BackfillPager> make_trade_pager(const BackfillRequest& request) {
  if (request.venue.starts_with("BINANCE")) return std::make_unique<BinanceTrades>(request);
  if (request.venue.starts_with("OKX")) return std::make_unique<OkxTrades>(request);
  return std::make_unique<BybitTrades>(request);
}

}  // namespace pinstripe
