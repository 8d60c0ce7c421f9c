// Binary frames through the stage: two bytes of length, then so many bytes, again and again.
#include <cstring>

#include "feed/decoded_frame.h"
#include "tests/fuzz/fuzz_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("SYNTHETIC", "PINUSD");
  pinstripe::FeedStage stage(config);
  pinstripe::fuzz::CountingSink sink;
  std::string padded;
  pinstripe::TimeNs now(1'700'000'000'000'000'000);
  while (size >= 2) {
    const std::size_t length = std::min<std::size_t>(data[0] + 256u * (data[1] % 8), size - 2);
    padded.assign(reinterpret_cast<const char*>(data + 2), length);
    // Most inputs should come past the first check.
    if (length >= 4) std::memcpy(padded.data(), &pinstripe::kDecodedMagic, 4);
    padded.append(pinstripe::kFramePadding, '\0');
    pinstripe::FeedFrame frame;
    frame.origin_ns = now;
    frame.format = pinstripe::FrameFormat::kDecoded;
    frame.bytes = {padded.data(), length};
    stage.on_event(now, pinstripe::FeedInput::frame(frame), sink);
    while (stage.more()) stage.on_event(now, pinstripe::FeedInput::continued(), sink);
    now += pinstripe::TimeNs(1'000'000);
    data += 2 + length;
    size -= 2 + length;
  }
  return 0;
}
