// Bybit messages through the whole feed stage.
#include "tests/fuzz/fuzz_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("BYBIT_LINEAR", "BTCUSDT");
  pinstripe::FeedStage stage(config);
  pinstripe::fuzz::feed_lines(stage, {reinterpret_cast<const char*>(data), size},
                              pinstripe::FrameFormat::kBybitRaw);
  return 0;
}
