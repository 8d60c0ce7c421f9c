#include "feed/inspect_scan.h"

#include <limits>

#include "shm/base/hash.h"

namespace pinstripe {
namespace {

/// The venue whose messages look like this one; Binance where nothing speaks for another.
CaptureFormat format_of_message(std::string_view json) {
  for (const char* word : {"{\"arg\":", "{\"event\":", "\"instId\":", "pong"}) {
    if (json.substr(0, 200).contains(word)) return CaptureFormat::kOkxRaw;
  }
  for (const char* word : {"\"topic\":", "\"op\":", "\"ret_msg\":"}) {
    if (json.substr(0, 200).contains(word)) return CaptureFormat::kBybitRaw;
  }
  return CaptureFormat::kBinanceRaw;
}

/// The venue that a recording's header or the address of a connection names.
CaptureFormat format_of_name(std::string_view head) {
  for (const char* word : {"\"BYBIT\"", "bybit."}) {
    if (head.contains(word)) return CaptureFormat::kBybitRaw;
  }
  for (const char* word : {"\"OKX\"", "okx."}) {
    if (head.contains(word)) return CaptureFormat::kOkxRaw;
  }
  return CaptureFormat::kBinanceRaw;
}

CaptureKind kind_of_line(std::string_view line) {
  if (line.starts_with("{\"t\":\"")) return {format_of_name(line.substr(0, 300)), true};
  const RawLine raw = split_line(line);
  if (raw.kind == RawLine::Kind::kPassed) return {format_of_name(line.substr(0, 300)), true};
  const CaptureFormat format = format_of_message(raw.json);
  return {format, format != CaptureFormat::kBinanceRaw};
}

/// Books whose updates name the one before join on it, as futures do.
void take_ids(const VenueMessage& m, CaptureFileInfo& info) {
  if (m.kind != VenueKind::kDepth && m.kind != VenueKind::kChainedBook) return;
  if (!info.has_depth) {
    info.has_depth = true;
    info.has_prev = m.has_prev;
    const bool is_chained = m.kind == VenueKind::kChainedBook;
    info.first_id = m.has_prev || is_chained ? m.prev_id : m.first_id - 1;
    if (m.is_fresh) info.first_id = 0;  // joins nothing
  }
  info.last_id = std::max(info.last_id, m.last_id);
}

}  // namespace

Result<CaptureKind> capture_kind(const std::string& path) {
  auto reader = LineReader::open(path, ScanBuffers::kFrameBytesMax);
  if (!reader) return std::unexpected(reader.error());
  std::string_view line;
  if (!(*reader)->look(line)) {
    if ((*reader)->error()) return std::unexpected(*(*reader)->error());
    return fail("'" + path + "' is empty; a capture or a Tardis CSV file belongs here");
  }
  if (line.starts_with("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount")) {
    return CaptureKind{CaptureFormat::kTardisBook, false};
  }
  if (line.starts_with("exchange,symbol,timestamp,local_timestamp,id,side,price,amount")) {
    return CaptureKind{CaptureFormat::kTardisTrades, false};
  }
  if (line.starts_with("exchange,")) {
    return fail("'" + path + "' is a Tardis file of a kind that is not read; give "
                "incremental_book_L2 or trades");
  }
  return kind_of_line(line);
}

void take_message(const VenueMessage& m, std::int64_t receive_ns, std::uint64_t line,
                  CaptureFileInfo& info) {
  switch (m.kind) {
    case VenueKind::kDepth:
    case VenueKind::kPlainBook: ++info.depths; break;
    case VenueKind::kChainedBook: ++(m.is_fresh ? info.snapshots : info.depths); break;
    case VenueKind::kTickerState:
    case VenueKind::kTicker: ++info.tickers; break;
    case VenueKind::kTrades:
    case VenueKind::kTrade:
    case VenueKind::kAggTrade: ++info.trades; break;
    case VenueKind::kMark: ++info.marks; break;
    case VenueKind::kSnapshot: ++info.snapshots; break;
    // Told when something is over: neither the stream's symbol nor its clock is read off them.
    case VenueKind::kLiquidations:
    case VenueKind::kBars: ++info.marks; return;
    case VenueKind::kOther: return;
  }
  take_ids(m, info);
  if (info.symbol.empty()) info.symbol = m.symbol;
  std::int64_t venue_ns = 0;
  if (m.venue_us <= 0 || __builtin_mul_overflow(m.venue_us, kNsPerUs, &venue_ns)) return;
  // A snapshot is answered on another connection; it still may not arrive before it was made.
  std::int64_t delay = 0;
  if (__builtin_sub_overflow(receive_ns, venue_ns, &delay)) return;
  if (info.has_venue_time && delay >= info.least_delay_ns) return;
  info.has_venue_time = true;
  info.least_delay_ns = delay;
  info.least_delay_line = line;
}

bool are_plausible(const VenueMessage& m, std::int64_t receive_ns) {
  constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;
  if (m.kind == VenueKind::kOther || m.venue_us <= 0) return true;
  std::int64_t venue_ns = 0, delay = 0;
  if (__builtin_mul_overflow(m.venue_us, kNsPerUs, &venue_ns) ||
      __builtin_sub_overflow(receive_ns, venue_ns, &delay)) {
    return false;
  }
  // OKX greets with the newest trade and ticker, however old they are.
  const bool may_be_old = m.kind == VenueKind::kTrades || m.kind == VenueKind::kTickerState;
  return delay > -kHourNs && (delay < kHourNs || may_be_old);
}

std::unexpected<Error> refuse_times(const std::string& path, const VenueMessage& m,
                                    std::int64_t receive_ns, std::uint64_t line) {
  return fail(path + ":" + std::to_string(line) + ": received at " +
              std::to_string(receive_ns) + " ns, stamped by the venue at " +
              std::to_string(m.venue_us) + " us: more than an hour apart; one of the two is "
              "damaged. Mend or remove the line");
}

Result<void> scan_capture(CaptureFileInfo& info, ScanBuffers& buffers) {
  VenueMessage& m = buffers.message;
  auto reader = LineReader::open(info.path, ScanBuffers::kFrameBytesMax);
  if (!reader) return std::unexpected(reader.error());
  Hasher digest;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  CaptureLine line;
  (*reader)->begin_group();
  while (read_capture_line(**reader, info.format, line)) {
    ++info.frames;
    digest.add(static_cast<std::uint64_t>(line.receive_ns));
    digest.bytes(line.bytes.data(), line.bytes.size());
    const DecodeFault fault = buffers.decoder.decode(line.format, line.bytes, m);
    if (!line.has_time || fault.kind != FeedErrorKind::kNone) {
      ++info.bad_lines;
    } else {
      if (!are_plausible(m, line.receive_ns)) {
        return refuse_times(info.path, m, line.receive_ns, line.line);
      }
      if (newest == std::numeric_limits<std::int64_t>::min()) info.first_receive_ns =
          line.receive_ns;
      if (line.receive_ns < newest) {  // as the source does; else it would move the stream's clock
        if (info.backward_times++ == 0) info.backward_line = line.line;
        line.receive_ns = newest;
      }
      newest = line.receive_ns;
      if (info.exchange.empty() && info.format != CaptureFormat::kBinanceRaw) {
        info.exchange = csv_column(line.bytes, 0);
      }
      take_message(m, line.receive_ns, line.line, info);
    }
    (*reader)->begin_group();
  }
  if ((*reader)->error()) return std::unexpected(*(*reader)->error());
  if (info.frames == info.bad_lines) {
    return fail("'" + info.path + "' holds no line that can be read; captures have lines "
                "'<receive time> <json>'");
  }
  info.last_receive_ns = newest;
  info.digest = digest.value();
  return {};
}

}  // namespace pinstripe
