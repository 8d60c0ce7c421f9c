// Everything that can be made to go wrong, in one table, and what is going wrong now. A fault is
// aimed at one protocol and, where it is about messages, at those that hold a text.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {

enum class FaultKind : std::uint8_t {
  kCut, kHalfOpen, kSlow, kStall, kGap, kDuplicate, kReorder, kCorrupt, kWrongChecksum, kSilent,
  kLateSnapshot, kServerError, kTooMany, kBanned, kClockSkew, kInstrumentChange, kMaintenance,
  kReset, kEarly, kRubbish,
};

struct FaultRow {
  FaultKind kind;
  std::string_view name;
  bool by_count;            // `count` messages; else for `for_ms`
  std::string_view what;
};

inline constexpr std::array<FaultRow, 20> kFaultTable{{
    {FaultKind::kCut, "cut", false,
     "TCP reset of every open stream, without close handshake (clients see 1006)"},
    {FaultKind::kHalfOpen, "half_open", false,
     "open streams fall silent for good, pongs too; TCP stays up"},
    {FaultKind::kSlow, "slow", false, "each message leaves amount_ms late"},
    {FaultKind::kStall, "stall", false,
     "messages are held back, then all leave at once"},
    {FaultKind::kGap, "gap", true, "the next messages are lost"},
    {FaultKind::kDuplicate, "duplicate", true, "they are sent twice"},
    {FaultKind::kReorder, "reorder", true,
     "they leave after the one that follows"},
    {FaultKind::kCorrupt, "corrupt", true,
     "a byte of them is no JSON and no UTF-8 any more"},
    {FaultKind::kWrongChecksum, "wrong_checksum", true,
     "OKX books carry a checksum that does not fit"},
    {FaultKind::kSilent, "silent", false,
     "no data while heartbeats go on as ever"},
    {FaultKind::kLateSnapshot, "late_snapshot", false,
     "answers about books leave amount_ms late"},
    {FaultKind::kServerError, "server_error", false, "answers are HTTP 503"},
    {FaultKind::kTooMany, "too_many", false,
     "answers are HTTP 429 with Retry-After"},
    {FaultKind::kBanned, "banned", false,
     "answers are HTTP 418 (Binance) or 403 until the fault ends"},
    {FaultKind::kClockSkew, "clock_skew", false,
     "the venue's clock is amount_ms ahead"},
    {FaultKind::kInstrumentChange, "instrument_change", false,
     "the symbol is halted until the fault ends"},
    {FaultKind::kMaintenance, "maintenance", false,
     "streams are closed and refused, answers are HTTP 503"},
    {FaultKind::kReset, "reset", false,
     "Bybit's books are sent anew, whole, and u counts from 1"},
    {FaultKind::kEarly, "early", true,
     "streams that open begin with a message that nobody asked for"},
    {FaultKind::kRubbish, "rubbish", false, "messages are text that is no JSON"},
}};

struct Fault {
  FaultKind kind = FaultKind::kCut;
  std::string protocol;        // "": all
  std::string holds;           // only messages and paths that hold this text; "": all
  std::int64_t until_ms = 0;
  std::int64_t count = 0;      // messages left, where it is by count
  std::int64_t amount_ms = 0;
};

class FaultBoard {
 public:
  /// Reads {"fault", "venue", "holds", "for_ms", "count", "amount_ms"}; what is absent has a
  /// default. Refuses what it does not know.
  static Result<Fault> parse(const Json& command, std::int64_t now_ms);
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  /// Faults that are over are forgotten and returned, so that what they did can be undone.
  std::vector<Fault> expire(std::int64_t now_ms);
  /// The running fault of this kind for the protocol, about a text that holds what it is aimed at.
  const Fault* find(FaultKind kind, std::string_view protocol, std::string_view text) const;
  /// The same; one of its messages is used up.
  bool use(FaultKind kind, std::string_view protocol, std::string_view text);
  /// What runs, and how many streams, messages and answers each kind has met.
  Json shown() const;
  void met(FaultKind kind) { ++met_[static_cast<std::size_t>(kind)]; }

 private:
  std::list<Fault> faults_;
  std::array<std::uint64_t, kFaultTable.size()> met_{};
};

const FaultRow& row_of(FaultKind kind);

}  // namespace pinstripe::venue
