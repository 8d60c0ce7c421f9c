// What can be wrong with a frame, and where: counted, and the last one kept for people.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pinstripe {

enum class FeedErrorKind : std::uint8_t {
  kNone = 0,
  kBadJson,        // not JSON, or JSON of another shape
  kMissingField,   // a field that this message must have is absent
  kBadNumber,      // a field that must be a number is not
  kUnknownSymbol,  // no such instrument in this session
  kOffGrid,        // price not a multiple of the tick, or quantity not of the lot
  kOverflow,       // price or quantity outside the range of the contract
  kTooLong,        // frame or level list longer than the configured limit
  kBadRow,         // CSV row with the wrong number of columns or an unknown word
  kBadFrame,       // binary frame whose sizes or kinds do not fit
};
inline constexpr std::array<std::string_view, 10> kFeedErrorNames{
    "none",     "bad_json", "missing_field", "bad_number", "unknown_symbol",
    "off_grid", "overflow", "too_long",      "bad_row",    "bad_frame"};

/// Fixed size, so that the stage can keep it without allocating.
struct FeedError {
  FeedErrorKind kind = FeedErrorKind::kNone;
  std::uint8_t excerpt_length = 0;
  std::uint16_t instrument = 0xFFFF;
  std::uint32_t file = 0;
  std::uint64_t line = 0;
  std::uint32_t column = 0;  // 1-based byte in the line
  std::array<char, 40> excerpt{};  // bytes from the column on

  std::string_view text() const noexcept { return {excerpt.data(), excerpt_length}; }
};

/// What was refused so far, by kind: how many, and the first of each.
struct FeedErrors {
  std::array<std::uint64_t, kFeedErrorNames.size()> count{};
  std::array<FeedError, kFeedErrorNames.size()> first{};
};

/// "data.gz:17:203: off_grid at '28145.15': ... what to do". `files` may be empty.
std::string describe(const FeedError& error, std::span<const std::string> files);
/// The same without an allocation, cut where `out` ends; of a long path only the end is told.
std::string_view describe_into(std::span<char> out, const FeedError& error,
                               std::span<const std::string> files) noexcept;

}  // namespace pinstripe
