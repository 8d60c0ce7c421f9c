// What goes into the feed stage: a view of one frame, exactly as it lies in the file or buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/base/units.h"
#include "shm/msg/header.h"
#include "shm/msg/stage.h"

namespace pinstripe {

enum class FrameFormat : std::uint8_t {
  kBinanceRaw,    // one JSON message as received, wrapped in {"stream","data"} or bare
  kTardisBook,    // rows of incremental_book_L2 that belong to one message
  kTardisTrades,  // one row of trades
  kDecoded,       // binary, see decoded_frame.h
  kBybitRaw,      // one JSON message of Bybit v5 as received
  kOkxRaw,        // one JSON message of OKX v5 as received
  kNotice,        // a live source's own word on FeedFrame::instrument, one of kNotice*
};
inline constexpr std::size_t kFrameFormats = 7;

/// What a notice may say. Each may be said again: it then changes nothing.
inline constexpr std::string_view kNoticeHalted = "halted";    // the venue does not trade it
inline constexpr std::string_view kNoticeChanged = "changed";  // tick, lot: its record is wrong now
inline constexpr std::string_view kNoticeTrading = "trading";  // the venue trades it

/// Bytes behind `FeedFrame::bytes` that must be readable (their content does not matter): the
/// decoder loads whole vectors.
inline constexpr std::size_t kFramePadding = 64;

inline constexpr std::uint8_t kAnyVenue = 0xFF;

struct FeedFrame {
  TimeNs origin_ns;  // receive time, re-based to the venue's clock, never going backwards
  FrameFormat format = FrameFormat::kBinanceRaw;
  std::string_view bytes;  // followed by kFramePadding readable bytes
  std::uint16_t instrument = kNoInstrument;  // known from the file, else told from the frame
  // Whose symbols the frame speaks of (venue_numbers of the instruments), where its connection says
  // so: symbols of several venues have the same names.
  std::uint8_t venue = kAnyVenue;
  std::uint32_t file = 0;                    // index in the source's list of files
  // 1-based; row or frame number where there are no lines
  std::uint64_t line = 0;
  std::uint32_t column = 0;                  // bytes of the line before `bytes`
};

/// One input of the feed stage: a frame, time, the continuation of a long output, or what became of
/// its own outputs and inputs in a live session.
class FeedInput {
 public:
  static FeedInput timer() noexcept { return FeedInput(InputKind::kTimer, nullptr); }
  static FeedInput continued() noexcept { return FeedInput(InputKind::kContinue, nullptr); }
  static FeedInput frame(const FeedFrame& f) noexcept { return FeedInput(InputKind::kMessage, &f); }
  /// A `resync` ring has room again after `dropped` messages found none: the stage answers on that
  /// port with BookState(kDropped) and a fresh book (protocol 5).
  static FeedInput room_again(unsigned port, std::uint64_t dropped) noexcept {
    FeedInput in(InputKind::kMessage, nullptr);
    in.room_port_ = static_cast<int>(port);
    in.dropped_ = dropped;
    return in;
  }
  /// Frames came that this feed has not seen: every book is invalid until it was built anew.
  static FeedInput lost() noexcept { return FeedInput(InputKind::kMessage, nullptr); }
  InputKind kind() const noexcept { return kind_; }
  const FeedFrame& frame() const noexcept { return *frame_; }
  bool is_lost() const noexcept {
    return kind_ == InputKind::kMessage && frame_ == nullptr && room_port_ < 0;
  }
  /// Port that has room again, or -1.
  int room_port() const noexcept { return room_port_; }
  /// With it: messages that were left out there since the last time.
  std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  FeedInput(InputKind kind, const FeedFrame* frame) noexcept : frame_(frame), kind_(kind) {}
  const FeedFrame* frame_;
  InputKind kind_;
  int room_port_ = -1;
  std::uint64_t dropped_ = 0;
};

}  // namespace pinstripe
