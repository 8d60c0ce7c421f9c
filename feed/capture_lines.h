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

/// A line of a raw capture, in any of the three forms that recorders write:
///   <receive time> <message>              time: 13, 16 or 19 digits (ms, us, ns), or seconds with
///   <receive time>: <message>             a point
///   {"t":"recv","conn":..,"ts":..,"data":"<message>"}
struct RawLine {
  enum class Kind : std::uint8_t {
    kMessage,
    kConnect,  // a connection was opened: `address` says where
    kPassed,   // something else that was not received
    kDamaged,
  };
  Kind kind = Kind::kDamaged;
  bool is_escaped = false;        // `json` is the inside of a JSON string
  std::int64_t receive_ns = 0;
  std::string_view connection;    // third form: its name
  std::string_view address;       // third form: of a connection, or a REST request
  std::string_view json;
};
RawLine split_line(std::string_view line);

/// The instrument that a raw message speaks of, as the venue writes it (Binance stream names: in
/// small letters); empty where it names none. `address`: of the REST request that it answers, else
/// empty.
std::string_view symbol_in(CaptureFormat format, std::string_view json, std::string_view address);

/// Reads the next frame; the caller has called begin_group. Empty lines and CSV headers are passed
/// over. A line without a receive time is handed on whole, so that the stage refuses and counts it.
bool read_capture_line(LineReader& reader, CaptureFormat format, const CaptureSelect& select,
                       CaptureLine& out);
inline bool read_capture_line(LineReader& reader, CaptureFormat format, CaptureLine& out) {
  return read_capture_line(reader, format, CaptureSelect{}, out);
}

/// "<receive time> <json>": 13 digits are milliseconds, 16 microseconds, 19 nanoseconds.
bool split_raw_line(std::string_view line, std::int64_t& receive_ns, std::string_view& json);

/// Column `index` (from 0) of a CSV row.
std::string_view csv_column(std::string_view row, unsigned index);

}  // namespace pinstripe
