#include "shm/ring/ring_layout.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <new>

#include "shm/base/check.h"
#include "shm/ring/ring_word.h"

namespace pinstripe {

namespace {

RingView view_of(std::byte* base, const RingShape& shape) noexcept {
  return RingView{base,          shape.capacity,    shape.capacity - 1,
                  ring_slot_bytes(shape.message_bytes), shape.message_bytes,
                  shape.layout_hash, shape.ring_id, shape.full};
}

std::string hex(std::uint64_t v) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(v));
  return text;
}

std::unexpected<Error> mismatch(const std::string& field, const std::string& found,
                                const std::string& expected) {
  return fail("the ring's " + field + " is " + found + ", expected " + expected +
              "; both ends must come from the same build and session: stop the session and start "
              "it again");
}

/// Magic, version and size for the header alone; everything else needs these to hold.
Result<void> check_header(std::span<const std::byte> memory) {
  if (memory.size() < sizeof(RingHeader)) {
    return fail("the file has " + std::to_string(memory.size()) +
                " bytes, but a ring's header takes " + std::to_string(sizeof(RingHeader)) +
                "; it is no ring or was cut off");
  }
  const auto* h = reinterpret_cast<const RingHeader*>(memory.data());
  // SYNC POINT format: acquire; pairs with format_ring's release of the version.
  const std::uint64_t version = ring_word::load_acquire(&h->version);
  if (version == 0) return fail("the ring has not been formatted yet; start the session again");
  if (h->magic != kRingMagic) {
    return mismatch("magic", hex(h->magic), hex(kRingMagic));
  }
  if (version != kRingVersion) {
    return mismatch("version", std::to_string(version), std::to_string(kRingVersion));
  }
  return {};
}

bool valid_capacity(std::uint64_t capacity) noexcept {
  return capacity > 0 && capacity <= kRingCapacityMax && std::has_single_bit(capacity);
}

Result<void> check_size(std::size_t found, const RingShape& shape) {
  const std::size_t needed = ring_bytes(shape);
  if (found >= needed) return {};
  return fail("the file has " + std::to_string(found) + " bytes, but the ring needs " +
              std::to_string(needed) + " (header, " + std::to_string(shape.capacity) +
              " slots); it was cut off: stop the session and start it again");
}

}  // namespace

std::size_t ring_bytes(const RingShape& shape) noexcept {
  return sizeof(RingHeader) + shape.capacity * ring_slot_bytes(shape.message_bytes);
}

void format_ring(std::span<std::byte> memory, const RingShape& shape) {
  PINSTRIPE_CHECK(valid_capacity(shape.capacity), "a ring's capacity is a power of two up to 2^28");
  PINSTRIPE_CHECK(shape.message_bytes >= sizeof(MsgHeader) && shape.message_bytes % 8 == 0,
                  "a message has a header and whole 8-byte words");
  PINSTRIPE_CHECK(memory.size() >= ring_bytes(shape), "the memory is too small for the ring");
  PINSTRIPE_CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % kCacheLine == 0,
                  "a ring starts on a cache line");
  PINSTRIPE_CHECK(shape.type_name.size() < sizeof(RingHeader::type_name), "type name too long");
  auto* h = reinterpret_cast<RingHeader*>(memory.data());
  ring_word::store_release(&h->version, std::uint64_t{0});
  std::memset(memory.data() + 16, 0, ring_bytes(shape) - 16);
  h->magic = kRingMagic;
  h->capacity = shape.capacity;
  h->slot_bytes = ring_slot_bytes(shape.message_bytes);
  h->message_bytes = shape.message_bytes;
  h->layout_hash = shape.layout_hash;
  h->ring_id = shape.ring_id;
  h->full_policy = static_cast<std::uint8_t>(shape.full);
  std::copy(shape.type_name.begin(), shape.type_name.end(), h->type_name);
  h->watermark_ns = TimeNs::min().value;
  h->end_ns = TimeNs::min().value;
  // SYNC POINT format: release, last; whoever sees the version sees a whole header and empty slots.
  ring_word::store_release(&h->version, kRingVersion);
}

