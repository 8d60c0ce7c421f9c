#include "shm/net/frame_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "shm/base/check.h"

namespace pinstripe::net {
namespace {

constexpr std::size_t kHeaderMax = 14;
constexpr std::size_t kControlMax = 125;
/// What has been taken lies before begin_; beyond this much of it the rest is moved to the front,
/// so that the bytes stay in the near caches.
constexpr std::size_t kMoveBeyond = 65'536;

constexpr std::uint8_t kFin = 0x80, kRsv1 = 0x40, kRsv23 = 0x30, kOpcode = 0x0F, kMask = 0x80;

std::uint64_t big_endian(const char* p, std::size_t bytes) noexcept {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < bytes; ++i) v = v << 8 | static_cast<std::uint8_t>(p[i]);
  return v;
}

}  // namespace

std::uint16_t close_code_of(FrameFault fault) noexcept {
  switch (fault) {
    case FrameFault::kNone: return 0;
    case FrameFault::kBadUtf8:
    case FrameFault::kBadDeflate: return 1007;
    case FrameFault::kTooBig: return 1009;
    default: return 1002;
  }
}

const char* text_of(FrameFault fault) noexcept {
  static constexpr std::array<const char*, 14> kTexts{
      "no fault",
      "reserved bits are set without an extension that means them",
      "unknown opcode",
      "the server masked a frame",
      "a control frame is fragmented",
      "a control frame has more than 125 bytes",
      "a length is not in its shortest form",
      "a continuation without a beginning",
      "a new message began before the last one ended",
      "text that is not UTF-8",
      "a message above the size limit",
      "a close frame with one byte",
      "a close code that may not be sent",
      "compressed bytes that do not inflate"};
  return kTexts[static_cast<std::size_t>(fault)];
}

bool is_valid_close_code(std::uint16_t code) noexcept {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

Result<std::unique_ptr<FrameParser>> FrameParser::open(const Options& options) {
  std::unique_ptr<Inflater> inflater;
  if (options.deflate.is_on) {
    auto opened = Inflater::open(options.deflate);
    if (!opened) return fail_within("cannot open a frame parser", opened);
    inflater = std::move(*opened);
  }
  return std::unique_ptr<FrameParser>(new FrameParser(options, std::move(inflater)));
}

// Pages are touched only as far as messages need them.
FrameParser::FrameParser(const Options& options, std::unique_ptr<Inflater> inflater)
    : options_(options),
      inflater_(std::move(inflater)),
      capacity_(options.message_bytes_max + kMoveBeyond + kReadRoom + kHeaderMax + kControlMax),
      buffer_(new char[capacity_ + kMessagePadding]),
      assembled_(new char[options.message_bytes_max + 1 + kMessagePadding]) {
  std::memset(buffer_.get() + capacity_, 0, kMessagePadding);
}

std::span<char> FrameParser::writable() noexcept {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > kMoveBeyond) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, available());
    end_ -= begin_;
    begin_ = 0;
  }
  PINSTRIPE_CHECK(capacity_ - end_ >= kReadRoom, "next() was not called until kNeedMore");
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameParser::commit(std::size_t bytes) noexcept {
  PINSTRIPE_CHECK(bytes <= capacity_ - end_, "more bytes committed than there was room for");
  if (fault_ != FrameFault::kNone || is_closed_) return;  // nothing behind it is looked at
  end_ += bytes;
}

FrameEvent FrameParser::next() noexcept {
  if (fault_ != FrameFault::kNone) [[unlikely]] return failed(fault_);
  FrameEvent event;
  while (!is_closed_) {
    FrameFault fault = FrameFault::kNone;
    if (!frame_.is_open && !read_header(fault)) {
      return fault == FrameFault::kNone ? event : failed(fault);
    }
    const bool is_control = (static_cast<std::uint8_t>(frame_.opcode) & 8) != 0;
    const bool is_over = is_control           ? take_control(event)
                         : frame_.is_in_place ? take_in_place(event)
                                              : take_fragment(event);
    if (is_over) return event;
  }
  return event;
}

