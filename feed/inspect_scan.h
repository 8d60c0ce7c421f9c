// Reading a capture through before a session: what inspect.h says of it.
#pragma once

#include <string>
#include <vector>

#include "feed/capture_lines.h"
#include "feed/inspect.h"
#include "feed/instrument_finder.h"
#include "feed/venue_decoder.h"

namespace pinstripe {

/// Memory for decoding, taken once for all files.
struct ScanBuffers {
  static constexpr std::size_t kFrameBytesMax = 4u << 20;
  VenueDecoder decoder{kFrameBytesMax};
  VenueMessage message{65'536};
};

struct CaptureKind {
  CaptureFormat format = CaptureFormat::kBinanceRaw;
  bool is_recording = false;  // of a session: may hold several instruments and connections
};

/// Tells the kind of file from its first line.
Result<CaptureKind> capture_kind(const std::string& path);

/// A file of one instrument; `info` has path and format.
Result<void> scan_capture(CaptureFileInfo& info, ScanBuffers& buffers);

/// A recording: one entry for each instrument that is known and, where `options` name some, wanted.
/// What it holds beside them is added to `left_out`.
Result<std::vector<CaptureFileInfo>> scan_recording(const std::string& path, CaptureFormat format,
                                                    const InspectOptions& options,
                                                    const InstrumentFinder& finder,
                                                    ScanBuffers& buffers,
                                                    std::vector<std::string>& left_out);

/// Adds to `info` what a message says of its file.
void take_message(const VenueMessage& message, std::int64_t receive_ns, std::uint64_t line,
                  CaptureFileInfo& info);
/// A clock may be wrong by seconds, even minutes; a receive time and a venue time an hour apart are
/// a damaged line, and would move the clock of the whole stream or the end of the session.
bool are_plausible(const VenueMessage& message, std::int64_t receive_ns);
std::unexpected<Error> refuse_times(const std::string& path, const VenueMessage& message,
                                    std::int64_t receive_ns, std::uint64_t line);

}  // namespace pinstripe
