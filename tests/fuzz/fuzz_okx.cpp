// OKX messages through the whole feed stage.
#include "tests/fuzz/fuzz_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("OKX", "BTC-USDT");
  pinstripe::FeedStage stage(config);
  pinstripe::fuzz::feed_lines(stage, {reinterpret_cast<const char*>(data), size},
                              pinstripe::FrameFormat::kOkxRaw);
  return 0;
}
