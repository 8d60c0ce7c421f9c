#include "feed/inflated_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "shm/base/units.h"

namespace pinstripe {
namespace {

constexpr std::size_t kInputBytes = 128 * 1024;
constexpr int kRawDeflate = -15;  // header and trailer are read here, so that it can begin inside

// Bits of a gzip header's flags (RFC 1952).
constexpr int kHeaderCheck = 2, kExtraField = 4, kName = 8, kComment = 16, kUnknownFlags = 0xE0;

ssize_t read_at(int fd, void* to, std::size_t size, std::uint64_t at) {
  while (true) {
    const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(at));
    if (got >= 0 || errno != EINTR) return got;
  }
}

}  // namespace

Result<std::unique_ptr<InflatedFile>> InflatedFile::open(const std::string& path) {
  const auto file = open_data_file(path);
  if (!file) return std::unexpected(file.error());
  unsigned char magic[4] = {};
  const ssize_t got = read_at(file->fd, magic, 4, 0);
  Packing packing = Packing::kNone;
  if (got >= 2 && magic[0] == 0x1F && magic[1] == 0x8B) packing = Packing::kGzip;
  if (got == 4 && magic[0] == 0x28 && magic[1] == 0xB5 && magic[2] == 0x2F && magic[3] == 0xFD) {
    packing = Packing::kZstd;
  }
  return std::unique_ptr<InflatedFile>(new InflatedFile(file->fd, file->stamp, packing));
}

InflatedFile::InflatedFile(int fd, FileStamp stamp, Packing packing)
    : fd_(fd), stamp_(stamp), part_(Part::kPlain),
      zstd_(nullptr, [](ZSTD_DCtx_s* context) { ZSTD_freeDCtx(context); }) {
  if (packing == Packing::kNone) return;
  input_.reset(new Bytef[kInputBytes]);
  if (packing == Packing::kZstd) {
    part_ = Part::kZstd;
    zstd_.reset(ZSTD_createDCtx());
    if (zstd_ == nullptr) fail_with("no memory to unpack it");
    return;
  }
  part_ = Part::kHeader;
  places_.reset(new std::array<Place, kPlaces>);
  if (inflateInit2(&z_, kRawDeflate) != Z_OK) fail_with("no memory to inflate it");
}

InflatedFile::~InflatedFile() {
  if (places_ != nullptr) inflateEnd(&z_);
  ::close(fd_);
}

void InflatedFile::fail_with(const std::string& why) {
  ended_ = true;
  fault_ = why;
}

std::size_t InflatedFile::read(char* to, std::size_t size) {
  std::size_t got = 0;
  while (got < size && !ended_) {
    switch (part_) {
      case Part::kPlain: got += read_plain(to + got, size - got); break;
      case Part::kHeader: read_header(); break;
      case Part::kBody: got += inflate_some(to + got, size - got); break;
      case Part::kTrailer: read_trailer(); break;
      case Part::kZstd: got += unpack_some(to + got, size - got); break;
    }
  }
  return got;
}

std::size_t InflatedFile::read_plain(char* to, std::size_t size) {
  const ssize_t got = read_at(fd_, to, size, read_at_);
  if (got < 0) {
    fail_with(std::string("cannot be read: ") + std::strerror(errno));
  } else if (got == 0) {
    ended_ = true;
  }
  const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  read_at_ += bytes;
  offset_ += bytes;
  return bytes;
}

/// More compressed bytes; false where there are none.
bool InflatedFile::refill() {
  const ssize_t got = read_at(fd_, input_.get(), kInputBytes, read_at_);
  if (got < 0) fail_with(std::string("cannot be read: ") + std::strerror(errno));
  if (got <= 0) return false;
  z_.next_in = input_.get();
  z_.avail_in = static_cast<uInt>(got);
  read_at_ += static_cast<std::uint64_t>(got);
  return true;
}

/// -1 at the end of the file.
int InflatedFile::next_byte() {
  if (z_.avail_in == 0 && !refill()) return -1;
  --z_.avail_in;
  const Bytef byte = *z_.next_in++;
  header_check_ = crc32(header_check_, &byte, 1);
  return byte;
}

