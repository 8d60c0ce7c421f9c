#include "feed/inspect.h"

#include <algorithm>
#include <limits>

#include "feed/binance_decoder.h"
#include "feed/binary_info.h"
#include "feed/capture_lines.h"
#include "feed/instrument_table.h"
#include "feed/tardis_decoder.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

constexpr std::size_t kFrameBytesMax = 4u << 20;
constexpr std::size_t kFrameLevelsMax = 65'536;

/// Tells the kind of file from its first line.
Result<CaptureFormat> format_of(const std::string& path) {
  auto reader = LineReader::open(path, kFrameBytesMax);
  if (!reader) return std::unexpected(reader.error());
  std::string_view line;
  if (!(*reader)->look(line)) {
    if ((*reader)->error()) return std::unexpected(*(*reader)->error());
    return fail("'" + path + "' is empty; a capture or a Tardis CSV file belongs here");
  }
  if (line.starts_with("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount")) {
    return CaptureFormat::kTardisBook;
  }
  if (line.starts_with("exchange,symbol,timestamp,local_timestamp,id,side,price,amount")) {
    return CaptureFormat::kTardisTrades;
  }
  if (line.starts_with("exchange,")) {
    return fail("'" + path + "' is a Tardis file of a kind that is not read; give "
                "incremental_book_L2 or trades");
  }
  return CaptureFormat::kBinanceRaw;
}

void take_ids(const VenueMessage& m, CaptureFileInfo& info) {
  if (m.kind != VenueKind::kDepth) return;
  if (!info.has_depth) {
    info.has_depth = true;
    info.has_prev = m.has_prev;
    info.first_id = m.has_prev ? m.prev_id : m.first_id - 1;
  }
  info.last_id = std::max(info.last_id, m.last_id);
}

void take_message(const VenueMessage& m, const CaptureLine& line, CaptureFileInfo& info) {
  switch (m.kind) {
    case VenueKind::kDepth:
    case VenueKind::kPlainBook: ++info.depths; break;
    case VenueKind::kTicker: ++info.tickers; break;
    case VenueKind::kTrade:
    case VenueKind::kAggTrade: ++info.trades; break;
    case VenueKind::kMark: ++info.marks; break;
    case VenueKind::kSnapshot: ++info.snapshots; break;
    case VenueKind::kOther: return;
  }
  take_ids(m, info);
  if (info.symbol.empty()) info.symbol = m.symbol;
  std::int64_t venue_ns = 0;
  if (m.venue_us <= 0 || __builtin_mul_overflow(m.venue_us, kNsPerUs, &venue_ns)) return;
  // A snapshot is answered on another connection; it still may not arrive before it was made.
  std::int64_t delay = 0;
  if (__builtin_sub_overflow(line.receive_ns, venue_ns, &delay)) return;
  if (info.has_venue_time && delay >= info.least_delay_ns) return;
  info.has_venue_time = true;
  info.least_delay_ns = delay;
  info.least_delay_line = line.line;
}

DecodeFault decode(const CaptureLine& line, BinanceDecoder& decoder, VenueMessage& m) {
  switch (line.format) {
    case FrameFormat::kTardisBook: return decode_tardis_book(line.bytes, m);
    case FrameFormat::kTardisTrades: return decode_tardis_trade(line.bytes, m);
    default: return decoder.decode(line.bytes, m);
  }
}

/// A clock may be wrong by seconds, even minutes; a receive time and a venue time an hour apart are
/// a damaged line, and would move the clock of the whole stream or the end of the session.
bool plausible(const VenueMessage& m, const CaptureLine& line) {
  constexpr std::int64_t kHourNs = 3600 * kNsPerSecond;
  if (m.kind == VenueKind::kOther || m.venue_us <= 0) return true;
  std::int64_t venue_ns = 0, delay = 0;
  if (__builtin_mul_overflow(m.venue_us, kNsPerUs, &venue_ns) ||
      __builtin_sub_overflow(line.receive_ns, venue_ns, &delay)) {
    return false;
  }
  return delay > -kHourNs && delay < kHourNs;
}

