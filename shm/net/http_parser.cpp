#include "shm/net/http_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

constexpr std::size_t kReadRoomHttp = 16'384;  // one TLS record
constexpr std::size_t kChunkLineMax = 1'024;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token_char(char c) noexcept {
  if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_field_value(std::string_view s) noexcept {
  return std::ranges::all_of(s, [](char c) {
    const auto b = static_cast<unsigned char>(c);
    return b == '\t' || (b >= 0x20 && b != 0x7F);
  });
}

/// Cuts the next line off `text`, which ends in CR LF. The line comes without it.
std::string_view cut_line(std::string_view& text) noexcept {
  const std::size_t at = text.find("\r\n");
  const std::string_view line = text.substr(0, at);
  text.remove_prefix(std::min(text.size(), at == std::string_view::npos ? at : at + 2));
  return line;
}

}  // namespace

const char* text_of(HttpFault fault) noexcept {
  static constexpr std::array<const char*, 10> kTexts{
      "no fault",
      "no HTTP/1.x status line",
      "a header field that is none",
      "a head above the size limit",
      "a body above the size limit",
      "a content length that cannot be trusted",
      "a coding that was not offered",
      "a chunk that is none",
      "the connection ended within the response",
      "bytes that no request asked for"};
  return kTexts[static_cast<std::size_t>(fault)];
}

bool equal_in_any_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_blanks(std::string_view s) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}

bool list_holds(std::string_view list, std::string_view word) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (equal_in_any_case(without_blanks(list.substr(0, comma)), word)) return true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

std::string_view HttpResponse::field(std::string_view name, std::size_t index) const noexcept {
  for (std::string_view rest = fields; !rest.empty();) {
    const std::string_view line = cut_line(rest);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_in_any_case(line.substr(0, colon), name)) {
      continue;
    }
    if (index-- == 0) return without_blanks(line.substr(colon + 1));
  }
  return {};
}

// Pages are touched only as far as responses need them.
HttpParser::HttpParser(const Options& options)
    : options_(options),
      capacity_(options.head_bytes_max + options.body_bytes_max + 2 * kReadRoomHttp),
      buffer_(new char[capacity_]) {}

void HttpParser::begin() noexcept {
  const bool has_more = read_ != end_;
  begin_stream();
  if (has_more) fail_with(HttpFault::kUnasked);
}

void HttpParser::begin_stream() noexcept {
  state_ = State::kHead;
  fault_ = HttpFault::kNone;
  end_ = read_ = searched_ = body_begin_ = body_end_ = trailer_bytes_ = 0;
  remaining_ = 0;
  response_ = HttpResponse{};
}

std::span<char> HttpParser::writable() noexcept {
  PINSTRIPE_CHECK(capacity_ - end_ >= kReadRoomHttp, "next() was not called after commit()");
  return {buffer_.get() + end_, capacity_ - end_};
}

void HttpParser::commit(std::size_t bytes) noexcept {
  PINSTRIPE_CHECK(bytes <= capacity_ - end_, "more bytes committed than there was room for");
  if (state_ == State::kWhole) fail_with(HttpFault::kUnasked);
  if (state_ != State::kFault) end_ += bytes;
}

HttpStep HttpParser::next() noexcept {
  const HttpStep result = step();
  if (result == HttpStep::kNeedMore) close_gap();
  return result;
}

HttpStep HttpParser::step() noexcept {
  while (true) {
    bool goes_on = false;
    switch (state_) {
      case State::kHead: goes_on = read_head(); break;
      case State::kLength: goes_on = take_length(); break;
      case State::kToEnd: goes_on = take_to_end(); break;
      case State::kChunkLine: goes_on = take_chunk_line(); break;
      case State::kChunkData: goes_on = take_chunk_data(); break;
      case State::kChunkEnd: goes_on = take_chunk_end(); break;
      case State::kTrailer: goes_on = take_trailer(); break;
      case State::kWhole: return HttpStep::kResponse;
      case State::kFault: return HttpStep::kFault;
    }
    if (!goes_on && state_ != State::kFault) return HttpStep::kNeedMore;
  }
}

