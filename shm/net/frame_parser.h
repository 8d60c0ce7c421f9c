// RFC 6455 frames from a server, by pieces, without any I/O.
//
//   begin_                      end_                    capacity
//     | header | payload ...     |  <- writable()          |
//
// The bytes of the stream are written straight into the parser's buffer: writable(), commit(n),
// then next() until it says kNeedMore. A message of one frame that is not compressed is given out
// where it lies; only fragments and compressed messages are put together in a second buffer. Both
// buffers are taken at open; after that nothing is allocated.
//
// A message span is followed by kMessagePadding readable bytes (of whatever content), as whole
// vectors are loaded from it, and holds until the next call of next() or writable().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "shm/base/result.h"
#include "shm/net/inflater.h"
#include "shm/net/utf8.h"

namespace pinstripe::net {

/// Bytes that may be read behind each message.
inline constexpr std::size_t kMessagePadding = 64;
/// Bytes that writable() has at least: one TLS record.
inline constexpr std::size_t kReadRoom = 16'384;

enum class FrameKind : std::uint8_t { kNeedMore, kText, kBinary, kPing, kPong, kClose, kFault };

/// What a server must not send. The parser stops at the first.
enum class FrameFault : std::uint8_t {
  kNone,
  kReservedBits,            // set without an extension that means them
  kUnknownOpcode,
  kMasked,                  // a server must not mask
  kControlFragmented,
  kControlTooLong,          // more than 125 bytes
  kLengthForm,              // not the shortest form, or the top bit set
  kUnexpectedContinuation,  // nothing to continue
  kUnfinishedMessage,       // a new message before the last one ended
  kBadUtf8,
  kTooBig,
  kBadClosePayload,         // one byte
  kBadCloseCode,
  kBadDeflate,
};

/// Status code to close with (RFC 6455 7.4): 1002, 1007 or 1009; 0 for kNone.
std::uint16_t close_code_of(FrameFault fault) noexcept;
/// One sentence in words.
const char* text_of(FrameFault fault) noexcept;
/// Whether a peer may send this status code in a close frame.
bool is_valid_close_code(std::uint16_t code) noexcept;

/// What the peer gave no status code with stands as this (never on the wire).
inline constexpr std::uint16_t kCloseWithoutCode = 1005;

struct FrameEvent {
  FrameKind kind = FrameKind::kNeedMore;
  FrameFault fault = FrameFault::kNone;
  std::uint16_t close_code = 0;  // of kClose
  std::string_view payload;      // message, control payload, or the reason of kClose
};

class FrameParser {
 public:
  struct Options {
    std::size_t message_bytes_max = 16u << 20;  // of one message, inflated
    DeflateTerms deflate;
  };

  static Result<std::unique_ptr<FrameParser>> open(const Options& options);

  /// Where the next bytes of the stream go; at least kReadRoom. Ends the life of the last event.
  std::span<char> writable() noexcept;
  void commit(std::size_t bytes) noexcept;
  /// The next event. After kFault the same comes again; after kClose kNeedMore for ever.
  FrameEvent next() noexcept;

 private:
  enum class Opcode : std::uint8_t {
    kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10
  };
  struct Frame {
    bool is_open = false;  // header read, payload not yet taken whole
    bool is_fin = false;
    bool is_in_place = false;
    Opcode opcode = Opcode::kContinuation;
    std::size_t length = 0;  // payload bytes that are not taken yet
    std::size_t checked = 0;  // of these, bytes in the buffer that are already checked as UTF-8
  };
  struct Message {
    bool is_open = false;  // a first fragment has come
    bool is_text = false;
    bool is_compressed = false;
    std::size_t size = 0;  // in assembled_
  };

  FrameParser(const Options& options, std::unique_ptr<Inflater> inflater);

  bool read_header(FrameFault& fault) noexcept;
  FrameFault check_header(std::uint8_t first, std::uint8_t second) const noexcept;
  FrameFault check_length(std::uint64_t length, std::uint8_t form) const noexcept;
  void open_frame(std::uint8_t first, std::size_t length) noexcept;
  bool take_control(FrameEvent& event) noexcept;
  bool take_in_place(FrameEvent& event) noexcept;
  bool take_fragment(FrameEvent& event) noexcept;
  FrameFault append(std::string_view piece) noexcept;
  FrameFault append_compressed(std::string_view piece) noexcept;
  FrameFault end_message() noexcept;
  FrameFault inflated(InflateStatus status) noexcept;
  FrameEvent close_event(std::string_view payload) noexcept;
  FrameEvent failed(FrameFault fault) noexcept;
  std::size_t available() const noexcept { return end_ - begin_; }

  Options options_;
  std::unique_ptr<Inflater> inflater_;  // null where nothing was agreed
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> assembled_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Frame frame_;
  Message message_;
  Utf8Checker utf8_;
  FrameFault fault_ = FrameFault::kNone;
  bool is_closed_ = false;
};

}  // namespace pinstripe::net
