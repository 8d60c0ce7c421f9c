#include "feed/binary_capture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinstripe {
namespace {

constexpr std::uint64_t kFirstBlock = sizeof(BinaryHeader);

// Files up to this size are mapped in whole when frames are to be read from them, so that no page
// is faulted in between two frames; larger ones as they are read.
constexpr std::uint64_t kPrefaultMost = std::uint64_t{1} << 30;

template <class T>
std::uint64_t check_of(const T& t) noexcept {
  Hasher h;
  h.bytes(&t, sizeof(t) - sizeof(t.check));
  return h.value();
}

bool all_zero(const std::byte* from, std::uint64_t bytes) noexcept {
  return std::all_of(from, from + bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// Frames in file order, straight out of the mapping.
class BinaryReader : public FrameReader {
 public:
  explicit BinaryReader(std::unique_ptr<BinaryCapture> capture) : capture_(std::move(capture)) {}

  bool read(CaptureLine& out) override {
    start_ = place_;
    while (place_.at == place_.hot_end) {
      if (!next_block()) return false;
    }
    const std::byte* const record = capture_->at(place_.at);
    const std::uint64_t room = place_.hot_end - place_.at;
    BinaryFrame f;
    if (room < sizeof(f)) return refuse("is cut");
    std::memcpy(&f, record, sizeof(f));
    const std::uint64_t bytes = sizeof(f) + padded8(f.bytes);
    if (bytes > room) return refuse("is longer than its block");
    __builtin_prefetch(record + bytes);
    __builtin_prefetch(record + bytes + 64);
    if (f.check != binary_check(place_.frame, record, bytes) ||
        f.format >= kFrameFormats) {
      return refuse("is damaged");
    }
    out.format = static_cast<FrameFormat>(f.format);
    out.has_time = f.has_time != 0;
    out.receive_ns = f.receive_ns;
    out.bytes = {reinterpret_cast<const char*>(record + sizeof(f)), f.bytes};
    out.line = f.line;
    out.offset = place_.at;
    out.column = f.column;
    place_.at += bytes;
    ++place_.frame;
    return true;
  }
  const std::optional<Error>& error() const noexcept override { return error_; }
  const std::string& path() const noexcept override { return capture_->path(); }
  const FileStamp& stamp() const noexcept override { return capture_->stamp(); }

  void save(StateWriter& w) const noexcept override {
    for (const std::uint64_t v : {start_.block, start_.number, start_.at, start_.frame}) w.u64(v);
  }
  Result<void> load(StateReader& r) override {
    Place p;
    for (std::uint64_t* v : {&p.block, &p.number, &p.at, &p.frame}) *v = r.u64();
    error_.reset();
    place_ = {};
    last_frame_ = 0;
    const bool is_start = p.number == 0 && p.frame == 0;
    if (!r.failed() && (is_start || go_to(p))) return {};
    return fail("'" + path() + "': the checkpoint's place in it is damaged; use an older one");
  }

 private:
  /// `number` counts the blocks entered: 0 before the first, whose `block` is then not read.
  struct Place {
    std::uint64_t block = 0;    // offset of its header
    std::uint64_t number = 0;
    std::uint64_t at = 0;       // of the next record
    std::uint64_t frame = 0;    // its number in the file
    std::uint64_t hot_end = 0;
    std::uint64_t next = kFirstBlock;
  };

  bool go_to(const Place& p) {
    if (p.number == 0) return false;
    const auto block = capture_->block(p.block, p.number - 1);
    if (!block) return false;
    enter(p.block, *block);
    const bool is_inside = p.at >= place_.at && p.at <= place_.hot_end && p.at % 8 == 0 &&
                           p.frame >= block->first_frame && p.frame <= last_frame_;
    place_.at = p.at;
    place_.frame = p.frame;
    return is_inside;
  }
  void enter(std::uint64_t at, const BinaryBlock& block) noexcept {
    place_.block = at;
    place_.number = block.number + 1;
    place_.at = at + sizeof(block);
    place_.frame = block.first_frame;
    place_.hot_end = place_.at + block.hot_bytes;
    place_.next = place_.hot_end + padded8(block.cold_bytes);
    last_frame_ = block.first_frame + block.frames;
  }
  bool next_block() {
    const BinaryHeader& h = capture_->header();
    if (error_) return false;
    if (place_.frame != last_frame_) return refuse("is missing");
    if (place_.next == capture_->end()) {
      const bool is_whole = place_.number == h.blocks &&
                            place_.frame == static_cast<std::uint64_t>(h.frames);
      return is_whole ? false : refuse("is missing");
    }
    const auto block = capture_->block(place_.next, place_.number);
    if (!block) {
      error_ = block.error();
      return false;
    }
    if (block->first_frame != place_.frame) return refuse("is missing");
    enter(place_.next, *block);
    return true;
  }
  [[gnu::noinline, gnu::cold]] bool refuse(const char* why) {
    if (error_) return false;
    const std::uint64_t block = place_.number == 0 ? 0 : place_.number - 1;
    error_ = Error{"'" + path() + "' block " + std::to_string(block) + ", frame " +
                       std::to_string(place_.frame) + " " + why +
                       "; everything before was delivered; convert the capture anew",
                   Exit::kFailed};
    return false;
  }

  std::unique_ptr<BinaryCapture> capture_;
  Place place_;
  Place start_;  // of the frame last read
  std::uint64_t last_frame_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::unique_ptr<BinaryCapture>> BinaryCapture::open(const std::string& path) {
  const auto file = open_data_file(path);
  if (!file) return std::unexpected(file.error());
  const auto [fd, stamp] = *file;
  if (stamp.size < sizeof(BinaryHeader) + kFramePadding) {
    ::close(fd);
    return fail("'" + path + "' is cut: it has " + std::to_string(stamp.size) +
                " bytes, less than a binary capture's header; convert the capture anew");
  }
  void* const base = ::mmap(nullptr, stamp.size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int mapped = errno;
  ::close(fd);
  if (base == MAP_FAILED) {
    return fail("cannot map '" + path + "': " + std::strerror(mapped));
  }
  ::madvise(base, stamp.size, MADV_SEQUENTIAL);
  std::unique_ptr<BinaryCapture> capture(
      new BinaryCapture(path, stamp, static_cast<const std::byte*>(base)));
  if (auto checked = capture->check_header(); !checked) return std::unexpected(checked.error());
  return capture;
}

BinaryCapture::BinaryCapture(std::string path, FileStamp stamp, const std::byte* base)
    : path_(std::move(path)), stamp_(stamp), base_(base) {
  std::memcpy(&header_, base, sizeof(header_));
}

BinaryCapture::~BinaryCapture() {
  ::munmap(const_cast<std::byte*>(base_), stamp_.size);
}

void BinaryCapture::prefault() noexcept {
  if (stamp_.size > kPrefaultMost) return;
  ::madvise(const_cast<std::byte*>(base_), stamp_.size, MADV_POPULATE_READ);
}

Result<void> BinaryCapture::check_header() const {
  const auto refuse = [&](const std::string& why) {
    return fail("'" + path_ + "' header: " + why + "; convert the capture anew");
  };
  if (header_.magic != kBinaryMagic) return refuse("this is no binary capture");
  if (header_.version != kBinaryVersion) {
    return refuse("version " + std::to_string(header_.version) + ", this build reads " +
                  std::to_string(kBinaryVersion));
  }
  if (header_.check != check_of(header_)) return refuse("it is damaged, its check does not hold");
  if (header_.file_bytes != stamp_.size) {
    return refuse("it was written with " + std::to_string(header_.file_bytes) +
                  " bytes and has " + std::to_string(stamp_.size));
  }
  if (header_.format >= kCaptureFormats) {
    return refuse("unknown format " + std::to_string(header_.format));
  }
  const auto ends = [](const auto& text) { return std::memchr(text, 0, sizeof(text)) != nullptr; };
  if (!ends(header_.instrument) || !ends(header_.symbol) || !ends(header_.exchange) ||
      !ends(header_.source)) {
    return refuse("a name has no end");
  }
  if (!all_zero(at(end()), kFramePadding)) return refuse("the end of the file is damaged");
  return {};
}

Result<BinaryBlock> BinaryCapture::block(std::uint64_t offset, std::uint64_t number) const {
  const auto refuse = [&](const char* why) {
    return fail("'" + path_ + "' block " + std::to_string(number) + " " + why +
                "; everything before was delivered; convert the capture anew");
  };
  BinaryBlock b;
  if (offset < kFirstBlock || offset % 8 != 0 || offset > end() ||
      end() - offset < sizeof(b)) {
    return refuse("is cut");
  }
  std::memcpy(&b, at(offset), sizeof(b));
  if (b.magic != kBinaryBlockMagic || b.check != check_of(b)) {
    return refuse("is damaged at its header");
  }
  if (b.number != number) return refuse("is another one");
  const std::uint64_t room = end() - offset - sizeof(b);
  const bool fits = b.hot_bytes <= room && b.hot_bytes % 8 == 0 &&
                    b.cold_bytes <= room - b.hot_bytes &&
                    padded8(b.cold_bytes) <= room - b.hot_bytes && b.frames <= kBlockFrames;
  if (!fits) return refuse("is longer than the file");
  return b;
}

Result<std::span<const std::byte>> BinaryCapture::cold(std::uint64_t offset,
                                                       const BinaryBlock& block) const {
  const std::byte* const from = at(offset + sizeof(block) + block.hot_bytes);
  Hasher h;
  h.bytes(from, block.cold_bytes);
  if (h.value() != block.cold_check ||
      !all_zero(from + block.cold_bytes, padded8(block.cold_bytes) - block.cold_bytes)) {
    return fail("'" + path_ + "' block " + std::to_string(block.number) + ", its text (frames " +
                std::to_string(block.first_frame) + " to " +
                std::to_string(block.first_frame + block.frames) +
                ") is damaged; take the original capture");
  }
  return std::span(from, block.cold_bytes);
}

bool is_binary_capture(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  // Without the last two bytes, so that one of another version is still told for what it is.
  std::uint64_t magic = 0;
  const bool is_it = ::pread(fd, &magic, 6, 0) == 6 && magic == (kBinaryMagic & 0xFFFFFFFFFFFF);
  ::close(fd);
  return is_it;
}

Result<std::unique_ptr<FrameReader>> open_binary_frames(const std::string& path,
                                                        CaptureFormat format) {
  auto capture = BinaryCapture::open(path);
  if (!capture) return std::unexpected(capture.error());
  if (static_cast<CaptureFormat>((*capture)->header().format) != format) {
    return fail("'" + path + "' holds frames of another format than its stream");
  }
  (*capture)->prefault();
  return std::make_unique<BinaryReader>(std::move(*capture));
}

}  // namespace pinstripe
