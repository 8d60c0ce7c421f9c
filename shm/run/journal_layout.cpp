#include "shm/run/journal_layout.h"

#include <cstring>
#include <new>
#include <string>

#include "shm/base/check.h"
#include "shm/base/hash.h"
#include "shm/ring/ring_word.h"

namespace pinstripe {

namespace {

bool valid_shape(std::uint64_t segment_bytes, std::uint32_t segments) noexcept {
  return segment_bytes >= kJournalSegmentBytesLeast &&
         segment_bytes <= kJournalSegmentBytesMost && segment_bytes % kCacheLine == 0 &&
         segments >= kJournalSegmentsLeast && segments <= kJournalSegmentsMost;
}

std::unexpected<Error> refuse(const std::string& why) {
  return fail("the journal " + why + "; it is of another version or was cut off: end the session "
              "(pinstripe up --discard) and start it again");
}

}  // namespace

std::uint64_t journal_salt(const JournalIdentity& identity, std::uint64_t segment) noexcept {
  Hasher h(identity.session_id[0]);
  h.add(identity.session_id[1]);
  h.add(identity.kind);
  h.text(identity_name(identity.stage));
  h.add(segment);
  // Positions stay below 2^63, so with the top bit set no word is 0, the sign of fresh memory.
  return h.value() | std::uint64_t{1} << 63;
}

void format_journal(std::span<std::byte> memory, const JournalShape& shape,
                    const JournalIdentity& identity) {
  PINSTRIPE_CHECK(valid_shape(shape.segment_bytes, shape.segments),
                  "a journal has 2 to 4096 segments of 512 bytes to 2 GiB, whole cache lines");
  PINSTRIPE_CHECK(memory.size() >= journal_bytes(shape), "the memory is too small for the journal");
  PINSTRIPE_CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % kCacheLine == 0,
                  "a journal starts on a cache line");
  auto* h = reinterpret_cast<JournalHeader*>(memory.data());
  ring_word::store_release(&h->version, std::uint64_t{0});
  std::memset(memory.data() + 16, 0, journal_bytes(shape) - 16);
  h->magic = kJournalMagic;
  h->segment_bytes = shape.segment_bytes;
  h->segments = shape.segments;
  std::memcpy(&h->identity, &identity, sizeof(identity));
  h->position = kJournalFirstRecordAt;
  h->carried_position = kJournalFirstRecordAt;
  auto* first = reinterpret_cast<JournalSegmentHeader*>(memory.data() + kJournalSegmentsAt);
  first->salt = journal_salt(identity, 0);
  first->first_position = kJournalFirstRecordAt;
  first->magic = kJournalSegmentMagic;
  // SYNC POINT journal-format: release, last; whoever sees the version sees a whole header.
  ring_word::store_release(&h->version, kJournalVersion);
}

Result<JournalView> attach_journal(std::span<std::byte> memory, const JournalIdentity* expected) {
  if (memory.size() < sizeof(JournalHeader)) {
    return refuse("has " + std::to_string(memory.size()) + " bytes, its header takes " +
                  std::to_string(sizeof(JournalHeader)));
  }
  const auto* h = reinterpret_cast<const JournalHeader*>(memory.data());
  // SYNC POINT journal-format: acquire; pairs with format_journal's release of the version.
  const std::uint64_t version = ring_word::load_acquire(&h->version);
  if (version == 0) return refuse("has not been formatted yet");
  if (h->magic != kJournalMagic) return refuse("does not begin with its magic");
  if (version != kJournalVersion) {
    return refuse("has version " + std::to_string(version) + ", expected " +
                  std::to_string(kJournalVersion));
  }
  // One private copy of each field: checked and used, never read again.
  JournalView view;
  view.base = memory.data();
  view.segment_bytes = h->segment_bytes;
  view.segments = h->segments;
  std::memcpy(&view.identity, &h->identity, sizeof(view.identity));
  if (!valid_shape(view.segment_bytes, view.segments)) {
    return refuse("states " + std::to_string(view.segments) + " segments of " +
                  std::to_string(view.segment_bytes) + " bytes");
  }
  const std::size_t needed = journal_bytes({view.segment_bytes, view.segments});
  if (memory.size() < needed) {
    return refuse("has " + std::to_string(memory.size()) + " bytes, its segments need " +
                  std::to_string(needed));
  }
  if (expected != nullptr) {
    const std::string difference = identity_difference(view.identity, *expected);
    if (!difference.empty()) {
      return fail("the journal is not this stage's: " + difference +
                  "; only the build and configuration that wrote a journal can go on with it");
    }
  }
  return view;
}

void PrivateJournal::Free::operator()(std::byte* p) const noexcept {
  ::operator delete[](p, std::align_val_t{kCacheLine});
}

PrivateJournal::PrivateJournal(const JournalShape& shape, const JournalIdentity& identity)
    : memory_(static_cast<std::byte*>(
          ::operator new[](journal_bytes(shape), std::align_val_t{kCacheLine}))),
      bytes_(journal_bytes(shape)) {
  format_journal(memory(), shape, identity);
}

JournalView PrivateJournal::view() const noexcept {
  auto view = attach_journal(memory(), nullptr);
  PINSTRIPE_CHECK(view.has_value(), "a private journal is whole");
  return *view;
}

}  // namespace pinstripe
