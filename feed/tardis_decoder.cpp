#include "feed/tardis_decoder.h"

#include <array>

#include "feed/decimal.h"

namespace pinstripe {
namespace {

constexpr std::size_t kColumns = 8;
using Row = std::array<std::string_view, kColumns>;

/// Splits one row; false where the number of columns differs.
bool split(std::string_view row, Row& columns) noexcept {
  for (std::size_t c = 0; c < kColumns; ++c) {
    const std::size_t comma = row.find(',');
    const bool is_last = c + 1 == kColumns;
    if ((comma == std::string_view::npos) != is_last) return false;
    columns[c] = row.substr(0, comma);
    if (!is_last) row.remove_prefix(comma + 1);
  }
  return true;
}

DecodeFault decimal(std::string_view text, std::int64_t& e8) noexcept {
  const char* limit = text.data() + text.size();
  const Decimal d = parse_decimal_slowly(text.data(), limit);
  if (d.status == DecimalStatus::kOverflow) return {FeedErrorKind::kOverflow, text.data()};
  if (d.status == DecimalStatus::kTooFine) return {FeedErrorKind::kOffGrid, text.data()};
  if (d.status != DecimalStatus::kOk || d.end != limit || d.e8 < 0) {
    return {FeedErrorKind::kBadNumber, text.data()};
  }
  e8 = d.e8;
  return {};
}

DecodeFault microseconds(std::string_view text, std::int64_t& us) noexcept {
  std::int64_t e8 = 0;
  // Sixteen digits x 1e8 would not fit: read the whole number by hand.
  if (text.empty() || text.size() > 18) return {FeedErrorKind::kBadNumber, text.data()};
  for (const char c : text) {
    if (c < '0' || c > '9') return {FeedErrorKind::kBadNumber, text.data()};
    e8 = e8 * 10 + (c - '0');
  }
  us = e8;
  return {};
}

void start(VenueMessage& out, VenueKind kind) noexcept {
  out.clear();
  out.kind = kind;
}

DecodeFault take_level(const Row& row, VenueMessage& out) noexcept {
  const bool is_bid = row[5] == "bid";
  if (!is_bid && row[5] != "ask") return {FeedErrorKind::kBadRow, row[5].data()};
  std::size_t& count = is_bid ? out.bid_count : out.ask_count;
  std::vector<RawLevel>& levels = is_bid ? out.bids : out.asks;
  if (count == levels.size()) return {FeedErrorKind::kTooLong, row[5].data()};
  RawLevel level;
  if (auto fault = decimal(row[6],
      level.price_e8); fault.kind != FeedErrorKind::kNone) return fault;
  if (auto fault = decimal(row[7], level.qty_e8); fault.kind != FeedErrorKind::kNone) return fault;
  levels[count++] = level;
  return {};
}

}  // namespace

DecodeFault decode_tardis_book(std::string_view rows, VenueMessage& out) noexcept {
  start(out, VenueKind::kPlainBook);
  bool is_first = true;
  while (!rows.empty()) {
    const std::size_t end = rows.find('\n');
    std::string_view line = rows.substr(0, end);
    rows.remove_prefix(end == std::string_view::npos ? rows.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    Row row;
    if (!split(line, row)) return {FeedErrorKind::kBadRow, line.data()};
    if (is_first) {
      out.symbol = row[1];
      if (auto fault = microseconds(row[2], out.venue_us); fault.kind != FeedErrorKind::kNone) {
        return fault;
      }
      is_first = false;
    }
    if (row[4] != "true" && row[4] != "false") return {FeedErrorKind::kBadRow, row[4].data()};
    out.is_fresh |= row[4] == "true";
    if (auto fault = take_level(row, out); fault.kind != FeedErrorKind::kNone) return fault;
  }
  return is_first ? DecodeFault{FeedErrorKind::kBadRow, rows.data()} : DecodeFault{};
}

DecodeFault decode_tardis_trade(std::string_view line, VenueMessage& out) noexcept {
  start(out, VenueKind::kTrade);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  Row row;
  if (!split(line, row)) return {FeedErrorKind::kBadRow, line.data()};
  out.symbol = row[1];
  out.is_buyer_maker = row[5] == "sell";
  out.is_market = out.is_buyer_maker || row[5] == "buy";
  if (!out.is_market && row[5] != "unknown") return {FeedErrorKind::kBadRow, row[5].data()};
  if (auto fault = microseconds(row[2],
      out.venue_us); fault.kind != FeedErrorKind::kNone) return fault;
  if (auto fault = decimal(row[6], out.price_e8); fault.kind != FeedErrorKind::kNone) return fault;
  return decimal(row[7], out.qty_e8);
}

}  // namespace pinstripe
