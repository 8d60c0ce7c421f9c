// One frame out of a recorded file: receive time and bytes, by kind of file.
#pragma once

#include <cstdint>
#include <string_view>

#include "feed/frame.h"
#include "feed/line_reader.h"
#include "feed/source.h"

namespace pinstripe {

struct CaptureLine {
  FrameFormat format = FrameFormat::kBinanceRaw;
  bool has_time = false;  // false: the line does not begin as its kind of file does
  std::int64_t receive_ns = 0;
  std::string_view bytes;
  std::uint64_t line = 0;
  std::uint64_t offset = 0;  // of the line, in uncompressed bytes
  std::uint32_t column = 0;
};

/// Reads the next frame; the caller has called begin_group. Empty lines and CSV headers are passed
/// over. A line without a receive time is handed on whole, so that the stage refuses and counts it.
bool read_capture_line(LineReader& reader, CaptureFormat format, CaptureLine& out);

/// "<receive time> <json>": 13 digits are milliseconds, 16 microseconds, 19 nanoseconds.
bool split_raw_line(std::string_view line, std::int64_t& receive_ns, std::string_view& json);

/// Column `index` (from 0) of a CSV row.
std::string_view csv_column(std::string_view row, unsigned index);

}  // namespace pinstripe
