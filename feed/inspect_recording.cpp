// Recordings of whole sessions: several connections, several instruments, one local clock.
#include <algorithm>
#include <limits>
#include <map>

#include "feed/inspect_scan.h"
#include "feed/instrument_file.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

/// What came of one instrument over one connection.
struct Part {
  std::string symbol;
  std::string connection;
  CaptureFileInfo info;
  bool is_linear = false;  // tickers with a mark price were there
};

struct Recording {
  std::vector<Part> parts;  // in order of appearance
  std::map<std::string, std::string, std::less<>> addresses;  // by connection
  std::map<std::string, std::int64_t, std::less<>> newest;    // receive time, by connection
  std::int64_t frames = 0, bad_lines = 0;
  std::uint64_t digest = 0;

  Part& part(std::string_view symbol, std::string_view connection) {
    for (Part& p : parts) {
      if (p.symbol == symbol && p.connection == connection) return p;
    }
    parts.push_back({std::string(symbol), std::string(connection), {}, false});
    return parts.back();
  }
};

/// "BTC-USDT" is spot, "BTC-USD-SWAP" a swap, "BTC-USD-220527" a dated future, what is longer an
/// option, of which there are no records.
std::string okx_venue(std::string_view symbol) {
  const auto dashes = std::ranges::count(symbol, '-');
  if (symbol.ends_with("-SWAP")) return "OKX_SWAP";
  if (dashes == 1) return "OKX";
  return dashes == 2 ? "OKX_FUTURES" : "OKX_OPTIONS";
}

/// Bybit's topics are the same on every market: the connection's address tells them apart, and
/// where none is recorded that only perpetuals have a mark price.
std::string bybit_venue(std::string_view address, bool is_linear) {
  if (address.contains("/linear") || address.contains("category=linear")) return "BYBIT_LINEAR";
  if (address.contains("/spot") || address.contains("category=spot")) return "BYBIT";
  if (address.contains("/inverse")) return "BYBIT_INVERSE";
  if (address.empty() && is_linear) return "BYBIT_LINEAR";
  return "";
}

std::string binance_venue(std::string_view address) {
  if (address.contains("fstream") || address.contains("fapi")) return "BINANCE_USDM";
  if (address.contains("dstream") || address.contains("dapi")) return "BINANCE_COINM";
  return "BINANCE_SPOT";
}

std::string venue_of(const Part& p, CaptureFormat format, const Recording& recording,
                     const InspectOptions& options) {
  const auto found = recording.addresses.find(p.connection);
  // Both named as views: a string and a literal would make a temporary string.
  const std::string_view address = found == recording.addresses.end()
                                       ? std::string_view()
                                       : std::string_view(found->second);
  std::string venue;
  if (format == CaptureFormat::kOkxRaw) venue = okx_venue(p.symbol);
  if (format == CaptureFormat::kBybitRaw) venue = bybit_venue(address, p.is_linear);
  if (format == CaptureFormat::kBinanceRaw) venue = binance_venue(address);
  // Without an address the config's word counts.
  return venue.empty() && address.empty() ? options.market : venue;
}

/// Takes one received message; its part learns of it.
Result<void> take_raw(const RawLine& raw, std::uint64_t line, const std::string& path,
                      CaptureFormat format, ScanBuffers& buffers, Recording& recording) {
  const std::string_view symbol = symbol_in(format, raw.json, raw.address);
  if (symbol.empty()) return {};
  std::string upper(symbol);
  if (format == CaptureFormat::kBinanceRaw) {
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  }
  if (!raw.address.empty() && !recording.addresses.contains(raw.connection)) {
    recording.addresses.emplace(raw.connection, raw.address);
  }
  Part& p = recording.part(upper, raw.connection);
  CaptureFileInfo& info = p.info;
  ++info.frames;
  VenueMessage& m = buffers.message;
  const FrameFormat frame_format = format == CaptureFormat::kBybitRaw ? FrameFormat::kBybitRaw
                                   : format == CaptureFormat::kOkxRaw ? FrameFormat::kOkxRaw
                                                                      : FrameFormat::kBinanceRaw;
  if (buffers.decoder.decode(frame_format, raw.json, m).kind != FeedErrorKind::kNone) {
    ++info.bad_lines;
    return {};
  }
  if (!are_plausible(m, raw.receive_ns)) return refuse_times(path, m, raw.receive_ns, line);
  std::int64_t receive_ns = raw.receive_ns;
  const auto known = recording.newest.try_emplace(std::string(raw.connection), receive_ns).first;
  std::int64_t& newest = known->second;
  if (receive_ns < newest) {
    if (info.backward_times++ == 0) info.backward_line = line;
    receive_ns = newest;
  }
  newest = receive_ns;
  if (info.first_receive_ns == 0) info.first_receive_ns = receive_ns;
  info.last_receive_ns = receive_ns;
  p.is_linear |= m.kind == VenueKind::kTickerState && (m.ticker.has & kHasMark) != 0;
  take_message(m, receive_ns, line, info);
  info.symbol = upper;
  return {};
}

