// Binary captures: the input's bytes as the hot part of a block, with header, block and frames made
// good around them, then one byte of the file changed. Read to the end, and left and gone on with
// at every frame; places out of the input are refused or read on from.
#include <cstring>
#include <span>
#include <vector>

#include "feed/binary_capture.h"
#include "tests/fuzz/fuzz_feed.h"
#include "tests/fuzz/memory_file.h"

namespace {

using pinstripe::BinaryFrame;

template <class T>
void put_good(std::string& bytes, std::size_t at, T& value) {
  pinstripe::Hasher check;
  check.bytes(&value, sizeof(value) - sizeof(value.check));
  value.check = check.value();
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

/// Checks of the frames as far as their lengths lead; how many there are.
std::uint64_t make_frames_good(std::string& bytes, std::size_t at) {
  std::uint64_t frames = 0;
  while (bytes.size() - at >= sizeof(BinaryFrame)) {
    BinaryFrame f;
    std::memcpy(&f, bytes.data() + at, sizeof(f));
    f.bytes %= 256;
    std::memcpy(bytes.data() + at, &f, sizeof(f));
    const std::size_t length = sizeof(f) + pinstripe::padded8(f.bytes);
    if (length > bytes.size() - at) break;
    f.check = pinstripe::binary_check(
        frames, reinterpret_cast<const std::byte*>(bytes.data() + at), length);
    std::memcpy(bytes.data() + at, &f.check, sizeof(f.check));
    at += length;
    ++frames;
  }
  return frames;
}

std::string file_of(const std::uint8_t* hot, std::size_t size) {
  pinstripe::BinaryHeader header;
  pinstripe::BinaryBlock block;
  const std::size_t first = sizeof(header) + sizeof(block);
  std::string bytes(first, '\0');
  bytes.append(reinterpret_cast<const char*>(hot), size & ~std::size_t{7});
  block.hot_bytes = bytes.size() - first;
  block.frames = make_frames_good(bytes, first);
  put_good(bytes, sizeof(header), block);
  bytes.append(pinstripe::kFramePadding, '\0');
  header.file_bytes = bytes.size();
  header.blocks = 1;
  header.frames = static_cast<std::int64_t>(block.frames);
  put_good(bytes, 0, header);
  return bytes;
}

std::unique_ptr<pinstripe::FrameReader> open_frames_of(const std::string& path) {
  auto frames = pinstripe::open_binary_frames(path, pinstripe::CaptureFormat::kBinanceRaw);
  return frames ? std::move(*frames) : nullptr;
}

void read_all(const std::string& path, const std::uint8_t* data, std::size_t size) {
  const auto whole = open_frames_of(path);
  if (whole == nullptr) return;
  pinstripe::CaptureLine line, again;
  std::vector<std::byte> state(64);
  while (whole->read(line)) {
    pinstripe::StateWriter w{state};
    whole->save(w);
    pinstripe::StateReader r{std::span(state).first(w.size())};
    const auto next = open_frames_of(path);
    if (!next->load(r) || !next->read(again) || again.offset != line.offset) __builtin_trap();
    if (again.bytes != line.bytes || again.receive_ns != line.receive_ns) __builtin_trap();
  }
  std::memcpy(state.data(), data, std::min(size, state.size()));
  pinstripe::StateReader r{state};
  const auto other = open_frames_of(path);
  if (!other->load(r)) return;
  while (other->read(line)) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pinstripe::fuzz::MemoryFile file;
  if (size < 4) return 0;
  std::string bytes = file_of(data + 4, size - 4);
  std::uint16_t at = 0;
  std::memcpy(&at, data, sizeof(at));
  bytes[at % bytes.size()] = static_cast<char>(bytes[at % bytes.size()] ^ data[2]);
  read_all(file.holding(bytes.data(), bytes.size()), data + 4, size - 4);
  return 0;
}
