// Frames of a venue for benches: of capture files, or a few samples repeated.
#pragma once

#include <string>
#include <vector>

#include "feed/frame.h"
#include "feed/inspect.h"
#include "feed/instrument_table.h"
#include "feed/source.h"

namespace pinstripe::bench {

/// Recorded or sample frames, in memory.
struct Frames {
  std::string text;  // all frames, one behind the other, then padding
  std::vector<FeedFrame> frames;
  std::vector<Instrument> instruments;
};

inline const char* const kSamples[] = {
    R"({"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":2710246762461,"s":"BTCUSDT","b":"28145.10","B":"3.868","a":"28145.20","A":"6.887","T":1680652700430,"E":1680652700435}})",
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1680652700455,"T":1680652700452,"s":"BTCUSDT","t":3535186032,"p":"28145.10","q":"0.002","X":"MARKET","m":true}})",
    R"({"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1680652700594,"T":1680652700586,"s":"BTCUSDT","U":2710246765373,"u":2710246765597,"pu":2710246765326,"b":[["5000.00","14.368"],["28018.90","0.000"],["28049.60","0.288"],["28080.20","3.000"]],"a":[["28145.20","6.961"],["28170.00","1.500"]]}})"};

inline Frames sample_frames() {
  Frames f;
  f.instruments.push_back(*find_instrument("BINANCE_USDM", "BTCUSDT"));
  std::vector<std::size_t> starts;
  for (int i = 0; i < 3'000; ++i) {
    starts.push_back(f.text.size());
    f.text += kSamples[i % 3];
  }
  starts.push_back(f.text.size());
  f.text.append(kFramePadding, '\0');
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    FeedFrame frame;
    frame.origin_ns = TimeNs(1'680'652'700'500'000'000 + static_cast<std::int64_t>(i) * 1'000'000);
    frame.bytes = {f.text.data() + starts[i], starts[i + 1] - starts[i]};
    frame.instrument = 0;
    f.frames.push_back(frame);
  }
  return f;
}

/// The frames of capture files; without files a few recorded-like ones, repeated.
inline Result<Frames> load_frames(const std::vector<std::string>& files) {
  if (files.empty()) return sample_frames();
  auto info = inspect_captures(files, {});
  if (!info) return std::unexpected(info.error());
  auto source = open_captures(info->streams);
  if (!source) return std::unexpected(source.error());
  Frames f;
  f.instruments = info->instruments;
  std::vector<std::size_t> starts;
  while (const FeedFrame* frame = (*source)->peek()) {
    starts.push_back(f.text.size());
    f.frames.push_back(*frame);
    f.text += frame->bytes;
    (*source)->pop();
  }
  f.text.append(kFramePadding, '\0');
  for (std::size_t i = 0; i < starts.size(); ++i) {
    f.frames[i].bytes = {f.text.data() + starts[i], f.frames[i].bytes.size()};
  }
  return f;
}

}  // namespace pinstripe::bench