Result<void> read_recording(const std::string& path, CaptureFormat format, ScanBuffers& buffers,
                            Recording& recording) {
  auto reader = LineReader::open(path, ScanBuffers::kFrameBytesMax);
  if (!reader) return std::unexpected(reader.error());
  Hasher digest;
  std::string_view line;
  (*reader)->begin_group();
  while ((*reader)->next(line)) {
    RawLine raw = split_line(line);
    if (raw.is_escaped && !(*reader)->unescape(raw.json)) raw.kind = RawLine::Kind::kDamaged;
    const std::uint64_t number = (*reader)->line_number();
    (*reader)->begin_group();
    if (line.empty() || raw.kind == RawLine::Kind::kPassed) continue;
    if (raw.kind == RawLine::Kind::kConnect) {
      recording.addresses.insert_or_assign(std::string(raw.connection), std::string(raw.address));
      continue;
    }
    ++recording.frames;
    const std::string_view bytes = raw.kind == RawLine::Kind::kDamaged ? line : raw.json;
    digest.add(static_cast<std::uint64_t>(raw.receive_ns));
    digest.bytes(bytes.data(), bytes.size());
    if (raw.kind == RawLine::Kind::kDamaged) {
      ++recording.bad_lines;
      continue;
    }
    auto taken = take_raw(raw, number, path, format, buffers, recording);
    if (!taken) return taken;
  }
  if ((*reader)->error()) return std::unexpected(*(*reader)->error());
  recording.digest = digest.value();
  return {};
}

/// Adds one connection's part to what is known of its instrument.
void merge(const CaptureFileInfo& from, CaptureFileInfo& to) {
  if (from.first_receive_ns != 0) {
    const bool is_first = to.first_receive_ns == 0;
    to.first_receive_ns = is_first ? from.first_receive_ns
                                   : std::min(to.first_receive_ns, from.first_receive_ns);
    to.last_receive_ns = std::max(to.last_receive_ns, from.last_receive_ns);
  }
  for (const auto count : {&CaptureFileInfo::frames, &CaptureFileInfo::depths,
                           &CaptureFileInfo::tickers, &CaptureFileInfo::trades,
                           &CaptureFileInfo::marks, &CaptureFileInfo::snapshots,
                           &CaptureFileInfo::bad_lines, &CaptureFileInfo::backward_times}) {
    to.*count += from.*count;
  }
  if (to.backward_line == 0) to.backward_line = from.backward_line;
  if (from.has_depth) {
    to.has_depth = true;
    to.has_prev = from.has_prev;
    to.first_id = from.first_id;
    to.last_id = std::max(to.last_id, from.last_id);
  }
  if (!from.has_venue_time) return;
  if (to.has_venue_time && to.least_delay_ns <= from.least_delay_ns) return;
  to.has_venue_time = true;
  to.least_delay_ns = from.least_delay_ns;
  to.least_delay_line = from.least_delay_line;
}

bool is_wanted(const std::string& id, const InspectOptions& options) {
  if (!options.symbol.empty() && options.market + ":" + options.symbol == id) return true;
  if (!options.instruments.empty()) {
    return std::ranges::find(options.instruments, id) != options.instruments.end();
  }
  return options.symbol.empty();
}

/// The entry of an instrument, made where there is none yet; null where it is not to be traded.
CaptureFileInfo* entry_of(const std::string& venue, const Part& p, const InspectOptions& options,
                          const InstrumentFinder& finder, std::vector<CaptureFileInfo>& entries,
                          std::vector<std::string>& left_out) {
  const std::string id = venue.empty() ? p.symbol : venue + ":" + p.symbol;
  for (CaptureFileInfo& e : entries) {
    if (e.instrument.id == id) return &e;
  }
  auto known = finder.find(venue, p.symbol);
  if (!known || !is_wanted(id, options)) {
    if (std::ranges::find(left_out, id) == left_out.end()) left_out.push_back(id);
    return nullptr;
  }
  CaptureFileInfo e;
  e.instrument = std::move(*known);
  e.symbol = p.symbol;
  e.exchange = venue;
  e.select.symbol = p.symbol;
  entries.push_back(std::move(e));
  return &entries.back();
}

std::unexpected<Error> refuse_empty(const std::string& path, const std::vector<std::string>& has) {
  if (has.empty()) {
    return fail("'" + path + "' holds no message that names an instrument; recordings have lines "
                "'<receive time> <json>' or '{\"t\":\"recv\",..}'");
  }
  std::string list;
  for (const std::string& id : has) list += (list.empty() ? "" : ", ") + id;
  return fail_usage("'" + path + "' holds none of the instruments asked for; it holds " + list +
                    "; name one of them that is defined in feed/instruments/ or in '" +
                    instrument_file_beside(path) + "', with its market where it is missing");
}

}  // namespace

Result<std::vector<CaptureFileInfo>> scan_recording(const std::string& path, CaptureFormat format,
                                                    const InspectOptions& options,
                                                    const InstrumentFinder& finder,
                                                    ScanBuffers& buffers,
                                                    std::vector<std::string>& left_out) {
  Recording recording;
  if (auto read = read_recording(path, format, buffers, recording); !read) {
    return std::unexpected(read.error());
  }
  std::vector<CaptureFileInfo> entries;
  std::vector<std::string> others;
  for (const Part& p : recording.parts) {
    const std::string venue = venue_of(p, format, recording, options);
    CaptureFileInfo* const e = entry_of(venue, p, options, finder, entries, others);
    if (e == nullptr) continue;
    merge(p.info, *e);
    if (!p.connection.empty()) e->select.connections.push_back(p.connection);
  }
  // Subscribed to, but nothing came.
  std::erase_if(entries, [](const CaptureFileInfo& e) { return e.first_receive_ns == 0; });
  if (entries.empty()) return refuse_empty(path, others);
  for (CaptureFileInfo& e : entries) {
    e.path = path;
    e.format = format;
    e.digest = recording.digest;
  }
  entries.front().bad_lines += recording.bad_lines;
  left_out.insert(left_out.end(), others.begin(), others.end());
  return entries;
}

}  // namespace pinstripe
