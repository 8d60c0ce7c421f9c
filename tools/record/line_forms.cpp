#include "tools/record/line_forms.h"

#include <algorithm>
#include <charconv>

#include "shm/base/units.h"

namespace pinstripe {
namespace {

void add_number(std::int64_t value, std::string& to) {
  char digits[24];
  const auto written = std::to_chars(digits, digits + sizeof(digits), value);
  to.append(digits, written.ptr);
}

/// 1786310817.601629000
void add_seconds(std::int64_t ns, std::string& to) {
  add_number(ns / kNsPerSecond, to);
  // The one in front keeps the zeros of the places, and makes way for the point.
  const std::size_t at = to.size();
  add_number(kNsPerSecond + ns % kNsPerSecond, to);
  to[at] = '.';
}

/// The inside of a JSON string.
void add_escaped(std::string_view text, std::string& to) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20) {
      to += "\\u00";
      to += kHex[code >> 4];
      to += kHex[code & 15];
      continue;
    }
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
}

void add_head(std::string_view type, std::string_view connection, std::int64_t time_ns,
              std::string& to) {
  to += "{\"t\":\"";
  to += type;
  to += "\",\"conn\":\"";
  add_escaped(connection, to);
  to += "\",\"ts\":";
  add_seconds(time_ns, to);
}

}  // namespace

void add_plain_line(std::int64_t receive_ns, std::string_view frame, std::string& to) {
  add_number(receive_ns, to);
  to += ' ';
  const std::size_t at = to.size();
  to += frame;
  std::replace_if(to.begin() + static_cast<std::ptrdiff_t>(at), to.end(),
                  [](char c) { return c == '\n' || c == '\r'; }, ' ');
  to += '\n';
}

void add_header_line(std::string_view exchange, std::string& to) {
  to += "{\"t\":\"header\",\"format\":2,\"exchange\":\"";
  add_escaped(exchange, to);
  to += "\"}\n";
}

void add_connect_line(std::int64_t time_ns, std::string_view connection, std::string_view address,
                      std::string& to) {
  add_head("connect", connection, time_ns, to);
  to += ",\"addr\":\"";
  add_escaped(address, to);
  to += "\"}\n";
}

void add_received_line(std::int64_t receive_ns, std::string_view connection,
                       std::string_view frame, std::string& to) {
  add_head("recv", connection, receive_ns, to);
  to += ",\"data\":\"";
  add_escaped(frame, to);
  to += "\"}\n";
}

}  // namespace pinstripe
