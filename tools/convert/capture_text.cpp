#include "tools/convert/capture_text.h"

#include <zstd.h>

#include <memory>
#include <string>

#include "tools/convert/capture_writer.h"

namespace pinstripe {
namespace {

// A block ends early where its lines are long; what claims to hold more than this is damaged.
constexpr std::uint64_t kBlockTextMost = std::uint64_t{1} << 31;

/// The frames too: a flipped byte is refused wherever it lies.
Result<void> check_frames(const BinaryCapture& capture) {
  auto frames = open_binary_frames(capture.path(),
                                   static_cast<CaptureFormat>(capture.header().format));
  if (!frames) return std::unexpected(frames.error());
  CaptureLine line;
  while ((*frames)->read(line)) {
  }
  if ((*frames)->error()) return std::unexpected(*(*frames)->error());
  return {};
}

}  // namespace

Result<void> read_capture_text(const BinaryCapture& capture,
                               const std::function<Result<void>(std::string_view)>& take) {
  if (auto checked = check_frames(capture); !checked) return checked;
  const BinaryHeader& header = capture.header();
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> zstd(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  TextDigest digest;
  std::string text;
  std::uint64_t at = sizeof(header);
  for (std::uint64_t number = 0; number < header.blocks; ++number) {
    const auto block = capture.block(at, number);
    if (!block) return std::unexpected(block.error());
    const auto cold = capture.cold(at, *block);
    if (!cold) return std::unexpected(cold.error());
    const bool fits = block->text_bytes <= kBlockTextMost;
    if (fits) text.resize(block->text_bytes);
    const std::size_t got =
        fits ? ZSTD_decompressDCtx(zstd.get(), text.data(), text.size(), cold->data(), cold->size())
             : 0;
    if (!fits || ZSTD_isError(got) != 0 || got != block->text_bytes) {
      return fail("'" + capture.path() + "' block " + std::to_string(number) +
                  ": its text cannot be unpacked; take the original capture");
    }
    digest.add(text);
    if (auto taken = take(text); !taken) return taken;
    at += sizeof(*block) + block->hot_bytes + padded8(block->cold_bytes);
  }
  if (digest.size() != header.text_bytes || digest.value() != header.text_digest) {
    return fail("'" + capture.path() + "': its text is not the one it was made of; take the "
                "original capture");
  }
  return {};
}

}  // namespace pinstripe
