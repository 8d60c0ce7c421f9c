// Tardis rows through the stage: the first byte chooses book or trades.
#include "tests/fuzz/fuzz_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("BINANCE_USDM", "BTCUSDT");
  if (size == 0) return 0;
  pinstripe::FeedStage stage(config);
  const auto format = data[0] % 2 == 0 ? pinstripe::FrameFormat::kTardisBook
                                       : pinstripe::FrameFormat::kTardisTrades;
  pinstripe::fuzz::feed_lines(stage, {reinterpret_cast<const char*>(data + 1), size - 1}, format);
  return 0;
}