std::unexpected<Error> refuse_times(const CaptureFileInfo& info, const VenueMessage& m,
                                    const CaptureLine& line) {
  return fail(info.path + ":" + std::to_string(line.line) + ": received at " +
              std::to_string(line.receive_ns) + " ns, stamped by the venue at " +
              std::to_string(m.venue_us) + " us: more than an hour apart; one of the two is "
              "damaged. Mend or remove the line");
}

Result<void> scan(CaptureFileInfo& info, BinanceDecoder& decoder, VenueMessage& m) {
  const auto format = format_of(info.path);
  if (!format) return std::unexpected(format.error());
  info.format = *format;
  auto reader = LineReader::open(info.path, kFrameBytesMax);
  if (!reader) return std::unexpected(reader.error());
  Hasher digest;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  CaptureLine line;
  (*reader)->begin_group();
  while (read_capture_line(**reader, info.format, line)) {
    ++info.frames;
    digest.add(static_cast<std::uint64_t>(line.receive_ns));
    digest.bytes(line.bytes.data(), line.bytes.size());
    if (!line.has_time || decode(line, decoder, m).kind != FeedErrorKind::kNone) {
      ++info.bad_lines;
    } else {
      if (!plausible(m, line)) return refuse_times(info, m, line);
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
      take_message(m, line, info);
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

std::string venue_of_exchange(const std::string& exchange) {
  if (exchange == "binance") return "BINANCE_SPOT";
  if (exchange == "binance-futures") return "BINANCE_USDM";
  if (exchange == "binance-delivery") return "BINANCE_COINM";
  std::string upper = exchange;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

/// Market and symbol: from the options, else from what the frames show.
Result<Instrument> instrument_of(const CaptureFileInfo& info, const InspectOptions& options) {
  const std::string symbol = options.symbol.empty() ? info.symbol : options.symbol;
  if (symbol.empty()) {
    return fail("'" + info.path + "' names no symbol; name the one instrument in the "
                "config's `instruments`");
  }
  std::string venue = options.market;
  if (venue.empty() && !info.exchange.empty()) venue = venue_of_exchange(info.exchange);
  // COIN-M symbols carry an underscore; futures depth carries `pu`, spot depth does not.
  if (venue.empty() && symbol.find('_') != std::string::npos) venue = "BINANCE_COINM";
  if (venue.empty() && info.has_depth) venue = info.has_prev ? "BINANCE_USDM" : "BINANCE_SPOT";
  if (venue.empty()) {
    return fail("'" + info.path + "' holds no depth update, so its market cannot be told; name "
                "the one instrument in the config's `instruments`, as in \"BINANCE_USDM:BTCUSDT\"");
  }
  auto found = find_instrument(venue, symbol);
  if (!found) return fail_within("'" + info.path + "'", found);
  return found;
}

/// Files that share one clock: one stream whose updates join, or Tardis files of one instrument.
struct Segment {
  std::uint16_t instrument = 0;
  std::vector<std::size_t> files;
};

std::vector<Segment> make_segments(CaptureInfo& info, const std::vector<std::uint16_t>& ids) {
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    CaptureFileInfo& file = info.files[i];
    const bool same = !segments.empty() && segments.back().instrument == ids[i];
    if (same) {
      const CaptureFileInfo& before = info.files[segments.back().files.back()];
      const bool is_raw = file.format == CaptureFormat::kBinanceRaw;
      file.joins_previous = is_raw == (before.format == CaptureFormat::kBinanceRaw) &&
                            (!is_raw || (file.first_id != 0 && file.first_id == before.last_id));
    }
    if (!same || !file.joins_previous) segments.push_back({ids[i], {}});
    segments.back().files.push_back(i);
  }
  return segments;
}

/// The segment's offset: the one handed over, else the least delay less the base latency.
Result<std::int64_t> offset_of(const CaptureInfo& info, const Segment& segment,
                               std::size_t number_of_instrument, const InspectOptions& options) {
  const CaptureFileInfo* least = nullptr;
  for (const std::size_t f : segment.files) {
    const CaptureFileInfo& file = info.files[f];
    if (!file.has_venue_time) continue;
    if (least == nullptr || file.least_delay_ns < least->least_delay_ns) least = &file;
  }
  std::size_t nth = 0;
  const std::string& id = info.instruments[segment.instrument].id;
  for (const auto& [given_id, offset] : options.clock_offsets) {
    if (given_id != id || nth++ != number_of_instrument) continue;
    if (least != nullptr && least->least_delay_ns <= offset) {
      return fail(least->path + ":" + std::to_string(least->least_delay_line) +
                  ": with the clock offset " + std::to_string(offset) + " ns this event arrives " +
                  std::to_string(offset - least->least_delay_ns) +
                  " ns before the venue sent it; the offset belongs to another recording");
    }
    return offset;
  }
  if (least == nullptr) return 0;
  return least->least_delay_ns - options.base_feed_latency_ns;
}

Result<void> add_streams(CaptureInfo& info, const std::vector<std::uint16_t>& ids,
                         const InspectOptions& options) {
  std::vector<std::size_t> count(info.instruments.size(), 0);
  info.first_origin_ns = std::numeric_limits<std::int64_t>::max();
  info.last_origin_ns = std::numeric_limits<std::int64_t>::min();
  for (const Segment& segment : make_segments(info, ids)) {
    const auto offset = offset_of(info, segment, count[segment.instrument]++, options);
    if (!offset) return std::unexpected(offset.error());
    for (const CaptureFormat format : {CaptureFormat::kBinanceRaw, CaptureFormat::kTardisBook,
                                       CaptureFormat::kTardisTrades}) {
      CaptureStream stream{segment.instrument, format, {}, *offset};
      for (const std::size_t f : segment.files) {
        const CaptureFileInfo& file = info.files[f];
        if (file.format != format) continue;
        stream.files.push_back(file.path);
        info.first_origin_ns = std::min(info.first_origin_ns, file.first_receive_ns - *offset);
        info.last_origin_ns = std::max(info.last_origin_ns, file.last_receive_ns - *offset);
      }
      if (!stream.files.empty()) info.streams.push_back(std::move(stream));
    }
  }
  return {};
}

}  // namespace

Result<CaptureInfo> inspect_captures(const std::vector<std::string>& files,
                                     const InspectOptions& options) {
  if (files.empty()) return fail_usage("no capture files given; name them with --data");
  CaptureInfo info;
  BinanceDecoder decoder(kFrameBytesMax);
  VenueMessage message(kFrameLevelsMax);
  for (const std::string& path : files) {
    CaptureFileInfo file;
    file.path = path;
    const bool is_binary = is_binary_capture(path);
    auto looked = is_binary ? read_binary_info(file) : scan(file, decoder, message);
    if (!looked) return fail_within("cannot use capture", looked);
    auto instrument = instrument_of(file, options);
    if (!instrument) return std::unexpected(instrument.error());
    file.instrument = std::move(*instrument);
    if (is_binary) {
      if (auto same = check_binary_grid(file); !same) return std::unexpected(same.error());
    }
    info.files.push_back(std::move(file));
  }
  for (const CaptureFileInfo& f : info.files) {
    const bool known = std::ranges::any_of(
        info.instruments, [&](const Instrument& i) { return i.id == f.instrument.id; });
    if (!known) info.instruments.push_back(f.instrument);
  }
  const auto index_of = [&](const CaptureFileInfo& f) {
    const auto at = std::ranges::find(info.instruments, f.instrument.id, &Instrument::id);
    return static_cast<std::uint16_t>(at - info.instruments.begin());
  };
  std::ranges::stable_sort(info.files, [&](const CaptureFileInfo& a, const CaptureFileInfo& b) {
    const auto ia = index_of(a);
    const auto ib = index_of(b);
    return ia != ib ? ia < ib : a.first_receive_ns < b.first_receive_ns;
  });
  std::vector<std::uint16_t> ids;
  Hasher digest;
  for (const CaptureFileInfo& f : info.files) {
    ids.push_back(index_of(f));
    digest.text(f.instrument.id);
    digest.add(f.digest);
    info.events += f.depths + f.tickers + f.trades + f.marks + f.snapshots;
  }
  info.data_digest = digest.value();
  if (auto added = add_streams(info, ids, options); !added) return std::unexpected(added.error());
  return info;
}

}  // namespace pinstripe
