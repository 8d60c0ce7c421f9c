#include "feed/inspect.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "feed/binary_info.h"
#include "feed/inspect_scan.h"
#include "feed/instrument_file.h"
#include "feed/instrument_finder.h"
#include "shm/base/hash.h"

namespace pinstripe {
namespace {

std::string venue_of_exchange(const std::string& exchange) {
  if (exchange == "binance") return "BINANCE_SPOT";
  if (exchange == "binance-futures") return "BINANCE_USDM";
  if (exchange == "binance-delivery") return "BINANCE_COINM";
  std::string upper = exchange;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

/// Market and symbol: from the options, else from what the frames show.
Result<Instrument> instrument_of(const CaptureFileInfo& info, const InspectOptions& options,
                                 const InstrumentFinder& finder) {
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
  auto found = finder.find(venue, symbol);
  if (!found) return fail_within("'" + info.path + "'", found);
  return found;
}

bool is_tardis(CaptureFormat format) {
  return format == CaptureFormat::kTardisBook || format == CaptureFormat::kTardisTrades;
}

/// Files that share one clock: one stream whose updates join, or Tardis files of one instrument.
struct Segment {
  std::uint16_t instrument = 0;
  std::vector<std::size_t> files;
};

bool is_within(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return std::ranges::all_of(
      some, [&](const std::string& s) { return std::ranges::find(all, s) != all.end(); });
}

std::vector<Segment> make_segments(CaptureInfo& info, const std::vector<std::uint16_t>& ids) {
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    CaptureFileInfo& file = info.files[i];
    const bool same = !segments.empty() && segments.back().instrument == ids[i];
    if (same) {
      const CaptureFileInfo& before = info.files[segments.back().files.back()];
      const bool is_table = is_tardis(file.format);
      const bool joins_by_id = file.first_id != 0 && file.first_id == before.last_id;
      // A recording that went on in another file has the same connections there, but for those on
      // which a short file saw nothing.
      const bool same_links = is_within(file.select.connections, before.select.connections) ||
                              is_within(before.select.connections, file.select.connections);
      file.joins_previous = is_table ? is_tardis(before.format)
                                     : file.format == before.format && joins_by_id && same_links;
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
  const auto is_of_segment = [&](const CaptureFileInfo& file) {
    return std::ranges::any_of(segment.files,
                               [&](std::size_t f) { return info.files[f].path == file.path; });
  };
  // All instruments of one recording were received by one clock.
  for (const CaptureFileInfo& file : info.files) {
    if (!file.has_venue_time || !is_of_segment(file)) continue;
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

/// Streams of a recording's instrument: one a connection, each in time order in itself. What names
/// no instrument comes with the first stream of its connection, what cannot be told with the
/// file's first.
void add_selected(CaptureInfo& info, const Segment& segment, std::int64_t offset_ns) {
  const CaptureFileInfo& first = info.files[segment.files.front()];
  info.first_origin_ns = std::min(info.first_origin_ns, first.first_receive_ns - offset_ns);
  std::vector<std::string> connections;
  for (const std::size_t f : segment.files) {
    for (const std::string& c : info.files[f].select.connections) {
      if (std::ranges::find(connections, c) == connections.end()) connections.push_back(c);
    }
  }
  if (connections.empty()) connections.emplace_back();
  for (const std::string& connection : connections) {
    CaptureStream stream{segment.instrument, first.format, {}, offset_ns, {}};
    for (const std::size_t f : segment.files) {
      const CaptureFileInfo& file = info.files[f];
      CaptureSelect select{file.select.symbol, {}, RestOfLines::kFile};
      if (!connection.empty()) select.connections.push_back(connection);
      for (const CaptureStream& other : info.streams) {
        for (std::size_t i = 0; i < other.files.size(); ++i) {
          if (other.files[i] != file.path || other.selects.empty()) continue;
          const bool same = other.selects[i].connections == select.connections;
          select.rest = same ? RestOfLines::kNone
                             : std::min(select.rest, RestOfLines::kConnection);
        }
      }
      stream.files.push_back(file.path);
      stream.selects.push_back(std::move(select));
      info.last_origin_ns = std::max(info.last_origin_ns, file.last_receive_ns - offset_ns);
    }
    info.streams.push_back(std::move(stream));
  }
}

Result<void> add_streams(CaptureInfo& info, const std::vector<std::uint16_t>& ids,
                         const InspectOptions& options) {
  std::vector<std::size_t> count(info.instruments.size(), 0);
  info.first_origin_ns = std::numeric_limits<std::int64_t>::max();
  info.last_origin_ns = std::numeric_limits<std::int64_t>::min();
  for (const Segment& segment : make_segments(info, ids)) {
    const auto offset = offset_of(info, segment, count[segment.instrument]++, options);
    if (!offset) return std::unexpected(offset.error());
    if (!info.files[segment.files.front()].select.symbol.empty()) {
      add_selected(info, segment, *offset);
      continue;
    }
    for (const CaptureFormat format : {CaptureFormat::kBinanceRaw, CaptureFormat::kTardisBook,
                                       CaptureFormat::kTardisTrades, CaptureFormat::kBybitRaw,
                                       CaptureFormat::kOkxRaw}) {
      CaptureStream stream{segment.instrument, format, {}, *offset, {}};
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

/// Adds the entries of one file.
Result<void> look_at(const std::string& path, const InspectOptions& options,
                     InstrumentFinder& finder, ScanBuffers& buffers, CaptureInfo& info) {
  if (auto entered = finder.enter(path); !entered) return entered;
  const bool is_binary = is_binary_capture(path);
  CaptureFileInfo file;
  file.path = path;
  if (is_binary) {
    if (auto read = read_binary_info(file); !read) {
      return fail_within("cannot use capture", read);
    }
  } else {
    auto kind = capture_kind(path);
    if (!kind) return fail_within("cannot use capture", kind);
    if (kind->is_recording) {
      auto entries = scan_recording(path, kind->format, options, finder, buffers, info.left_out);
      if (!entries) return fail_within("cannot use capture", entries);
      std::ranges::move(*entries, std::back_inserter(info.files));
      return {};
    }
    file.format = kind->format;
    if (auto scanned = scan_capture(file, buffers); !scanned) {
      return fail_within("cannot use capture", scanned);
    }
  }
  auto instrument = instrument_of(file, options, finder);
  if (!instrument) return std::unexpected(instrument.error());
  file.instrument = std::move(*instrument);
  if (is_binary) {
    if (auto same = check_binary_grid(file); !same) return same;
  }
  info.files.push_back(std::move(file));
  return {};
}

/// The instruments of all files; one that two of them define otherwise (shipped for one, beside the
/// other) would be counted in two ways.
Result<void> gather_instruments(CaptureInfo& info) {
  for (const CaptureFileInfo& f : info.files) {
    const auto known = std::ranges::find(info.instruments, f.instrument.id, &Instrument::id);
    if (known == info.instruments.end()) {
      info.instruments.push_back(f.instrument);
      continue;
    }
    const std::string differs = definition_difference(*known, f.instrument);
    if (differs.empty()) continue;
    return fail_usage("'" + f.path + "' and a capture before it define " + known->id +
                      " otherwise: " + differs + "; definitions lie beside captures in '" +
                      kInstrumentFileName + "', else they are the shipped ones. Give the captures "
                      "of one definition at a time");
  }
  return {};
}

}  // namespace

Result<CaptureInfo> inspect_captures(const std::vector<std::string>& files,
                                     const InspectOptions& options) {
  CaptureInfo info;
  ScanBuffers buffers;
  InstrumentFinder finder(options.definitions);
  for (const std::string& path : files) {
    if (is_instrument_file(path)) continue;
    if (auto looked = look_at(path, options, finder, buffers, info); !looked) {
      return std::unexpected(looked.error());
    }
  }
  if (info.files.empty()) return fail_usage("no capture files given; name them with --data");
  info.defined = finder.defined();
  info.definition_files = finder.files();
  if (auto gathered = gather_instruments(info); !gathered) {
    return std::unexpected(gathered.error());
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