/// The next member, or the end: whatever else follows the last member is ignored, as gzip does.
void InflatedFile::read_header() {
  header_check_ = 0;
  if (next_byte() != 0x1F || next_byte() != 0x8B) {
    ended_ = true;
    return;
  }
  const int method = next_byte();
  const int flags = next_byte();
  for (int i = 0; i < 6; ++i) next_byte();  // time, level, system
  if (method >= 0 && method != Z_DEFLATED) return fail_with("unknown compression method");
  if (flags >= 0 && (flags & kUnknownFlags) != 0) return fail_with("unknown header flags set");
  if (flags < 0 || !skip_header_fields(flags)) {
    if (fault_.empty()) fail_with(std::string(kCutFile));
    return;
  }
  part_ = Part::kBody;
  check_ = 0;
  length_ = 0;
}

/// False at the end of the file.
bool InflatedFile::skip_header_fields(int flags) {
  int last = 0;
  if ((flags & kExtraField) != 0) {
    const int low = next_byte();
    const int high = next_byte();
    for (int left = low + 256 * high; left > 0 && last >= 0; --left) last = next_byte();
    if (low < 0 || high < 0) return false;
  }
  for (const int field : {kName, kComment}) {
    if ((flags & field) == 0) continue;
    while ((last = next_byte()) > 0) {
    }
    if (last < 0) return false;
  }
  if ((flags & kHeaderCheck) != 0) {
    const auto expected = static_cast<int>(header_check_ & 0xFFFF);
    const int low = next_byte();
    const int high = next_byte();
    if (low < 0 || high < 0) return false;
    if (low + 256 * high != expected) {
      fail_with("header crc mismatch");
      return false;
    }
  }
  return last >= 0;
}

/// zstd: the next bytes; none at the end, before a fault, or where only input was taken.
std::size_t InflatedFile::unpack_some(char* to, std::size_t size) {
  if (!has_more_ && z_.avail_in == 0 && !refill()) {
    if (is_inside_ && fault_.empty()) fail_with(std::string(kCutFile));
    ended_ = true;
    return 0;
  }
  ZSTD_inBuffer in{z_.next_in, z_.avail_in, 0};
  ZSTD_outBuffer out{to, size, 0};
  const std::size_t code = ZSTD_decompressStream(zstd_.get(), &out, &in);
  z_.next_in += in.pos;
  z_.avail_in -= static_cast<uInt>(in.pos);
  if (ZSTD_isError(code) != 0) {
    fail_with(std::string("cannot be read: ") + ZSTD_getErrorName(code));
    return out.pos;
  }
  is_inside_ = code != 0;
  has_more_ = is_inside_ && out.pos == size;
  offset_ += out.pos;
  return out.pos;
}

std::size_t InflatedFile::inflate_some(char* to, std::size_t size) {
  if (z_.avail_in == 0 && !refill()) {
    if (fault_.empty()) fail_with(std::string(kCutFile));
    return 0;
  }
  z_.next_out = reinterpret_cast<Bytef*>(to);
  z_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
  const uInt room = z_.avail_out;
  const int code = inflate(&z_, Z_BLOCK);
  const uInt got = room - z_.avail_out;
  check_ = crc32(check_, reinterpret_cast<const Bytef*>(to), got);
  length_ += got;
  offset_ += got;
  constexpr int kAtBlock = 128, kLastBlock = 64;
  if (code == Z_STREAM_END) {
    part_ = Part::kTrailer;
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    fail_with(std::string("cannot be read: ") + (z_.msg != nullptr ? z_.msg : zError(code)));
  } else if ((z_.data_type & (kAtBlock | kLastBlock)) == kAtBlock) {
    keep_place(Part::kBody);
  }
  return got;
}

void InflatedFile::read_trailer() {
  std::uint32_t words[2] = {};
  for (std::uint32_t& word : words) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      const int byte = next_byte();
      if (byte < 0) {
        if (fault_.empty()) fail_with(std::string(kCutFile));
        return;
      }
      word |= static_cast<std::uint32_t>(byte) << shift;
    }
  }
  if (words[0] != check_) return fail_with("cannot be read: incorrect data check");
  if (words[1] != length_) return fail_with("cannot be read: incorrect length check");
  inflateReset(&z_);
  part_ = Part::kHeader;
  keep_place(Part::kHeader);
}

