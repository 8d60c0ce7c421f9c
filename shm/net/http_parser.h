// HTTP/1.1 responses (RFC 9112) by pieces, without any I/O: heads, bodies by length, in chunks or
// to the end of the stream. Strict where leniency is how bodies get smuggled: lines end in CR LF,
// one length and one coding, nothing folded.
//
// One response lies in one buffer, taken at open: head, body, what is not read yet. Chunks are
// moved together as they come, so the body is one span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "shm/base/result.h"

namespace pinstripe::net {

enum class HttpStep : std::uint8_t { kNeedMore, kResponse, kFault };

enum class HttpFault : std::uint8_t {
  kNone,
  kBadStatusLine,
  kBadField,
  kHeadTooBig,
  kBodyTooBig,
  kBadLength,       // Content-Length that is no number, two that differ, or one beside chunks
  kUnknownCoding,   // a transfer or content coding that was not offered
  kBadChunk,
  kCutShort,        // the stream ended within a response
  kUnasked,         // bytes that no request asked for
};

const char* text_of(HttpFault fault) noexcept;

/// A whole response; its spans hold until the parser's begin() or writable().
struct HttpResponse {
  int status = 0;               // 100 .. 999
  bool keeps_alive = false;     // the connection may carry another request
  std::string_view fields;      // the field lines as they came, each with its CR LF
  std::string_view body;

  /// Value of the first field of that name (any case), or empty; `index` asks for later ones.
  std::string_view field(std::string_view name, std::size_t index = 0) const noexcept;
};

/// Whether a comma-separated list holds `word`, in any case.
bool list_holds(std::string_view list, std::string_view word) noexcept;
bool equal_in_any_case(std::string_view a, std::string_view b) noexcept;
std::string_view without_blanks(std::string_view s) noexcept;

class HttpParser {
 public:
  struct Options {
    std::size_t head_bytes_max = 32'768;
    std::size_t body_bytes_max = 64u << 20;
  };

  explicit HttpParser(const Options& options);

  /// A new response is expected; the last one is forgotten. Bytes left over are a fault.
  void begin() noexcept;
  /// As begin(), on a new connection.
  void begin_stream() noexcept;
  std::span<char> writable() noexcept;
  void commit(std::size_t bytes) noexcept;
  HttpStep next() noexcept;
  /// The peer has sent its last byte; a body without a length is whole now.
  HttpStep end_of_stream() noexcept;

  const HttpResponse& response() const noexcept { return response_; }
  HttpFault fault() const noexcept { return fault_; }
  /// Bytes behind a whole response: of another protocol, after status 101.
  std::string_view rest() const noexcept { return {buffer_.get() + read_, end_ - read_}; }
  /// Nothing of a response has come yet.
  bool is_untouched() const noexcept { return state_ == State::kHead && end_ == 0; }

 private:
  enum class State : std::uint8_t {
    kHead, kLength, kToEnd, kChunkLine, kChunkData, kChunkEnd, kTrailer, kWhole, kFault
  };

  HttpStep step() noexcept;
  bool read_head() noexcept;
  bool read_status_line(std::string_view line) noexcept;
  bool check_fields(std::string_view fields) noexcept;
  bool read_framing(bool is_version_1_1) noexcept;
  bool read_length(bool is_chunked) noexcept;
  bool take_length() noexcept;
  bool take_to_end() noexcept;
  bool take_chunk_line() noexcept;
  bool take_chunk_data() noexcept;
  bool take_chunk_end() noexcept;
  bool take_trailer() noexcept;
  bool find_line(std::size_t limit, std::string_view& line) noexcept;
  void close_gap() noexcept;
  void finish() noexcept;
  bool fail_with(HttpFault fault) noexcept;

  Options options_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  State state_ = State::kHead;
  HttpFault fault_ = HttpFault::kNone;
  std::size_t end_ = 0;         // of what has been written
  std::size_t read_ = 0;        // of what has been taken
  std::size_t searched_ = 0;    // of the head, looked through for its end
  std::size_t body_begin_ = 0;
  std::size_t body_end_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::uint64_t remaining_ = 0;  // of the body or the chunk
  HttpResponse response_;
};

}  // namespace pinstripe::net