HttpStep HttpParser::end_of_stream() noexcept {
  if (state_ == State::kToEnd) {
    finish();
  } else if (state_ != State::kWhole && state_ != State::kFault) {
    fail_with(HttpFault::kCutShort);
  }
  return state_ == State::kWhole ? HttpStep::kResponse : HttpStep::kFault;
}

bool HttpParser::read_head() noexcept {
  const std::string_view text(buffer_.get(), end_);
  const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
  const std::size_t at = text.find(kEndOfHead, from);
  searched_ = end_;
  // The first bytes already tell whether this is HTTP at all.
  const std::size_t n = std::min<std::size_t>(end_, 7);
  if (text.substr(0, n) != std::string_view("HTTP/1.").substr(0, n)) {
    return fail_with(HttpFault::kBadStatusLine);
  }
  const bool is_found = at != std::string_view::npos;
  if ((is_found ? at : end_ - std::min(end_, kEndOfHead.size() - 1)) > options_.head_bytes_max) {
    return fail_with(HttpFault::kHeadTooBig);
  }
  if (!is_found) return false;
  std::string_view head = text.substr(0, at + 2);
  if (!read_status_line(cut_line(head))) return fail_with(HttpFault::kBadStatusLine);
  if (!check_fields(head)) return fail_with(HttpFault::kBadField);
  response_.fields = head;
  read_ = body_begin_ = body_end_ = at + kEndOfHead.size();
  if (response_.status < 200 && response_.status != 101) {  // to be followed by the real one
    std::memmove(buffer_.get(), buffer_.get() + read_, end_ - read_);
    end_ -= read_;
    read_ = searched_ = 0;
    response_ = HttpResponse{};
    return true;
  }
  return read_framing(text[7] == '1');
}

bool HttpParser::read_status_line(std::string_view line) noexcept {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
  if (line[7] != '0' && line[7] != '1') return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, response_.status);
  return error == std::errc{} && end == line.data() + 12 && response_.status >= 100 &&
         is_field_value(line);
}

bool HttpParser::check_fields(std::string_view fields) noexcept {
  while (!fields.empty()) {
    const std::string_view line = cut_line(fields);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    if (!std::ranges::all_of(line.substr(0, colon), is_token_char)) return false;
    if (!is_field_value(line.substr(colon + 1))) return false;
  }
  return true;
}

/// How long the body is (RFC 9112 6.3) and whether the connection stays.
bool HttpParser::read_framing(bool is_version_1_1) noexcept {
  const std::string_view connection = response_.field("Connection");
  response_.keeps_alive = is_version_1_1 ? !list_holds(connection, "close")
                                         : list_holds(connection, "keep-alive");
  const std::string_view content = response_.field("Content-Encoding");
  if (!content.empty() && !equal_in_any_case(content, "identity")) {
    return fail_with(HttpFault::kUnknownCoding);
  }
  const std::string_view coding = response_.field("Transfer-Encoding");
  const bool is_chunked = equal_in_any_case(coding, "chunked");
  if ((!coding.empty() && !is_chunked) || !response_.field("Transfer-Encoding", 1).empty()) {
    return fail_with(HttpFault::kUnknownCoding);
  }
  if (response_.status == 101 || response_.status == 204 || response_.status == 304) {
    finish();
    return true;
  }
  return read_length(is_chunked);
}

bool HttpParser::read_length(bool is_chunked) noexcept {
  const std::string_view length = response_.field("Content-Length");
  if (length.empty()) {
    state_ = is_chunked ? State::kChunkLine : State::kToEnd;
    if (!is_chunked) response_.keeps_alive = false;
    return true;
  }
  for (std::size_t i = 1; !response_.field("Content-Length", i).empty(); ++i) {
    if (response_.field("Content-Length", i) != length) return fail_with(HttpFault::kBadLength);
  }
  const char* const end = length.data() + length.size();
  const auto [at, error] = std::from_chars(length.data(), end, remaining_);
  if (error != std::errc{} || at != end || is_chunked) return fail_with(HttpFault::kBadLength);
  if (remaining_ > options_.body_bytes_max) return fail_with(HttpFault::kBodyTooBig);
  state_ = State::kLength;
  return true;
}