/// False where the header is not whole yet, or faulty.
bool FrameParser::read_header(FrameFault& fault) noexcept {
  if (available() < 2) return false;
  const char* const p = buffer_.get() + begin_;
  const auto first = static_cast<std::uint8_t>(p[0]);
  const auto second = static_cast<std::uint8_t>(p[1]);
  fault = check_header(first, second);
  if (fault != FrameFault::kNone) return false;
  const std::uint8_t form = second & 0x7F;
  const std::size_t extra = form == 126 ? 2 : form == 127 ? 8 : 0;
  if (available() < 2 + extra) return false;
  const std::uint64_t length = extra == 0 ? form : big_endian(p + 2, extra);
  fault = check_length(length, form);
  if (fault != FrameFault::kNone) return false;
  begin_ += 2 + extra;
  open_frame(first, static_cast<std::size_t>(length));
  return true;
}

FrameFault FrameParser::check_header(std::uint8_t first, std::uint8_t second) const noexcept {
  const std::uint8_t opcode = first & kOpcode;
  const bool is_control = (opcode & 8) != 0;
  if ((first & kRsv23) != 0) return FrameFault::kReservedBits;
  const bool may_be_compressed = inflater_ != nullptr && (opcode == 1 || opcode == 2);
  if ((first & kRsv1) != 0 && !may_be_compressed) return FrameFault::kReservedBits;
  if ((opcode > 2 && opcode < 8) || opcode > 10) return FrameFault::kUnknownOpcode;
  if ((second & kMask) != 0) return FrameFault::kMasked;
  if (is_control) {
    if ((first & kFin) == 0) return FrameFault::kControlFragmented;
    return (second & 0x7F) > kControlMax ? FrameFault::kControlTooLong : FrameFault::kNone;
  }
  if (opcode == 0 && !message_.is_open) return FrameFault::kUnexpectedContinuation;
  if (opcode != 0 && message_.is_open) return FrameFault::kUnfinishedMessage;
  return FrameFault::kNone;
}

