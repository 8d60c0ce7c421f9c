// All connections of one feed: their frames, one at a time, where they lie.
//
// One thread, no lock. next() shows the oldest frame that has come, in place in its connection's
// buffer; pop() lets it go. Between frames the hub does what time asks for: connects, subscribes,
// beats, resyncs. What its user knows of the books (BookNeed) tells it which ones need a fresh
// start: a REST snapshot where the venue's streams bring changes only (book_desk.h), a renewed
// subscription where the stream itself brings the snapshot. Words of the page of notices that
// changed are shown as frames too (FrameFormat::kNotice).
//
// A connection that nears its planned end gets a successor beside it, and ends once that one
// delivers; what both deliver twice the stage drops by sequence. With `redundant` two live all the
// time. A second snapshot of a book that is whole is dropped here: it may be older than the book.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "feed/live/book_desk.h"
#include "feed/live/market_link.h"
#include "feed/live/notices_page.h"
#include "feed/live_source.h"
#include "shm/msg/market_event.h"

namespace pinstripe {

/// What a hub can do for a book, from the stage's state of it.
constexpr BookNeed need_of(BookState state) noexcept {
  switch (state) {
    case BookState::kValid: return BookNeed::kNone;
    case BookState::kHalted: return BookNeed::kNone;  // afresh once it trades again
    case BookState::kStale: return BookNeed::kSilent;
    default: return BookNeed::kFresh;
  }
}

struct HubOptions {
  std::string address;             // "host:port" in place of every venue's own; "": their own
  std::string ca_file;             // authorities; "": the system's
  bool redundant = false;          // two connections for each, all the time
  std::string candles = "1m";      // length of the candles subscribed to (CandleLength); "": none
  std::uint32_t snapshot_levels = 1'000;
  std::int64_t cut_over_ns = std::int64_t{23} * 3'600 * kNsPerSecond;
  std::size_t message_bytes_max = 1u << 20;
  LinkOptions link;
  LimiterOptions limits;
  std::string notices;             // page of what becomes of the instruments, once it is there
};

/// How a lost book comes back.
enum class ResyncKind : std::uint8_t {
  kStream,  // the stream brings its snapshot
  kUrgent,  // by REST, a position or an order depending on it
  kRest,    // by REST, the others
};
inline constexpr std::array<std::string_view, 3> kResyncKindNames{"stream", "urgent", "rest"};

/// What is wanted where the stream brings the snapshot or money depends on the book.
inline constexpr std::int64_t kResyncGoalNs = 2 * kNsPerSecond;

/// Books that were brought back: from the loss, or from when their connection was live again, to
/// the whole book; seen every 100 ms.
struct ResyncTimes {
  std::uint64_t count = 0;
  std::int64_t total_ns = 0;
  std::int64_t longest_ns = 0;
  std::uint64_t late = 0;  // longer than kResyncGoalNs
};

/// One connection, for people.
struct LinkReport {
  std::string name;
  LinkState state = LinkState::kWaiting;
  bool is_second = false;  // beside another with the same topics
  bool is_alarm = false;
  std::size_t topics = 0;
  LinkCounts counts;
  std::string last_text;
};

class MarketHub final : private LinkOwner {
 public:
  using Needs = std::function<BookNeed(std::uint16_t)>;
  using Stakes = std::function<bool(std::uint16_t)>;

  /// Resolves the hosts and begins to connect. `instruments` must outlive it; `wanted`: those of
  /// this feed. TLS's first use in the process.
  static Result<std::unique_ptr<MarketHub>> open(std::span<const Instrument> instruments,
                                                 std::span<const std::uint16_t> wanted,
                                                 const HubOptions& options);
  ~MarketHub();

  /// Until every connection is open, or the error that says which is not within `patience_ns`, and
  /// why; at once for a certificate that is refused. Nothing is subscribed to before.
  Result<void> await_open(std::int64_t patience_ns);
  /// Subscribes; without a wait: as soon as each is open.
  void begin() noexcept { may_subscribe_ = true; }
  /// Asked a few times a second for each instrument.
  void set_needs(Needs needs) { needs_ = std::move(needs); }
  /// How many frames the stage has refused so far: connections that bring nothing else are made
  /// anew.
  void set_refused(std::function<std::int64_t()> refused) { refused_ = std::move(refused); }
  /// Whether a position or an order depends on an instrument: its snapshot goes first.
  void set_stakes(Stakes stakes) { stakes_ = std::move(stakes); }

  /// The next frame, valid until pop(); null: nothing now. `origin_ns` is CLOCK_REALTIME of its
  /// receipt, `file` the connection (names()), `line` its number there.
  const FeedFrame* next() noexcept;
  void pop() noexcept;

