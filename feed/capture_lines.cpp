#include "feed/capture_lines.h"

namespace pinstripe {
namespace {

/// Nanoseconds in one unit of a time with so many digits; 0 = no such unit.
std::int64_t unit_of(std::size_t digits) {
  switch (digits) {
    case 13: return kNsPerMs;
    case 16: return kNsPerUs;
    case 19: return 1;
    default: return 0;
  }
}

bool parse_time(std::string_view text, std::int64_t& ns) {
  const std::int64_t unit = unit_of(text.size());
  if (unit == 0) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return false;
    if (__builtin_add_overflow(value, std::int64_t{c - '0'}, &value)) return false;
  }
  return !__builtin_mul_overflow(value, unit, &ns);
}

/// What all rows of one message share: timestamp, local_timestamp, is_snapshot.
std::string_view message_key(std::string_view row) {
  const std::string_view first = csv_column(row, 2);
  const std::string_view last = csv_column(row, 4);
  if (first.data() == nullptr || last.data() == nullptr) return {};
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

bool read_raw(LineReader& reader, CaptureLine& out) {
  std::string_view line;
  do {
    if (!reader.next(line)) return false;
  } while (line.empty());
  out.format = FrameFormat::kBinanceRaw;
  out.line = reader.line_number();
  out.offset = reader.line_offset();
  std::string_view json;
  out.has_time = split_raw_line(line, out.receive_ns, json);
  out.bytes = out.has_time ? json : line;
  out.column = static_cast<std::uint32_t>(out.bytes.data() - line.data());
  return true;
}

bool read_tardis(LineReader& reader, CaptureFormat format, CaptureLine& out) {
  std::string_view line;
  do {
    reader.begin_group();
    if (!reader.next(line)) return false;
  } while (line.empty() || line.starts_with("exchange,"));
  out.line = reader.line_number();
  out.offset = reader.line_offset();
  out.column = 0;
  out.has_time = parse_time(csv_column(line, 3), out.receive_ns);
  if (format == CaptureFormat::kTardisTrades) {
    out.format = FrameFormat::kTardisTrades;
    out.bytes = line;
    return true;
  }
  out.format = FrameFormat::kTardisBook;
  std::string_view ahead;
  // `next` and `look` may move the group, so the key is read anew from it each time.
  while (reader.look(ahead)) {
    const std::string_view key = message_key(reader.group());
    if (key.empty() || message_key(ahead) != key) break;
    reader.next(line);
  }
  out.bytes = reader.group();
  return true;
}

}  // namespace

std::string_view csv_column(std::string_view row, unsigned index) {
  const std::size_t line_end = row.find('\n');
  row = row.substr(0, line_end);
  for (; index > 0; --index) {
    const std::size_t comma = row.find(',');
    if (comma == std::string_view::npos) return {};
    row.remove_prefix(comma + 1);
  }
  return row.substr(0, row.find(','));
}

bool split_raw_line(std::string_view line, std::int64_t& receive_ns, std::string_view& json) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !parse_time(line.substr(0, space),
      receive_ns)) return false;
  json = line.substr(space + 1);
  return !json.empty() && json.front() == '{';
}

bool read_capture_line(LineReader& reader, CaptureFormat format, CaptureLine& out) {
  return format == CaptureFormat::kBinanceRaw ? read_raw(reader, out)
                                              : read_tardis(reader, format, out);
}

}  // namespace pinstripe
