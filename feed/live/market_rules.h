// What each venue's public streams ask of a client: where, which topics, how to subscribe, when to
// say that one is alive. Pure: no sockets, no time. Where each rule was read: feed/venues.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feed/feed_config.h"
#include "feed/frame.h"
#include "feed/live/candle_lengths.h"
#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

/// How a client shows that it lives, beyond answering the server's pings.
enum class Heartbeat : std::uint8_t {
  kServerPings,  // Binance: answered by the WebSocket itself
  kJsonPing,     // Bybit: {"op":"ping"}
  kTextPing,     // OKX: the text "ping", answered by the text "pong"
};

struct MarketRules {
  std::string_view venue;         // as in instrument ids
  std::string_view limits_venue;  // as the limiter calls it
  FrameFormat format = FrameFormat::kBinanceRaw;
  std::string_view stream_host;
  std::uint16_t stream_port = 443;
  std::string_view rest_host;
  Heartbeat heartbeat = Heartbeat::kServerPings;
  std::int64_t heartbeat_ns = 0;       // between two of ours
  std::uint32_t topics_per_connection = 0;
  std::uint32_t topics_per_message = 0;
  std::int64_t message_gap_ns = 0;     // between two messages sent on one connection
  bool counts_messages = false;  // those sent on one connection, by the second: the limiter's word
  bool is_chained = false;  // books come as a snapshot on the stream; else by REST (Binance)
};

/// Null for a venue without live rules.
const MarketRules* market_rules(std::string_view venue) noexcept;
/// Names of all venues that have rules, with commas, for people.
std::string live_venue_names();

/// What of a market a topic brings. kOther may be silent for long while all is well.
enum class MarketChannel : std::uint8_t { kBook, kTouch, kTrades, kMark, kOther };

struct MarketTopic {
  std::uint16_t instrument = 0;
  MarketChannel channel = MarketChannel::kOther;
  std::string text;  // as it stands in a subscription; OKX: the channel's JSON object
  std::string mark;  // of a chained book: what its messages hold near their beginning
};

/// One connection to come: what it is called, where it goes, what it subscribes to.
struct ConnectionPlan {
  const MarketRules* rules = nullptr;
  std::uint8_t venue = 0;       // venue_numbers() of its instruments
  std::string name;             // "BINANCE_USDM/public/0"
  std::string path;
  std::vector<MarketTopic> topics;

  /// Whether something comes all the time: books, trades or marks.
  bool is_steady() const noexcept {
    return std::ranges::any_of(
        topics, [](const MarketTopic& t) { return t.channel != MarketChannel::kOther; });
  }
};

/// The connections that `wanted` (indices in `instruments`) need, each within its venue's limits.
/// `candles`: the name of a CandleLength, or "" for none. An error names an instrument whose venue
/// has no live market here, or the length.
Result<std::vector<ConnectionPlan>> plan_connections(std::span<const Instrument> instruments,
                                                     std::span<const std::uint16_t> wanted,
                                                     std::string_view candles);

/// A message that subscribes to (or leaves) `topics`, at most topics_per_message.
std::string subscription_text(const MarketRules& rules, std::span<const MarketTopic> topics,
                              bool leaves, std::uint64_t id);

/// Path and query of a REST snapshot of a book, and its weight. Only where books are not chained.
struct SnapshotRequest {
  std::string target;
  std::uint32_t weight = 0;
};
SnapshotRequest snapshot_request(const MarketRules& rules, const std::string& symbol,
                                 std::uint32_t levels);

/// Path and query of a REST answer about an instrument's open interest; "": the streams tell it, or
/// there is none. It weighs 1.
std::string interest_request(const MarketRules& rules, const std::string& symbol);

/// What a message is for the one who moves it.
enum class StreamNote : std::uint8_t {
  kMarket,    // for the stage
  kAnswer,    // to a subscription, or a pong
  kRefusal,   // the venue refuses a subscription
  kLeaving,   // the venue will end the connection soon
};
/// Looks at the first bytes only, and nowhere else where they are those of market data.
StreamNote note_of(const MarketRules& rules, std::string_view message) noexcept;
/// A chained book's snapshot, told from its first 160 bytes.
bool is_book_snapshot(const MarketRules& rules, std::string_view message) noexcept;

}  // namespace pinstripe
