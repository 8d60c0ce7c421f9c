// Looks through recorded files before a session: market, times, joins, clock offset, digest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "feed/source.h"
#include "shm/base/result.h"
#include "shm/market/instrument.h"

namespace pinstripe {

struct InspectOptions {
  // "BINANCE_SPOT", "BINANCE_USDM" or "BINANCE_COINM", and a symbol: override what the frames say.
  std::string market;
  std::string symbol;
  // Canonical ids: of a recording with several instruments only these. Empty: all that are known.
  std::vector<std::string> instruments;
  std::int64_t base_feed_latency_ns = 1'000'000;
  // Offsets handed over (`--clock-offset FILE`), by instrument id and, where several streams of one
  // instrument are given, in time order. Used instead of the computed ones.
  std::vector<std::pair<std::string, std::int64_t>> clock_offsets;
  // Those of a session that has its own already: they count in place of what lies beside the files.
  std::vector<Instrument> definitions;
};

struct CaptureFileInfo {
  std::string path;
  CaptureSelect select;  // what of the file this is about; without a symbol: all of it
  CaptureFormat format = CaptureFormat::kBinanceRaw;
  Instrument instrument;
  std::int64_t first_receive_ns = 0;  // local clock, as recorded
  std::int64_t last_receive_ns = 0;
  std::int64_t frames = 0, depths = 0, tickers = 0, trades = 0, snapshots = 0;
  std::int64_t marks = 0;  // and what else is reported now and then: closed candles, liquidations
  std::int64_t bad_lines = 0;
  std::int64_t backward_times = 0;   // receive times below an earlier one; raised to the newest
  std::uint64_t backward_line = 0;   // the first of them
  std::uint64_t first_id = 0;  // what the first depth update joins on: pu, or U - 1
  std::uint64_t last_id = 0;   // u of the last depth update
  std::int64_t least_delay_ns = 0;  // least (local - E)
  std::uint64_t least_delay_line = 0;
  bool has_venue_time = false;
  // What the frames say of the market.
  std::string symbol;
  std::string exchange;         // Tardis's name of it; of a recording the venue's id
  bool has_depth = false;
  bool has_prev = false;        // the first depth update has pu
  bool joins_previous = false;  // continues the stream of the file before it
  std::uint64_t digest = 0;     // of the uncompressed bytes
};

struct CaptureInfo {
  std::vector<CaptureFileInfo> files;  // by instrument (first appearance), then by time
  std::vector<Instrument> instruments; // in the order in which the files named them
  // instrument = index in `instruments`; ready for open_captures
  std::vector<CaptureStream> streams;
  std::int64_t first_origin_ns = 0;    // re-based
  std::int64_t last_origin_ns = 0;
  std::int64_t events = 0;
  std::uint64_t data_digest = 0;
  // What recordings hold beside that: instruments that are not known or not wanted.
  std::vector<std::string> left_out;
  std::vector<Instrument> defined;            // all that is defined beside the files
  std::vector<std::string> definition_files;  // that say so
};

/// Reads every file once; of a binary capture its header, which says the same. Files of definitions
/// (feed/instrument_file.h) are passed over: those beside the captures count whether they are named
/// or not. Refuses: a file that cannot be read or is cut (with offset), a symbol without an
/// instrument record, an instrument that two files' folders define otherwise, a clock offset under
/// which an event arrives before the venue sent it (with its line), a binary capture whose prices
/// are counted in another grid.
Result<CaptureInfo> inspect_captures(const std::vector<std::string>& files,
                                     const InspectOptions& options);

}  // namespace pinstripe
