// What people may see of a feed's connections: a page in the session directory that feed writes and
// `pinstripe status` reads, without either waiting for the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/segment.h"
#include "shm/ring/stage_page.h"

namespace pinstripe {

class MarketHub;

inline constexpr std::uint64_t kLinksPageMagic = 0x00534B4E494C4E50ULL;  // "PNLINKS\0"
inline constexpr std::uint64_t kLinksPageVersion = 2;
inline constexpr std::size_t kLinksMax = 128;
inline constexpr std::size_t kDesksMax = 8;

/// A short text that changes under a reader's eyes: an odd version says that it is being written.
struct PageText {
  std::atomic<std::uint32_t> version{0};
  std::array<std::atomic<char>, 124> text{};

  void set(std::string_view s) noexcept;
  std::string get() const;
};

struct LinksPage {
  struct Link {
    PageText name;
    PageText last;  // why it ended last, or what the venue refused
    PageValue<std::uint32_t> state;  // LinkState
    PageValue<std::uint32_t> is_second;
    PageValue<std::uint32_t> is_alarm;
    PageValue<std::uint32_t> topics;
    PageValue<std::uint64_t> messages, bytes, opens, tries, tries_in_row, refusals, silences;
    PageValue<std::uint64_t> rate_per_s;  // messages of the last second
  };
  struct Desk {
    PageText name;
    PageText last;
    PageValue<std::uint64_t> waiting, requests, answers, failures;
    PageValue<std::int64_t> expected_ns;  // until the last that waits is served, by its weight
  };

  std::uint64_t magic = 0;
  std::atomic<std::uint64_t> version{0};
  PageValue<std::uint32_t> links_count;
  PageValue<std::uint32_t> desks_count;
  struct Resyncs {
    PageValue<std::uint64_t> count;
    PageValue<std::int64_t> total_ns, longest_ns;
    PageValue<std::uint64_t> late;
  };
  std::array<Resyncs, 3> resyncs;  // by ResyncKind
  std::array<Link, kLinksMax> links;
  std::array<Desk, kDesksMax> desks;
};

/// The writer's handle. Not for the hot path: called a few times a second, it does not allocate.
class LinksBoard {
 public:
  /// Makes the page, or takes over that of the process before.
  static Result<LinksBoard> open(const std::string& path);
  void publish(const MarketHub& hub, std::int64_t now_ns) noexcept;

 private:
  explicit LinksBoard(Segment segment) : segment_(std::move(segment)) {}
  LinksPage& page() noexcept { return *reinterpret_cast<LinksPage*>(segment_.bytes().data()); }

  Segment segment_;
  std::int64_t rated_ns_ = 0;
  std::array<std::uint64_t, kLinksMax> messages_{};  // at rated_ns_
};

/// What the page says, as plain values.
struct LinksShot {
  struct Link {
    std::string name, state, last;
    bool is_second = false, is_alarm = false;
    std::uint32_t topics = 0;
    std::uint64_t messages = 0, bytes = 0, rate_per_s = 0;
    std::uint64_t opens = 0, tries = 0, tries_in_row = 0, refusals = 0, silences = 0;
  };
  struct Desk {
    std::string name, last;
    std::uint64_t waiting = 0, requests = 0, answers = 0, failures = 0;
    std::int64_t expected_ns = 0;
  };
  struct Resyncs {
    std::uint64_t count = 0;
    std::int64_t total_ns = 0, longest_ns = 0;
    std::uint64_t late = 0;
  };
  std::vector<Link> links;
  std::vector<Desk> desks;
  std::array<Resyncs, 3> resyncs{};  // by ResyncKind
};
/// An error where there is no page, or one of another version.
Result<LinksShot> read_links_page(const std::string& path);

}  // namespace pinstripe