  /// Names of the connections, then of the desks, then "notices" where a page is named.
  std::span<const std::string> names() const noexcept { return names_; }
  std::vector<LinkReport> links() const;
  /// f(link, is_second) for each connection; allocates nothing.
  template <class F>
  void each_link(F&& f) const {
    for (const Place& place : places_) {
      if (place.link != nullptr) f(*place.link, false);
      if (place.other != nullptr) f(*place.other, true);
    }
  }
  std::span<const std::unique_ptr<BookDesk>> desks() const noexcept { return desks_; }
  const ResyncTimes& resyncs(ResyncKind kind) const noexcept {
    return resyncs_[static_cast<std::size_t>(kind)];
  }

 private:
  /// One planned connection, and what carries it now.
  struct Place {
    ConnectionPlan plan;
    net::Endpoint endpoint;
    std::unique_ptr<MarketLink> link;
    std::unique_ptr<MarketLink> other;   // successor, or the second of a redundant pair
    std::unique_ptr<MarketLink> leaving; // retired, its close under way
    bool must_go = false;                // the venue has said so

    /// One of the two that is live; null: neither.
    MarketLink* live_link() const noexcept {
      if (link->state() == LinkState::kLive) return link.get();
      return other != nullptr && other->state() == LinkState::kLive ? other.get() : nullptr;
    }
  };
  /// What is done for one instrument's book.
  struct Care {
    std::uint16_t instrument = 0;
    std::size_t place = 0;   // that carries its book
    std::size_t topic = 0;
    BookNeed need = BookNeed::kNone;  // as of the last look
    std::int64_t next_ns = 0;
    std::int64_t delay_ns = 0;
    std::int64_t since_ns = 0;   // of the loss that is not mended yet; 0: none
    bool has_been_whole = false;
    bool is_urgent = false;
  };

  /// What was last said of an instrument. A new hub has said nothing, so that it tells all anew.
  struct Told {
    std::uint16_t instrument = 0;
    NoticeWord word = NoticeWord::kNone;
  };

  MarketHub(std::span<const Instrument> instruments, const HubOptions& options);
  Result<void> start(std::span<const std::uint16_t> wanted);
  Result<void> open_desks();
  std::unique_ptr<MarketLink> make_link(std::size_t place);

  void on_link_message(MarketLink& link, const net::WsMessage& message) noexcept override;
  bool may_connect(MarketLink& link) noexcept override;
  bool may_send(MarketLink& link) noexcept override;
  bool is_granted(const LimitScope& scope, LimitTurn& turn) noexcept;
  bool may_subscribe() noexcept override { return may_subscribe_; }
  void on_link_leaving(MarketLink& link) noexcept override;

  void on_time(std::int64_t now_ns) noexcept;
  void cut_over(std::size_t index, std::int64_t now_ns) noexcept;
  void care(std::int64_t now_ns) noexcept;
  static std::int64_t first_patience_ns(const MarketLink& link, BookNeed need,
                                        std::int64_t now_ns) noexcept;
  void note_loss(Care& care, BookNeed need, std::int64_t now_ns) noexcept;
  void ask_for(Care& care, MarketLink& link, BookNeed need, std::int64_t now_ns) noexcept;
  bool show_snapshot() noexcept;
  void look_for_notices();
  bool show_notice() noexcept;
  bool is_spare_snapshot(const MarketLink& link, std::string_view message) const noexcept;
  BookDesk* desk_of(const MarketRules& rules) noexcept;

  std::span<const Instrument> instruments_;
  HubOptions options_;
  std::unique_ptr<net::TlsContext> context_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<Limiter> limiter_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<BookDesk>> desks_;
  std::vector<Care> cares_;
  std::array<ResyncTimes, 3> resyncs_{};
  std::vector<std::uint8_t> venues_;  // of each instrument
  std::vector<std::string> names_;
  std::vector<std::uint64_t> lines_;  // frames shown of each name
  Needs needs_;
  std::function<std::int64_t()> refused_;
  std::int64_t refused_before_ = 0;
  Stakes stakes_;
  std::optional<NoticesReader> notices_;
  std::vector<Told> told_;              // of the instruments of this feed
  std::array<char, 16 + kFramePadding> notice_bytes_{};
  FeedFrame frame_;
  bool is_shown_ = false;
  BookDesk* shown_desk_ = nullptr;      // whose snapshot is shown
  MarketLink* paused_ = nullptr;        // whose message is shown, or was
  std::int64_t looked_ns_ = 0;
  std::int64_t cared_ns_ = 0;
  std::int64_t noticed_ns_ = 0;         // when the page of notices was last looked at to its end
  std::uint64_t links_made_ = 0;
  bool may_subscribe_ = false;
};

}  // namespace pinstripe
