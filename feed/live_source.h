// Sources of a live session: frames come when they come, and cannot be read again. So feed's runner
// keeps each in the journal before it acts on it, and takes it out again in replay and rejoin.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "feed/source.h"

namespace pinstripe {

/// Two words of a source's own that lie in the journal beside each frame: what its successor must
/// know of it.
using SourceMark = std::array<std::uint64_t, 2>;

/// What the stage knows of an instrument's book, for a source that can ask for a fresh one.
enum class BookNeed : std::uint8_t {
  kNone,    // whole, or nothing to be done
  kFresh,   // must be built anew
  kSilent,  // no word of it for too long
};

class LiveFrameSource : public FrameSource {
 public:
  // peek() null: nothing now. FeedFrame::origin_ns is the session's clock at the receipt.

  /// Nothing will come any more.
  virtual bool ended() const noexcept = 0;
  /// When the next frame will show, by the session's clock; max: unknown.
  virtual TimeNs due_ns() const noexcept { return TimeNs::max(); }

  /// `needs` answers for each instrument, between two turns of the stage.
  virtual void set_needs(std::function<BookNeed(std::uint16_t)>) {}
  /// `refused`: frames that the stage could not use so far.
  virtual void set_refused(std::function<std::int64_t()>) {}

  /// Size of a frame in the journal, a multiple of 8.
  std::size_t frame_bytes(const FeedFrame& frame) const noexcept;
  /// All of the frame, and the source's mark.
  void write_frame(const FeedFrame& frame, std::byte* to) const noexcept;
  /// A frame as it was written, kFramePadding readable bytes behind it; valid until the next call.
  /// Not for the hot path.
  const FeedFrame& read_frame(std::span<const std::byte> bytes);
  /// `bytes` can be what write_frame wrote.
  static bool holds_frame(std::span<const std::byte> bytes) noexcept;

  /// A checkpoint holds the mark of the newest frame read from the journal.
  void save(StateWriter& w) const noexcept override;
  Result<void> load(StateReader& r) override;

 protected:
  /// Of the frame that peek() shows.
  virtual SourceMark mark() const noexcept { return {}; }
  /// Another source of this session was at work before: the mark of its last frame, else null.
  const SourceMark* inherited() const noexcept { return inherits_ ? &inherited_ : nullptr; }

 private:
  FeedFrame read_;
  std::vector<char> buffer_;
  SourceMark inherited_{};
  bool inherits_ = false;
};

/// The source of a replay, which has nothing but the journal.
class JournaledFrames : public LiveFrameSource {
 public:
  const FeedFrame* peek() override { return nullptr; }
  void pop() override {}
  bool ended() const noexcept override { return true; }
  std::optional<Error> error() const override { return std::nullopt; }
};

}  // namespace pinstripe
