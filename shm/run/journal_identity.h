// Whose journal it is: stands in the shared memory of a stage's journal, at the head of each of its
// files on disk and of its checkpoints.
//
// A journal is taken only where every field but `isa` agrees: the same bytes come out on every
// instruction set, so `isa` only tells people which one wrote it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace pinstripe {

inline constexpr std::size_t kJournalNameBytes = 64;
inline constexpr std::size_t kJournalModelsMax = 8;  // members whose own digest stands here

struct JournalIdentity {
  std::array<std::uint64_t, 2> session_id{};   // random, drawn when the session was made
  char session[kJournalNameBytes] = {};        // names end with a zero byte
  char stage[kJournalNameBytes] = {};
  std::uint32_t kind = 0;                      // StageKind
  std::uint32_t isa = 0;                       // Isa of the writer; for people only
  std::uint64_t config_digest = 0;             // of the resolved config
  std::uint64_t registry_hash = 0;             // of the features
  std::uint64_t models_digest = 0;             // of all model and rate files, in their order
  std::uint64_t data_digest = 0;               // of the recorded data, or the synthetic market
  std::uint64_t inputs_layout_hash = 0;        // of the rings that the stage reads
  char build_id[kJournalNameBytes] = {};
  std::array<std::uint64_t, kJournalModelsMax> model_digest{};  // by file, 0 where there is none
  std::array<std::uint64_t, 16> unused{};      // zero

  /// Equal in everything that must agree.
  bool same(const JournalIdentity& other) const noexcept {
    JournalIdentity mine = *this;
    mine.isa = other.isa;
    return std::memcmp(&mine, &other, sizeof(mine)) == 0;
  }
};
static_assert(sizeof(JournalIdentity) == 448 && std::is_trivially_copyable_v<JournalIdentity>);
static_assert(std::has_unique_object_representations_v<JournalIdentity>,
              "no padding: compared whole");

/// Copies a name into a field of the identity, cut at 63 bytes.
inline void set_identity_name(char (&field)[kJournalNameBytes], std::string_view name) noexcept {
  name = name.substr(0, kJournalNameBytes - 1);
  std::memset(field, 0, sizeof(field));
  std::memcpy(field, name.data(), name.size());
}
/// The name in a field of the identity, whatever its bytes are.
inline std::string identity_name(const char (&field)[kJournalNameBytes]) {
  return std::string(field, strnlen(field, kJournalNameBytes));
}

/// The first field of `found` that does not agree with `expected`, with both values, as in
/// "config_digest is 0x12, expected 0x34"; "" where all agree.
std::string identity_difference(const JournalIdentity& found, const JournalIdentity& expected);

}  // namespace pinstripe