/// Keeps the state of inflating where the newest one kept lies far enough behind.
void InflatedFile::keep_place(Part part) {
  const std::uint64_t newest =
      place_count_ == 0 ? 0 : (*places_)[(place_count_ - 1) % kPlaces].offset;
  if (offset_ < newest + kPlaceDistance) return;
  Place& p = (*places_)[place_count_++ % kPlaces];
  p.part = part;
  p.offset = offset_;
  p.at = read_at_ - z_.avail_in;
  p.bits = part == Part::kBody ? static_cast<std::uint32_t>(z_.data_type & 7) : 0;
  p.check = static_cast<std::uint32_t>(check_);
  p.length = length_;
  uInt window = 0;
  if (part == Part::kBody) inflateGetDictionary(&z_, p.bytes.data(), &window);
  p.window = window;
}

void InflatedFile::save(StateWriter& w, std::uint64_t before) const noexcept {
  if (places_ == nullptr) {
    w.u64(zstd_ != nullptr ? 0 : before);
    return;
  }
  const Place* best = nullptr;
  for (std::size_t i = 0; i < std::min(place_count_, kPlaces); ++i) {
    const Place& p = (*places_)[i];
    if (p.offset <= before && (best == nullptr || p.offset > best->offset)) best = &p;
  }
  if (best == nullptr) {  // the start
    for (int i = 0; i < 7; ++i) w.u64(i == 0 ? static_cast<std::uint64_t>(Part::kHeader) : 0);
    return;
  }
  w.u64(static_cast<std::uint64_t>(best->part));
  w.u64(best->offset);
  w.u64(best->at);
  for (const std::uint32_t v : {best->bits, best->check, best->length, best->window}) w.u64(v);
  w.bytes(best->bytes.data(), best->window);
}

bool InflatedFile::load(StateReader& r) {
  ended_ = false;
  fault_.clear();
  if (places_ == nullptr) {
    offset_ = read_at_ = r.u64();
    if (zstd_ != nullptr) {
      z_.avail_in = 0;
      is_inside_ = has_more_ = false;
      ZSTD_DCtx_reset(zstd_.get(), ZSTD_reset_session_only);
      return !r.failed() && offset_ == 0;
    }
    return !r.failed() && offset_ <= stamp_.size;
  }
  Place& p = (*places_)[0];
  const std::uint64_t part = r.u64();
  p.part = static_cast<Part>(part);
  p.offset = r.u64();
  p.at = r.u64();
  for (std::uint32_t* v : {&p.bits, &p.check, &p.length, &p.window}) {
    *v = static_cast<std::uint32_t>(r.u64());
  }
  const bool is_sound = (p.part == Part::kHeader || p.part == Part::kBody) &&
                        part <= static_cast<std::uint64_t>(Part::kTrailer) && p.bits < 8 &&
                        p.at <= stamp_.size && (p.bits == 0 || p.at > 0) &&
                        p.window <= kWindowBytes;
  if (!is_sound) return false;
  r.bytes(p.bytes.data(), p.window);
  place_count_ = p.offset > 0 ? 1 : 0;
  return !r.failed() && go_to(p);
}

bool InflatedFile::go_to(const Place& p) {
  part_ = p.part;
  offset_ = p.offset;
  check_ = p.check;
  length_ = p.length;
  z_.avail_in = 0;
  read_at_ = p.at - (p.bits != 0 ? 1 : 0);
  if (inflateReset(&z_) != Z_OK) return false;
  if (p.part != Part::kBody) return true;
  if (p.bits != 0) {
    const int byte = next_byte();
    if (byte < 0) return false;
    inflatePrime(&z_, static_cast<int>(p.bits), byte >> (8 - p.bits));
  }
  return inflateSetDictionary(&z_, p.bytes.data(), p.window) == Z_OK;
}

}  // namespace pinstripe