FrameFault FrameParser::check_length(std::uint64_t length, std::uint8_t form) const noexcept {
  if ((form == 126 && length < 126) || (form == 127 && (length < 65'536 || length >> 63 != 0))) {
    return FrameFault::kLengthForm;
  }
  // Known from the header: not one byte of it is waited for. What is compressed may be larger
  // than what it inflates to by a few bytes a block, never by more than this.
  const std::size_t limit = options_.message_bytes_max;
  const std::size_t before = message_.is_open && !message_.is_compressed ? message_.size : 0;
  return length > limit - before ? FrameFault::kTooBig : FrameFault::kNone;
}

void FrameParser::open_frame(std::uint8_t first, std::size_t length) noexcept {
  frame_ = Frame{.is_open = true,
                 .is_fin = (first & kFin) != 0,
                 .opcode = static_cast<Opcode>(first & kOpcode),
                 .length = length};
  if (frame_.opcode != Opcode::kText && frame_.opcode != Opcode::kBinary) return;
  message_ = Message{.is_open = true,
                     .is_text = frame_.opcode == Opcode::kText,
                     .is_compressed = (first & kRsv1) != 0};
  utf8_.reset();
  frame_.is_in_place = frame_.is_fin && !message_.is_compressed;
  if (message_.is_compressed) {
    inflater_->begin({assembled_.get(), options_.message_bytes_max + 1});
  }
}

/// The whole payload must be there; it lies in the middle of a message or alone.
bool FrameParser::take_control(FrameEvent& event) noexcept {
  if (available() < frame_.length) return true;  // kNeedMore
  const std::string_view payload(buffer_.get() + begin_, frame_.length);
  begin_ += frame_.length;
  frame_.is_open = false;
  if (frame_.opcode == Opcode::kClose) {
    event = close_event(payload);
  } else {
    event.kind = frame_.opcode == Opcode::kPing ? FrameKind::kPing : FrameKind::kPong;
    event.payload = payload;
  }
  return true;
}

/// The usual case: one frame, one message, nothing moved.
bool FrameParser::take_in_place(FrameEvent& event) noexcept {
  const std::size_t there = std::min(available(), frame_.length);
  const char* const payload = buffer_.get() + begin_;
  if (message_.is_text && !utf8_.feed({payload + frame_.checked, there - frame_.checked})) {
    event = failed(FrameFault::kBadUtf8);
    return true;
  }
  frame_.checked = there;
  if (there < frame_.length) return true;  // kNeedMore
  if (message_.is_text && !utf8_.is_complete()) {
    event = failed(FrameFault::kBadUtf8);
    return true;
  }
  event.kind = message_.is_text ? FrameKind::kText : FrameKind::kBinary;
  event.payload = {payload, frame_.length};
  begin_ += frame_.length;
  frame_.is_open = false;
  message_.is_open = false;
  return true;
}

/// Fragments and compressed messages: what is there is taken over at once. False: look at the next
/// frame.
bool FrameParser::take_fragment(FrameEvent& event) noexcept {
  const std::size_t there = std::min(available(), frame_.length);
  const std::string_view piece(buffer_.get() + begin_, there);
  FrameFault fault = message_.is_compressed ? append_compressed(piece) : append(piece);
  begin_ += there;
  frame_.length -= there;
  const bool is_whole = frame_.length == 0;
  if (fault == FrameFault::kNone && is_whole && frame_.is_fin) fault = end_message();
  if (fault != FrameFault::kNone) {
    event = failed(fault);
    return true;
  }
  if (!is_whole) return true;  // kNeedMore
  frame_.is_open = false;
  if (!frame_.is_fin) return false;
  message_.is_open = false;
  event.kind = message_.is_text ? FrameKind::kText : FrameKind::kBinary;
  event.payload = {assembled_.get(), message_.size};
  return true;
}

FrameFault FrameParser::append(std::string_view piece) noexcept {
  std::memcpy(assembled_.get() + message_.size, piece.data(), piece.size());
  message_.size += piece.size();
  const bool is_bad = message_.is_text && !utf8_.feed(piece);
  return is_bad ? FrameFault::kBadUtf8 : FrameFault::kNone;
}

FrameFault FrameParser::append_compressed(std::string_view piece) noexcept {
  return piece.empty() ? FrameFault::kNone : inflated(inflater_->add(piece));
}

FrameFault FrameParser::end_message() noexcept {
  if (message_.is_compressed) {
    const FrameFault fault = inflated(inflater_->end());
    if (fault != FrameFault::kNone) return fault;
  }
  const bool is_cut = message_.is_text && !utf8_.is_complete();
  return is_cut ? FrameFault::kBadUtf8 : FrameFault::kNone;
}

/// Checks what has been inflated since the last look: it came before what went wrong.
FrameFault FrameParser::inflated(InflateStatus status) noexcept {
  const std::size_t before = message_.size;
  message_.size = inflater_->size();
  const std::string_view grown(assembled_.get() + before, message_.size - before);
  if (message_.is_text && !utf8_.feed(grown)) return FrameFault::kBadUtf8;
  if (status == InflateStatus::kTooBig) return FrameFault::kTooBig;
  return status == InflateStatus::kCorrupt ? FrameFault::kBadDeflate : FrameFault::kNone;
}

FrameEvent FrameParser::close_event(std::string_view payload) noexcept {
  FrameEvent event;
  event.kind = FrameKind::kClose;
  event.close_code = kCloseWithoutCode;
  if (payload.size() == 1) return failed(FrameFault::kBadClosePayload);
  if (payload.size() >= 2) {
    event.close_code = static_cast<std::uint16_t>(big_endian(payload.data(), 2));
    event.payload = payload.substr(2);
    Utf8Checker reason;
    if (!is_valid_close_code(event.close_code)) return failed(FrameFault::kBadCloseCode);
    if (!reason.feed(event.payload) || !reason.is_complete()) {
      return failed(FrameFault::kBadUtf8);
    }
  }
  is_closed_ = true;
  return event;
}

FrameEvent FrameParser::failed(FrameFault fault) noexcept {
  fault_ = fault;
  FrameEvent event;
  event.kind = FrameKind::kFault;
  event.fault = fault;
  return event;
}

}  // namespace pinstripe::net
