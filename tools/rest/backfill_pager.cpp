#include "tools/rest/backfill_pager.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "feed/live/candle_lengths.h"
#include "feed/live/market_rules.h"
#include "tools/rest/answer_reader.h"

namespace pinstripe {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;  // no venue settles funding more often

bool is_binance(const std::string& venue) { return venue.starts_with("BINANCE"); }
bool is_bybit(const std::string& venue) { return venue.starts_with("BYBIT"); }

std::string bybit_market(const BackfillRequest& r) {
  return std::string("category=") + (r.venue == "BYBIT" ? "spot" : "linear") +
         "&symbol=" + r.symbol;
}

/// An array of a kline as an object, so that its columns are read and refused by name.
Json named(const Json& row, std::initializer_list<const char*> names) {
  Json object = Json::object();
  std::size_t i = 0;
  for (const char* name : names) {
    if (row.is_array() && i < row.size()) object[name] = row[i];
    ++i;
  }
  return object;
}

/// Windows of time, each no longer than one answer is.
class WindowPager final : public BackfillPager {
 public:
  WindowPager(const BackfillRequest& request, std::int64_t row_ms, std::int64_t limit)
      : r_(request), row_ms_(row_ms), limit_(limit), next_ms_(request.from_ms) {
    if (r_.kind != BackfillKind::kKlines) return;
    next_ms_ = (r_.from_ms + row_ms - 1) / row_ms * row_ms;
    r_.to_ms = r_.to_ms / row_ms * row_ms;  // the last that is whole
  }
  void go_on_behind(const std::vector<BackfillRow>& last) override {
    const std::int64_t step = r_.kind == BackfillKind::kKlines ? row_ms_ : 1;
    next_ms_ = std::max(next_ms_, last.back().time_ms + step);
  }
  bool at_end() const override { return next_ms_ >= r_.to_ms; }
  std::int64_t reached_ms() const override { return next_ms_; }
  BackfillStep step() const override {
    return r_.kind == BackfillKind::kKlines ? klines() : funding();
  }
  Result<std::vector<BackfillRow>> take(const Json& answer) override;

 private:
  std::int64_t window_end() const { return std::min(next_ms_ + row_ms_ * limit_, r_.to_ms); }
  BackfillStep klines() const;
  BackfillStep funding() const;
  BackfillRow read_kline(const Json& row, std::string& problem) const;
  BackfillRow read_funding(const Json& row, std::string& problem) const;
  std::string okx_window() const;

