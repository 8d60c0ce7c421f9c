// What became of a session's instruments while it runs: a page in the session directory that
// `pinstripe-watch` writes and each feed reads, without either waiting for the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "shm/base/result.h"
#include "shm/ring/segment.h"
#include "shm/ring/stage_page.h"

namespace pinstripe {

enum class NoticeWord : std::uint32_t {
  kNone = 0,  // nobody has looked yet
  kTrading,   // the venue trades it, by the session's record
  kHalted,    // the venue does not trade it, or no longer lists it
  kChanged,   // tick, lot or contract value are no longer those of the record; never undone
};

inline constexpr std::uint64_t kNoticesPageMagic = 0x004543544F4E4E50ULL;  // "PNNOTCE\0"
inline constexpr std::uint64_t kNoticesPageVersion = 1;

/// Begin of the page; a word for each instrument follows, by its index in the session.
struct NoticesPage {
  std::uint64_t magic = 0;
  std::atomic<std::uint64_t> version{0};
  std::uint64_t count = 0;
};

/// The writer's handle.
class NoticesBoard {
 public:
  /// Makes the page, whole when it appears, or takes over that of the process before with what it
  /// says. `count`: instruments of the session.
  static Result<NoticesBoard> open(const std::string& path, std::size_t count);
  NoticeWord word(std::size_t instrument) const noexcept;
  void say(std::size_t instrument, NoticeWord word) noexcept;

 private:
  explicit NoticesBoard(Segment segment) : segment_(std::move(segment)) {}

  Segment segment_;
};

/// The reader's handle: maps the page read-only.
class NoticesReader {
 public:
  /// None: there is no page yet. An error: it is another version's, or another session's.
  static Result<std::optional<NoticesReader>> open(const std::string& path, std::size_t count);
  /// kNone too for a word that this version does not know.
  NoticeWord word(std::size_t instrument) const noexcept;

 private:
  explicit NoticesReader(Segment segment) : segment_(std::move(segment)) {}

  Segment segment_;
};

}  // namespace pinstripe
