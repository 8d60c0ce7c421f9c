// Counters, saving and loading of the feed engine.
#include <cstring>

#include "feed/feed_engine.h"

namespace pinstripe {
namespace {

constexpr std::array<std::string_view, kFeedCounts> kCountNames{
    "events", "frames", "level_changes", "depths", "tickers", "trades", "marks", "snapshots",
    "other", "non_market_trades", "unused_trades", "trade_duplicates", "trade_holes", "bad_lines",
    "bad_json", "unknown_symbol", "off_grid", "overflow", "clock_ahead", "levels_dropped",
    "messages_dropped", "interruptions", "notices", "passed_over", "open_interests", "liquidations",
    "bars", "bar_duplicates", "gaps", "duplicates", "out_of_order", "crossed", "resyncs", "stale",
    "old_tickers", "ticker_matches", "ticker_mismatches", "snapshots_refused", "snapshots_unused",
    "updates_unused", "heartbeats", "checksum_matches", "checksum_mismatches"};
constexpr std::array<std::string_view, 5> kInstrumentNames{"book_state", "gaps", "resyncs",
                                                           "bid_levels", "ask_levels"};
constexpr std::size_t kKeeperFirst = static_cast<std::size_t>(FeedCount::kGaps);
constexpr std::size_t kKeeperCounts = kFeedCounts - kKeeperFirst;
static_assert(sizeof(KeeperCounts) == kKeeperCounts * sizeof(std::int64_t),
              "the keeper's counts stand at the end of FeedCount, in the same order");
static_assert(kFeedInstrumentCounts == kInstrumentNames.size());

/// The last refused frame is for people and names file and line, which a capture in another format
/// numbers differently: part of the checkpoint, not of the hash.
void save_error(StateWriter& w, const FeedError& e) noexcept {
  for (const std::uint64_t v : {std::uint64_t(e.kind), std::uint64_t(e.excerpt_length),
                                std::uint64_t(e.instrument), std::uint64_t(e.file), e.line,
                                std::uint64_t(e.column)}) {
    w.aside(v);
  }
  for (std::size_t i = 0; i < e.excerpt.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, e.excerpt.data() + i, sizeof(word));
    w.aside(word);
  }
}

bool load_error(StateReader& r, FeedError& e) {
  const std::uint64_t kind = r.u64();
  const std::uint64_t length = r.u64();
  if (kind >= kFeedErrorNames.size() || length > e.excerpt.size()) return false;
  e.kind = static_cast<FeedErrorKind>(kind);
  e.excerpt_length = static_cast<std::uint8_t>(length);
  e.instrument = static_cast<std::uint16_t>(r.u64());
  e.file = static_cast<std::uint32_t>(r.u64());
  e.line = r.u64();
  e.column = static_cast<std::uint32_t>(r.u64());
  r.bytes(e.excerpt.data(), e.excerpt.size());
  return true;
}
static_assert(sizeof(FeedError::excerpt) % sizeof(std::uint64_t) == 0);

}  // namespace

std::vector<std::string> FeedEngine::counter_names() const {
  std::vector<std::string> names(kCountNames.begin(), kCountNames.end());
  for (const Instrument& i : config_.instruments) {
    for (const std::string_view n : kInstrumentNames) names.push_back(i.id + "." + std::string(n));
  }
  return names;
}

/// Brings the counters up to date with what the keeper of one instrument counted.
void FeedEngine::collect(std::size_t index) noexcept {
  Item& item = items_[index];
  std::array<std::int64_t, kKeeperCounts> now;
  std::memcpy(now.data(), &item.keeper.counts(), sizeof(now));
  if (now != item.collected) {
    for (std::size_t i = 0; i < kKeeperCounts; ++i) {
      counters_[kKeeperFirst + i] += now[i] - item.collected[i];
      item.collected[i] = now[i];
    }
  }
  const FusedBook& book = item.keeper.book();
  const auto dropped =
      static_cast<std::int64_t>(book.bids.levels().dropped() + book.asks.levels().dropped());
  count(FeedCount::kLevelsDropped) += dropped - item.dropped;
  item.dropped = dropped;
  std::int64_t* own = counters_.data() + kFeedCounts + index * kFeedInstrumentCounts;
  own[0] = static_cast<std::int64_t>(item.keeper.state());
  own[1] = item.keeper.counts().gaps;
  own[2] = item.keeper.counts().resyncs;
  own[3] = static_cast<std::int64_t>(book.bids.levels().size());
  own[4] = static_cast<std::int64_t>(book.asks.levels().size());
}

void FeedEngine::save(StateWriter& w) const noexcept {
  w.u64(items_.size());
  for (const Item& i : items_) {
    i.keeper.save(w);
    w.boolean(i.has_trade);
    w.boolean(i.has_trade_id);
    w.u64(i.trade_id);
    w.i64(i.rate_e8);
    w.i64(i.funding_ms);
    w.u64(i.book_depth);
    w.i64(i.mark_e8);
    w.i64(i.index_e8);
    w.i64(i.open_interest_e8);
    w.i64(i.bar_start_ms);
    w.i64(i.bar_ms);
    w.i64(i.dropped);
    for (const std::int64_t v : i.collected) w.i64(v);
  }
  w.unit(due_);
  w.boolean(stopped_);
  for (const std::int64_t v : counters_) w.i64(v);
  save_error(w, last_error_);
}

Result<void> FeedEngine::load(StateReader& r) {
  const std::uint64_t n = r.u64();
  if (n != items_.size()) {
    return fail("checkpoint of feed holds " + std::to_string(n) + " instruments, the session has " +
                std::to_string(items_.size()) + "; resume with the config it was made with");
  }
  for (Item& i : items_) {
    if (!i.keeper.load(r)) {
      return fail("checkpoint of feed: the book of " + i.symbol + " is damaged");
    }
    i.has_trade = r.boolean();
    i.has_trade_id = r.boolean();
    i.trade_id = r.u64();
    i.rate_e8 = r.i64();
    i.funding_ms = r.i64();
    i.book_depth = static_cast<std::uint16_t>(r.u64());
    i.mark_e8 = r.i64();
    i.index_e8 = r.i64();
    i.open_interest_e8 = r.i64();
    i.bar_start_ms = r.i64();
    i.bar_ms = r.i64();
    i.dropped = r.i64();
    for (std::int64_t& v : i.collected) v = r.i64();
  }
  due_ = r.unit<TimeNs>();
  stopped_ = r.boolean();
  for (std::int64_t& v : counters_) v = r.i64();
  if (!load_error(r, last_error_) || r.failed()) {
    return fail("checkpoint of feed is cut short or damaged at its end");
  }
  return {};
}

}  // namespace pinstripe
