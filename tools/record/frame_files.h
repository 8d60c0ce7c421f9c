// Received frames to files in the forms that every verb takes as --data: Binance a file an
// instrument, REST snapshots in line; Bybit and OKX a file a venue, with each line's connection.
//
// A file that has grown or lasted enough is followed by another, which joins it: one of Binance
// begins with a depth update, which tells its market and what it follows, the others with a header
// and their connections.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "feed/frame.h"
#include "feed/live/market_rules.h"
#include "tools/record/packed_file.h"

namespace pinstripe {

struct RecordPlan {
  std::string folder = {};        // made where it does not exist
  CapturePacking packing = CapturePacking::kGzip;
  std::uint64_t rotate_bytes = 0; // on disk; 0: however many
  std::int64_t rotate_ns = 0;     // 0: however long
  std::string candles = {};       // as the hub's options have it: files name the connections
};

class FrameFiles {
 public:
  /// `instruments` must outlive it and are all recorded; `begin_ns` (CLOCK_REALTIME) is in the
  /// files' names.
  static Result<std::unique_ptr<FrameFiles>> open(std::span<const Instrument> instruments,
                                                  const RecordPlan& plan, std::int64_t begin_ns);

  /// `connection`: the name of what it came over. Lines of one file never go back in time: what
  /// another connection received before it bears the time of the line before.
  Result<void> add(const FeedFrame& frame, std::string_view connection);
  /// Writes out one file whose lines wait long enough; to be called between frames. `now_ns` by a
  /// clock that does not step: the stamps of frames may.
  Result<void> flush_due(std::int64_t now_ns);
  /// Writes out all that waits, as far as the disk takes it: the first error comes back.
  Result<void> flush_all();

  std::uint64_t frames() const noexcept { return frames_; }
  /// On disk.
  std::uint64_t bytes() const noexcept;
  std::uint64_t text_bytes() const noexcept;
  /// All that were made, in order.
  const std::vector<std::string>& files() const noexcept { return files_; }

 private:
  /// What goes into one file after the other.
  struct Track {
    std::string name;            // "BINANCE_USDM-BTCUSDT", "BYBIT_LINEAR"
    bool has_connections = false;
    std::unique_ptr<PackedFile> file;
    std::vector<std::string> introduced;  // connections that this file knows
    unsigned number = 0;         // of the file
    std::int64_t opened_ns = 0;
    std::int64_t newest_ns = 0;  // receive time of the last line
    bool waits = false;               // lines that are not on disk
    std::int64_t waits_since_ns = 0;  // by flush_due's clock; 0: it has not seen them
  };

  FrameFiles(std::span<const Instrument> instruments, const RecordPlan& plan)
      : instruments_(instruments), plan_(plan) {}
  Track& track_of(const FeedFrame& frame);
  bool is_due(const Track& track, const FeedFrame& frame) const noexcept;
  Result<void> begin_file(Track& track, std::int64_t now_ns);
  Result<void> end_file(Track& track);
  Result<void> flush(Track& track);
  void introduce(Track& track, std::int64_t now_ns, std::string_view connection);

  std::span<const Instrument> instruments_;
  RecordPlan plan_;
  std::string stamp_;                   // "20261122T001530Z"
  std::vector<Track> tracks_;
  std::vector<std::size_t> track_of_;   // by instrument
  std::vector<std::uint8_t> venues_;    // venue_numbers of the instruments
  std::vector<ConnectionPlan> connections_;
  std::vector<std::string> files_;
  std::uint64_t frames_ = 0;
  std::uint64_t ended_bytes_ = 0;       // of files that are closed
  std::uint64_t ended_text_bytes_ = 0;
};

}  // namespace pinstripe
