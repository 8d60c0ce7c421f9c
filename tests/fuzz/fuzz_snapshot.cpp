// A REST snapshot of arbitrary bytes between sound depth updates: the first-book rules.
#include "tests/fuzz/fuzz_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("BINANCE_SPOT", "BTCUSDT");
  pinstripe::FeedStage stage(config);
  const std::string before =
      R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":5,"b":[["100.00","1"]],"a":[["100.01","1"]]})";
  const std::string after =
      R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":6,"u":9,"b":[["100.00","0"]],"a":[["100.02","1"]]})";
  std::string body(reinterpret_cast<const char*>(data), size);
  pinstripe::fuzz::feed_lines(stage,
      before + "\n{\"lastUpdateId\":4,\"bids\":[" + body + "\n" + body +
                                         "\n" + after,
                              pinstripe::FrameFormat::kBinanceRaw);
  return 0;
}
