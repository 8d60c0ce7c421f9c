#include "feed/capture_lines.h"

#include <algorithm>
#include <cctype>
#include <charconv>

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

bool parse_whole(std::string_view text, std::int64_t& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && text.front() != '-' && read.ec == std::errc() &&
         read.ptr == text.data() + text.size();
}

/// Seconds with a point and up to nine places.
bool parse_seconds(std::string_view text, std::size_t point, std::int64_t& ns) {
  std::int64_t seconds = 0;
  std::int64_t part = 0;
  const std::string_view places = text.substr(point + 1);
  if (places.size() > 9 || !parse_whole(text.substr(0, point), seconds) ||
      !parse_whole(places, part)) {
    return false;
  }
  for (std::size_t i = places.size(); i < 9; ++i) part *= 10;
  return !__builtin_mul_overflow(seconds, kNsPerSecond, &ns) &&
         !__builtin_add_overflow(ns, part, &ns);
}

bool parse_time(std::string_view text, std::int64_t& ns) {
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos) return parse_seconds(text, point, ns);
  const std::int64_t unit = text.size() == 10 ? kNsPerSecond : unit_of(text.size());
  std::int64_t value = 0;
  return unit != 0 && parse_whole(text, value) && !__builtin_mul_overflow(value, unit, &ns);
}

/// What stands between `before` and the next `after`; empty where there is no such thing.
std::string_view between(std::string_view text, std::string_view before, char after) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  const std::size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

/// {"t":"recv","conn":"..","ts":..,"data":".."}: the recorder writes its members in this order.
RawLine split_recorded(std::string_view line) {
  RawLine raw;
  constexpr std::string_view kData = "\"data\":\"";
  const std::size_t at = line.find(kData);
  const std::string_view head = line.substr(0, at);
  const std::string_view type = between(head, "{\"t\":\"", '"');
  raw.connection = between(head, "\"conn\":\"", '"');
  raw.address = between(head, "\"addr\":\"", '"');
  if (type == "connect") {
    raw.kind = raw.address.empty() ? RawLine::Kind::kDamaged : RawLine::Kind::kConnect;
    return raw;
  }
  if (type == "header" || type == "send") {
    raw.kind = RawLine::Kind::kPassed;
    return raw;
  }
  if ((type != "recv" && type != "http") || at == std::string_view::npos) return raw;
  raw.address = type == "http" ? between(head, "\"url\":\"", '"') : std::string_view{};
  if (!line.ends_with("\"}") || line.size() < at + kData.size() + 2 ||
      !parse_time(between(head, "\"ts\":", ','), raw.receive_ns)) {
    return raw;
  }
  raw.kind = RawLine::Kind::kMessage;
  raw.is_escaped = true;
  raw.json = line.substr(at + kData.size(), line.size() - at - kData.size() - 2);
  return raw;
}

/// What all rows of one message share: timestamp, local_timestamp, is_snapshot.
std::string_view message_key(std::string_view row) {
  const std::string_view first = csv_column(row, 2);
  const std::string_view last = csv_column(row, 4);
  if (first.data() == nullptr || last.data() == nullptr) return {};
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

FrameFormat frame_format(CaptureFormat format) {
  if (format == CaptureFormat::kBybitRaw) return FrameFormat::kBybitRaw;
  return format == CaptureFormat::kOkxRaw ? FrameFormat::kOkxRaw : FrameFormat::kBinanceRaw;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::toupper(x) == std::toupper(y);
  });
}

bool is_wanted(const RawLine& raw, CaptureFormat format, const CaptureSelect& select) {
  if (select.symbol.empty()) return true;
  if (raw.kind == RawLine::Kind::kDamaged) return select.rest == RestOfLines::kFile;
  const auto& mine = select.connections;
  if (!mine.empty() && std::ranges::find(mine, raw.connection) == mine.end()) return false;
  const std::string_view symbol = symbol_in(format, raw.json, raw.address);
  return symbol.empty() ? select.rest != RestOfLines::kNone
                        : same_ignoring_case(symbol, select.symbol);
}

bool read_raw(LineReader& reader, CaptureFormat format, const CaptureSelect& select,
              CaptureLine& out) {
  std::string_view line;
  RawLine raw;
  do {
    reader.begin_group();
    if (!reader.next(line)) return false;
    raw = split_line(line);
    if (raw.is_escaped && !reader.unescape(raw.json)) raw.kind = RawLine::Kind::kDamaged;
  } while (line.empty() || raw.kind == RawLine::Kind::kConnect ||
           raw.kind == RawLine::Kind::kPassed || !is_wanted(raw, format, select));
  out.format = frame_format(format);
  out.line = reader.line_number();
  out.offset = reader.line_offset();
  out.has_time = raw.kind == RawLine::Kind::kMessage;
  out.receive_ns = raw.receive_ns;
  out.bytes = out.has_time ? raw.json : line;
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
  if (space == std::string_view::npos) return false;
  std::string_view time = line.substr(0, space);
  if (time.ends_with(':')) time.remove_suffix(1);
  if (!parse_time(time, receive_ns)) return false;
  json = line.substr(space + 1);
  return json.starts_with('{') || json == "pong";
}

RawLine split_line(std::string_view line) {
  if (line.starts_with("{\"t\":\"")) return split_recorded(line);
  RawLine raw;
  if (line.starts_with("ws://") || line.starts_with("wss://")) {
    // "<address> <- <time>: <what was sent>", "<address> <-> <time>"
    raw.kind = RawLine::Kind::kPassed;
  } else if (split_raw_line(line, raw.receive_ns, raw.json)) {
    raw.kind = RawLine::Kind::kMessage;
  }
  return raw;
}

std::string_view symbol_in(CaptureFormat format, std::string_view json, std::string_view address) {
  if (!address.empty()) {  // an answer names what was asked for in its request
    const std::string_view key = format == CaptureFormat::kOkxRaw ? "instId=" : "symbol=";
    const std::size_t at = address.find(key);
    if (at == std::string_view::npos) return {};
    address.remove_prefix(at + key.size());
    return address.substr(0, address.find('&'));
  }
  switch (format) {
    case CaptureFormat::kBybitRaw: {
      const std::string_view topic = between(json, "\"topic\":\"", '"');
      return topic.substr(topic.rfind('.') + 1);
    }
    case CaptureFormat::kOkxRaw:
      // Of a whole type of instruments, whichever it names first.
      if (json.substr(0, 64).contains("\"liquidation-orders\"")) return {};
      return between(json, "\"instId\":\"", '"');
    case CaptureFormat::kBinanceRaw: {
      const std::string_view stream = between(json, "\"stream\":\"", '@');
      return stream.empty() ? between(json, "\"s\":\"", '"') : stream;
    }
    case CaptureFormat::kTardisBook:
    case CaptureFormat::kTardisTrades: break;
  }
  return {};
}

bool read_capture_line(LineReader& reader, CaptureFormat format, const CaptureSelect& select,
                       CaptureLine& out) {
  const bool is_table =
      format == CaptureFormat::kTardisBook || format == CaptureFormat::kTardisTrades;
  return is_table ? read_tardis(reader, format, out) : read_raw(reader, format, select, out);
}

}  // namespace pinstripe
