// A capture file of arbitrary bytes, gz or plain: `<receive time> <json>` lines through the reader
// and, for one input in eight (both take megabytes of buffers), through the inspection before a
// session and the source into the stage. Lines are numbered upwards, times never run backwards, and
// a line is split as a plain second reading splits it.
#include <string>

#include "feed/capture_lines.h"
#include "feed/inspect.h"
#include "tests/fuzz/fuzz_feed.h"
#include "tests/fuzz/memory_file.h"

namespace {

using pinstripe::FeedFrame;
using pinstripe::FeedInput;

/// The receive time, digit by digit in wide arithmetic; -1: none. Whole seconds, ms, us or ns by
/// their number of digits, or seconds with up to nine decimals; a colon may follow.
__int128 plain_receive_ns(const std::string& line) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return -1;
  const std::string rest = line.substr(space + 1);
  if (rest.substr(0, 1) != "{" && rest != "pong") return -1;
  std::string time = line.substr(0, space);
  if (!time.empty() && time.back() == ':') time.pop_back();
  const std::size_t point = time.find('.');
  std::string digits = time.substr(0, point);
  const std::string places = point == std::string::npos ? "" : time.substr(point + 1);
  if (point == std::string::npos) {
    const std::size_t n = digits.size();
    if (n != 10 && n != 13 && n != 16 && n != 19) return -1;
    digits.append(19 - n, '0');
  } else {
    if (digits.empty() || places.empty() || places.size() > 9) return -1;
    digits += places + std::string(9 - places.size(), '0');
  }
  constexpr __int128 kMost = INT64_MAX;
  __int128 ns = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    if (ns <= kMost) ns = 10 * ns + (c - '0');
  }
  return ns > kMost ? -1 : ns;
}

void check_split(std::string_view input) {
  while (!input.empty()) {
    const std::string line(input.substr(0, input.find('\n')));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    std::int64_t ns = 0;
    std::string_view json;
    const bool is_split = pinstripe::split_raw_line(line, ns, json);
    const __int128 plain = plain_receive_ns(line);
    if (is_split != (plain >= 0) || (is_split && ns != plain)) __builtin_trap();
    if (is_split && line.substr(line.find(' ') + 1) != json) __builtin_trap();
  }
}

void read_lines(const std::string& path) {
  auto reader = pinstripe::LineReader::open(path, 1 << 16);
  if (!reader) return;
  pinstripe::CaptureLine line;
  std::uint64_t last = 0;
  while (true) {
    (*reader)->begin_group();
    if (!read_capture_line(**reader, pinstripe::CaptureFormat::kBinanceRaw, line)) return;
    if (line.line <= last || line.bytes.empty()) __builtin_trap();
    if (line.has_time && (line.receive_ns < 0 || line.bytes.front() != '{')) __builtin_trap();
    last = line.line;
  }
}

void run_session(const std::string& path, pinstripe::FeedConfig config) {
  const auto info = pinstripe::inspect_captures({path}, {});
  if (!info) return;
  if (info->first_origin_ns > info->last_origin_ns) __builtin_trap();
  config.instruments = info->instruments;
  auto source = pinstripe::open_captures(info->streams);
  if (!source) return;
  pinstripe::FeedStage stage(config);
  pinstripe::fuzz::CountingSink sink;
  pinstripe::TimeNs last = pinstripe::TimeNs::min();
  std::uint64_t line = 0;
  while (const FeedFrame* frame = (*source)->peek()) {
    if (frame->origin_ns < last || frame->line <= line) __builtin_trap();
    last = frame->origin_ns;
    line = frame->line;
    while (stage.next_due() <= last) stage.on_event(stage.next_due(), FeedInput::timer(), sink);
    stage.on_event(last, FeedInput::frame(*frame), sink);
    while (stage.more()) stage.on_event(last, FeedInput::continued(), sink);
    (*source)->pop();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pinstripe::FeedConfig config = pinstripe::fuzz::config("BINANCE_USDM", "BTCUSDT");
  static pinstripe::fuzz::MemoryFile file;
  check_split({reinterpret_cast<const char*>(data), size});
  const std::string path = file.holding(data, size);
  read_lines(path);
  if (size % 8 == 0) run_session(path, config);
  return 0;
}
