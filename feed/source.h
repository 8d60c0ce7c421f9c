// Where frames come from: recorded files or the synthetic market. I/O lives here, outside the
// stage.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feed/frame.h"
#include "shm/base/result.h"
#include "shm/base/state_io.h"
#include "shm/run/journal_layout.h"

namespace pinstripe {

/// A stream of frames in time order. No allocation per frame after opening.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// The next frame, valid until pop(); null at the end or after an error.
  virtual const FeedFrame* peek() = 0;
  virtual void pop() = 0;
  /// What stopped the source, if not the end of its data. Everything before it was delivered.
  virtual std::optional<Error> error() const = 0;
  /// Frames whose receive time ran backwards and was raised to the running maximum.
  virtual std::int64_t backward_times() const noexcept { return 0; }
  /// Names of the files, in the numbering of FeedFrame::file.
  virtual std::span<const std::string> files() const noexcept { return {}; }

  // A source that can be read again goes on anywhere: `save` here, `load` into a source freshly
  // opened of the same files and settings, and both show the same frames, positions and errors from
  // here on. None of this is for the hot path.
  /// False: the three functions below do nothing of use.
  virtual bool seekable() const noexcept { return false; }
  /// Where the frame that peek() shows lies (`frames` apart, which the runner counts).
  virtual FeedPosition position() const noexcept { return {}; }
  virtual void save(StateWriter&) const noexcept {}
  /// Refuses, by name, a file that is not the one it was (size or time of the last change).
  virtual Result<void> load(StateReader&) {
    return fail("this source of frames cannot be read again, so its session cannot go on from a "
                "checkpoint; start it anew");
  }
};

/// The numbers stand in binary captures.
enum class CaptureFormat : std::uint8_t {
  kBinanceRaw, kTardisBook, kTardisTrades, kBybitRaw, kOkxRaw,
};
inline constexpr std::array<std::string_view, 5> kCaptureFormatNames{
    "binance_raw", "tardis_book", "tardis_trades", "bybit_raw", "okx_raw"};
inline constexpr std::size_t kCaptureFormats = kCaptureFormatNames.size();

/// Lines that name no instrument (acknowledgements, damaged lines): whose stream they come with, so
/// that each is counted once.
enum class RestOfLines : std::uint8_t {
  kNone,
  kConnection,  // those of the stream's connections
  kFile,        // and those of which nothing can be told
};

/// What of a file with several instruments or connections belongs to a stream. Empty symbol: all.
struct CaptureSelect {
  std::string symbol;
  std::vector<std::string> connections;  // empty: whatever the connection
  RestOfLines rest = RestOfLines::kFile;
};

/// Files of one instrument and clock, read one after the other as one stream.
struct CaptureStream {
  std::uint16_t instrument = kNoInstrument;
  CaptureFormat format = CaptureFormat::kBinanceRaw;
  std::vector<std::string> files;  // in time order
  // origin = receive time - offset (trading.md 2)
  std::int64_t clock_offset_ns = 0;
  // What of each file, or empty: all of them.
  std::vector<CaptureSelect> selects = {};
};

/// Opens recorded streams and merges them by time; equal times keep the order of `streams`. gz,
/// zstd and plain files are told by their content.
Result<std::unique_ptr<FrameSource>> open_captures(const std::vector<CaptureStream>& streams);

/// At most `frames_max` frames (0 = all) and only frames before first origin + `span_ns` (0 = all).
std::unique_ptr<FrameSource> limit_source(std::unique_ptr<FrameSource> inner,
                                          std::uint64_t frames_max, std::int64_t span_ns);

}  // namespace pinstripe
