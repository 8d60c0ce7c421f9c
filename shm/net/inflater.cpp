#include "shm/net/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace pinstripe::net {
namespace {

constexpr int kBetweenBlocks = 128;  // bit of z_stream::data_type

}  // namespace

/// zlib's state and the memory that it takes: a window of 32 KiB and about 10 KiB of its own.
struct Inflater::Zlib {
  z_stream stream{};
  std::size_t used = 0;
  bool is_open = false;
  std::array<unsigned char, 32'768> window{};
  alignas(16) std::array<unsigned char, 131'072> arena{};

  /// zlib allocates its window with the first message: from here, never from the heap.
  static void* take(void* self, unsigned count, unsigned size) noexcept {
    auto& z = *static_cast<Zlib*>(self);
    const std::size_t bytes = (std::size_t{count} * size + 15) / 16 * 16;
    if (bytes > z.arena.size() - z.used) return nullptr;
    void* const p = z.arena.data() + z.used;
    z.used += bytes;
    return p;
  }
  static void give_back(void*, void*) noexcept {}  // the arena goes as a whole
};

Inflater::Inflater(const DeflateTerms& terms) : zlib_(std::make_unique<Zlib>()), terms_(terms) {}

Inflater::~Inflater() {
  if (zlib_->is_open) ::inflateEnd(&zlib_->stream);
}

Result<std::unique_ptr<Inflater>> Inflater::open(const DeflateTerms& terms) {
  std::unique_ptr<Inflater> self(new Inflater(terms));
  z_stream& s = self->zlib_->stream;
  s.zalloc = &Zlib::take;
  s.zfree = &Zlib::give_back;
  s.opaque = self->zlib_.get();
  // A window of 256 bytes is written by deflaters as one of 512, and so read.
  const int bits = std::clamp(terms.server_window_bits, 9, 15);
  if (::inflateInit2(&s, -bits) != Z_OK) {
    return fail("cannot start zlib for a compressed WebSocket: its state is larger than this "
                "build expects; build with zlib 1.2 or 1.3");
  }
  self->zlib_->is_open = true;
  return self;
}

void Inflater::begin(std::span<char> out) noexcept {
  if (terms_.server_no_context_takeover) ::inflateReset(&zlib_->stream);
  out_ = out;
  written_ = 0;
}

/// A block marked as the last one ends zlib's stream, not the message (RFC 7692 7.2.3.5): go on
/// with the same window.
InflateStatus Inflater::restart_behind_final_block() noexcept {
  z_stream& s = zlib_->stream;
  uInt bytes = 0;
  if (::inflateGetDictionary(&s, zlib_->window.data(), &bytes) != Z_OK ||
      ::inflateReset(&s) != Z_OK ||
      ::inflateSetDictionary(&s, zlib_->window.data(), bytes) != Z_OK) {
    return InflateStatus::kCorrupt;
  }
  return InflateStatus::kOk;
}

InflateStatus Inflater::add(std::string_view compressed) noexcept {
  z_stream& s = zlib_->stream;
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  s.avail_in = static_cast<uInt>(compressed.size());
  while (true) {
    s.next_out = reinterpret_cast<Bytef*>(out_.data() + written_);
    s.avail_out = static_cast<uInt>(out_.size() - written_);
    const int rc = ::inflate(&s, Z_SYNC_FLUSH);
    written_ = out_.size() - s.avail_out;
    if (rc == Z_STREAM_END) {
      if (restart_behind_final_block() != InflateStatus::kOk) return InflateStatus::kCorrupt;
      is_between_blocks_ = true;
      if (s.avail_in == 0) return InflateStatus::kOk;
      continue;
    }
    if (rc != Z_OK && rc != Z_BUF_ERROR) return InflateStatus::kCorrupt;
    is_between_blocks_ = (s.data_type & kBetweenBlocks) != 0;
    if (s.avail_out == 0) return InflateStatus::kTooBig;  // one byte above the limit is room too
    return InflateStatus::kOk;
  }
}

/// A message that was cut short ends within a block, its tail taken for data.
InflateStatus Inflater::end() noexcept {
  const InflateStatus status = add(std::string_view("\x00\x00\xff\xff", 4));
  if (status != InflateStatus::kOk) return status;
  return is_between_blocks_ ? InflateStatus::kOk : InflateStatus::kCorrupt;
}

}  // namespace pinstripe::net