  BackfillRequest r_;
  std::int64_t row_ms_, limit_;
  std::int64_t next_ms_;
};

std::string WindowPager::okx_window() const {
  return "&after=" + std::to_string(window_end()) + "&before=" + std::to_string(next_ms_ - 1) +
         "&limit=" + std::to_string(limit_);
}

BackfillStep WindowPager::klines() const {
  const CandleLength& length = *candle_length_of(r_.interval_min);
  const std::string from = std::to_string(next_ms_), last = std::to_string(window_end() - 1);
  const std::string limit = "&limit=" + std::to_string(limit_);
  if (is_binance(r_.venue)) {
    const bool is_spot = r_.venue == "BINANCE_SPOT";
    return {std::string(is_spot ? "/api/v3" : "/fapi/v1") + "/klines?symbol=" + r_.symbol +
                "&interval=" + std::string(length.name) + "&startTime=" + from +
                "&endTime=" + last + limit,
            is_spot ? 2U : 5U};
  }
  if (is_bybit(r_.venue)) {
    return {"/v5/market/kline?" + bybit_market(r_) + "&interval=" + std::string(length.bybit) +
            "&start=" + from + "&end=" + last + limit};
  }
  return {"/api/v5/market/history-candles?instId=" + r_.symbol +
          "&bar=" + std::string(length.okx) + okx_window()};
}

BackfillStep WindowPager::funding() const {
  const std::string span = "&startTime=" + std::to_string(next_ms_) +
                           "&endTime=" + std::to_string(window_end() - 1) +
                           "&limit=" + std::to_string(limit_);
  if (is_binance(r_.venue)) return {"/fapi/v1/fundingRate?symbol=" + r_.symbol + span};
  if (is_bybit(r_.venue)) return {"/v5/market/funding/history?" + bybit_market(r_) + span};
  return {"/api/v5/public/funding-rate-history?instId=" + r_.symbol + okx_window()};
}

BackfillRow WindowPager::read_kline(const Json& row, std::string& problem) const {
  // OKX counts a swap's volume in contracts first and in base second.
  const bool is_okx = r_.venue.starts_with("OKX");
  const Json object =
      is_binance(r_.venue)
          ? named(row, {"open_time", "open", "high", "low", "close", "volume", "close_time",
                        "turnover", "count"})
      : is_bybit(r_.venue)
          ? named(row, {"open_time", "open", "high", "low", "close", "volume", "turnover"})
      : r_.venue == "OKX"
          ? named(row, {"open_time", "open", "high", "low", "close", "volume", "", "turnover"})
          : named(row, {"open_time", "open", "high", "low", "close", "", "volume", "turnover"});
  AnswerReader k(object, is_okx ? "candle" : "kline");
  BackfillRow out;
  out.time_ms = k.whole("open_time");
  out.line = std::to_string(out.time_ms);
  for (const char* column : {"open", "high", "low", "close", "volume", "turnover"}) {
    out.line += "," + k.decimal(column);
  }
  out.line += ",";
  if (is_binance(r_.venue)) out.line += std::to_string(k.whole("count"));
  problem = k.problem();
  return out;
}

BackfillRow WindowPager::read_funding(const Json& row, std::string& problem) const {
  AnswerReader f(row, "rate");
  BackfillRow out;
  out.time_ms = f.whole(is_bybit(r_.venue) ? "fundingRateTimestamp" : "fundingTime");
  // OKX also tells what it announced; what was paid counts.
  const bool is_okx = r_.venue.starts_with("OKX");
  const bool was_paid = is_okx && !f.text_or_none("realizedRate").empty();
  out.line = std::to_string(out.time_ms) + "," +
             f.decimal(was_paid ? "realizedRate" : "fundingRate", true);
  problem = f.problem();
  return out;
}

Result<std::vector<BackfillRow>> WindowPager::take(const Json& answer) {
  const auto list = backfill_rows(r_.venue, answer);
  if (!list) return std::unexpected(list.error());
  std::vector<BackfillRow> rows;
  for (const Json& row : **list) {
    std::string problem;
    BackfillRow one = r_.kind == BackfillKind::kKlines ? read_kline(row, problem)
                                                       : read_funding(row, problem);
    if (!problem.empty()) return refused_answer(problem);
    if (one.time_ms >= next_ms_ && one.time_ms < window_end()) rows.push_back(std::move(one));
  }
  std::ranges::sort(rows, {}, &BackfillRow::time_ms);
  const auto twice = std::ranges::adjacent_find(rows, {}, &BackfillRow::time_ms);
  if (twice != rows.end()) {
    return refused_answer("two rows bear the time " + std::to_string(twice->time_ms));
  }
  next_ms_ = window_end();
  return rows;
}

bool is_plain_name(const std::string& symbol) {
  return !symbol.empty() && symbol.size() <= 60 &&
         std::ranges::all_of(symbol, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

Result<const Json*> backfill_rows(const std::string& venue, const Json& answer) {
  if (is_binance(venue)) {
    if (answer.is_array()) return &answer;
    return refused_answer("it must be a list");
  }
  AnswerReader whole(answer, "answer");
  if (!is_bybit(venue)) {
    const Json& rows = whole.list("data");
    if (!whole.problem().empty()) return refused_answer(whole.problem());
    return &rows;
  }
  AnswerReader result(whole.object("result"), "answer.result");
  const Json& rows = result.list("list");
  if (!whole.problem().empty()) return refused_answer(whole.problem());
  if (!result.problem().empty()) return refused_answer(result.problem());
  return &rows;
}

Result<std::unique_ptr<BackfillPager>> make_pager(const BackfillRequest& request) {
  const std::string& venue = request.venue;
  if (market_rules(venue) == nullptr) {
    return fail_usage("venue '" + venue + "' is unknown; there are " + live_venue_names());
  }
  if (!is_plain_name(request.symbol)) {
    return fail_usage("symbol '" + request.symbol.substr(0, 60) +
                      "' must be written as the venue does, in letters, digits, '-', '_' and '.'");
  }
  if (request.kind == BackfillKind::kTrades) return make_trade_pager(request);
  if (request.kind == BackfillKind::kKlines) {
    if (candle_length_of(request.interval_min) == nullptr) {
      return fail_usage("--interval must be one of " + candle_length_names());
    }
    const std::int64_t limit = venue.starts_with("OKX") ? 100 : 1'000;
    return std::make_unique<WindowPager>(request, request.interval_min * kMinuteMs, limit);
  }
  if (venue == "BINANCE_SPOT" || venue == "BYBIT" || venue == "OKX") {
    return fail_usage(venue + " is a spot market: funding is paid on perpetuals, as on "
                      "BINANCE_USDM, BYBIT_LINEAR and OKX_SWAP");
  }
  const std::int64_t limit = is_binance(venue) ? 1'000 : is_bybit(venue) ? 200 : 100;
  return std::make_unique<WindowPager>(request, kHourMs, limit);
}

}  // namespace pinstripe
