#include "feed/live_source.h"

#include <cstring>

#include "shm/base/check.h"

namespace pinstripe {
namespace {

/// How a frame lies in the journal; its bytes follow, filled up with zeroes.
struct KeptFrame {
  std::int64_t origin_ns = 0;
  std::uint64_t line = 0;
  SourceMark mark{};
  std::uint32_t file = 0;
  std::uint32_t column = 0;
  std::uint32_t bytes = 0;
  std::uint16_t instrument = 0;
  FrameFormat format{};
  std::uint8_t venue = kAnyVenue;
};
static_assert(sizeof(KeptFrame) == 48);

}  // namespace

std::size_t LiveFrameSource::frame_bytes(const FeedFrame& frame) const noexcept {
  return (sizeof(KeptFrame) + frame.bytes.size() + 7) / 8 * 8;
}

void LiveFrameSource::write_frame(const FeedFrame& frame, std::byte* to) const noexcept {
  KeptFrame head;
  head.origin_ns = frame.origin_ns.value;
  head.line = frame.line;
  head.mark = mark();
  head.file = frame.file;
  head.column = frame.column;
  head.bytes = static_cast<std::uint32_t>(frame.bytes.size());
  head.instrument = frame.instrument;
  head.format = frame.format;
  head.venue = frame.venue;
  const std::uint64_t zeroes = 0;  // the end of the last word, then the bytes over it
  std::memcpy(to + frame_bytes(frame) - sizeof(zeroes), &zeroes, sizeof(zeroes));
  std::memcpy(to, &head, sizeof(head));
  std::memcpy(to + sizeof(head), frame.bytes.data(), frame.bytes.size());
}

bool LiveFrameSource::holds_frame(std::span<const std::byte> bytes) noexcept {
  KeptFrame head;
  if (bytes.size() < sizeof(head)) return false;
  std::memcpy(&head, bytes.data(), sizeof(head));
  return head.bytes <= bytes.size() - sizeof(head) &&
         static_cast<std::size_t>(head.format) < kFrameFormats;
}

const FeedFrame& LiveFrameSource::read_frame(std::span<const std::byte> bytes) {
  PINSTRIPE_CHECK(holds_frame(bytes), "a journal record that is no frame");
  KeptFrame head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  buffer_.assign(head.bytes + kFramePadding, '\0');
  std::memcpy(buffer_.data(), bytes.data() + sizeof(head), head.bytes);
  read_.origin_ns = TimeNs(head.origin_ns);
  read_.format = head.format;
  read_.bytes = {buffer_.data(), head.bytes};
  read_.instrument = head.instrument;
  read_.venue = head.venue;
  read_.file = head.file;
  read_.line = head.line;
  read_.column = head.column;
  inherited_ = head.mark;
  inherits_ = true;
  return read_;
}

void LiveFrameSource::save(StateWriter& w) const noexcept {
  w.boolean(inherits_);
  for (const std::uint64_t word : inherited_) w.u64(word);
}

Result<void> LiveFrameSource::load(StateReader& r) {
  inherits_ = r.boolean();
  for (std::uint64_t& word : inherited_) word = r.u64();
  if (r.failed()) return fail("the checkpoint's mark of the source is cut short");
  return {};
}

}  // namespace pinstripe