Result<RingView> attach_ring(std::span<std::byte> memory, const RingShape& expected) {
  if (auto ok = check_header(memory); !ok) return std::unexpected(std::move(ok.error()));
  const auto* h = reinterpret_cast<const RingHeader*>(memory.data());
  // One private copy of each field: checked and used, never read again.
  RingHeader copy;
  std::memcpy(&copy, h, 64);
  if (copy.capacity != expected.capacity || !valid_capacity(copy.capacity)) {
    return mismatch("capacity", std::to_string(copy.capacity), std::to_string(expected.capacity));
  }
  if (copy.message_bytes != expected.message_bytes) {
    return mismatch("message size", std::to_string(copy.message_bytes),
                    std::to_string(expected.message_bytes));
  }
  const std::uint32_t slot_bytes = ring_slot_bytes(expected.message_bytes);
  if (copy.slot_bytes != slot_bytes) {
    return mismatch("slot size", std::to_string(copy.slot_bytes), std::to_string(slot_bytes));
  }
  if (copy.layout_hash != expected.layout_hash) {
    return mismatch("layout hash", hex(copy.layout_hash), hex(expected.layout_hash) + " (" +
                    expected.type_name + ")");
  }
  if (copy.ring_id != expected.ring_id) {
    return mismatch("id", std::to_string(copy.ring_id), std::to_string(expected.ring_id));
  }
  if (copy.full_policy != static_cast<std::uint8_t>(expected.full)) {
    return mismatch("full policy", std::to_string(copy.full_policy),
                    std::to_string(static_cast<unsigned>(expected.full)));
  }
  if (auto ok = check_size(memory.size(), expected); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return view_of(memory.data(), expected);
}

Result<RingShape> read_ring_shape(std::span<const std::byte> memory) {
  if (auto ok = check_header(memory); !ok) return std::unexpected(std::move(ok.error()));
  RingHeader copy;
  std::memcpy(&copy, memory.data(), 64);
  RingShape shape;
  shape.capacity = copy.capacity;
  shape.message_bytes = copy.message_bytes;
  shape.layout_hash = copy.layout_hash;
  shape.ring_id = copy.ring_id;
  shape.type_name.assign(copy.type_name, strnlen(copy.type_name, sizeof(copy.type_name)));
  shape.full = static_cast<FullPolicy>(copy.full_policy);
  if (!valid_capacity(copy.capacity) || copy.message_bytes < sizeof(MsgHeader) ||
      copy.message_bytes % 8 != 0 || copy.message_bytes > (1U << 20) ||
      copy.slot_bytes != ring_slot_bytes(copy.message_bytes) ||
      copy.full_policy > static_cast<std::uint8_t>(FullPolicy::kResync)) {
    return fail("the ring's header is damaged (capacity " + std::to_string(copy.capacity) +
                ", message size " + std::to_string(copy.message_bytes) + ", slot size " +
                std::to_string(copy.slot_bytes) + "); stop the session and start it again");
  }
  if (auto ok = check_size(memory.size(), shape); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return shape;
}

std::uint64_t ring_published(const RingView& ring) noexcept {
  return ring_word::newest_position<std::uint64_t>(ring) >> 1;
}

std::uint64_t ring_taken(const RingView& ring) noexcept {
  return ring_word::load_acquire(&ring.header()->cursor) >> 1;
}

void PrivateRing::Free::operator()(std::byte* p) const noexcept {
  ::operator delete[](p, std::align_val_t{kCacheLine});
}

PrivateRing::PrivateRing(const RingShape& shape)
    : memory_(static_cast<std::byte*>(
          ::operator new[](ring_bytes(shape), std::align_val_t{kCacheLine}))),
      bytes_(ring_bytes(shape)) {
  format_ring({memory_.get(), bytes_}, shape);
  view_ = view_of(memory_.get(), shape);
}

}  // namespace pinstripe