bool HttpParser::take_length() noexcept {
  const std::size_t n = std::min<std::uint64_t>(remaining_, end_ - read_);
  read_ += n;
  body_end_ += n;
  remaining_ -= n;
  if (remaining_ != 0) return false;
  finish();
  return true;
}

bool HttpParser::take_to_end() noexcept {
  body_end_ = read_ = end_;
  if (body_end_ - body_begin_ > options_.body_bytes_max) fail_with(HttpFault::kBodyTooBig);
  return false;
}

/// The line at read_, without its CR LF; false where it is not whole or too long.
bool HttpParser::find_line(std::size_t limit, std::string_view& line) noexcept {
  const std::string_view text(buffer_.get() + read_, end_ - read_);
  const std::size_t at = text.substr(0, limit + 2).find("\r\n");
  if (at == std::string_view::npos) {
    return text.size() >= limit + 2 ? fail_with(HttpFault::kBadChunk) : false;
  }
  line = text.substr(0, at);
  read_ += at + 2;
  return true;
}

bool HttpParser::take_chunk_line() noexcept {
  std::string_view line;
  if (!find_line(kChunkLineMax, line)) return false;
  const std::size_t digits = std::min(line.find_first_of("; \t"), line.size());
  const char* const end = line.data() + digits;
  const auto [at, error] = std::from_chars(line.data(), end, remaining_, 16);
  if (digits == 0 || error != std::errc{} || at != end) return fail_with(HttpFault::kBadChunk);
  if (remaining_ > options_.body_bytes_max - (body_end_ - body_begin_)) {
    return fail_with(HttpFault::kBodyTooBig);
  }
  state_ = remaining_ == 0 ? State::kTrailer : State::kChunkData;
  return true;
}

bool HttpParser::take_chunk_data() noexcept {
  const std::size_t n = std::min<std::uint64_t>(remaining_, end_ - read_);
  std::memmove(buffer_.get() + body_end_, buffer_.get() + read_, n);
  read_ += n;
  body_end_ += n;
  remaining_ -= n;
  if (remaining_ != 0) return false;
  state_ = State::kChunkEnd;
  return true;
}

bool HttpParser::take_chunk_end() noexcept {
  if (end_ - read_ < 2) return false;
  if (std::memcmp(buffer_.get() + read_, "\r\n", 2) != 0) return fail_with(HttpFault::kBadChunk);
  read_ += 2;
  state_ = State::kChunkLine;
  return true;
}

/// Fields behind the last chunk are read over.
bool HttpParser::take_trailer() noexcept {
  std::string_view line;
  if (!find_line(options_.head_bytes_max, line)) return false;
  trailer_bytes_ += line.size() + 2;
  if (trailer_bytes_ > options_.head_bytes_max) return fail_with(HttpFault::kHeadTooBig);
  if (line.empty()) finish();
  return true;
}

/// Moves what is not read yet down to the end of the body: it is less than a line.
void HttpParser::close_gap() noexcept {
  if (state_ == State::kHead || body_end_ == read_) return;
  std::memmove(buffer_.get() + body_end_, buffer_.get() + read_, end_ - read_);
  end_ -= read_ - body_end_;
  read_ = body_end_;
}

void HttpParser::finish() noexcept {
  state_ = State::kWhole;
  response_.body = {buffer_.get() + body_begin_, body_end_ - body_begin_};
}

bool HttpParser::fail_with(HttpFault fault) noexcept {
  state_ = State::kFault;
  fault_ = fault;
  return false;
}

}  // namespace pinstripe::net
