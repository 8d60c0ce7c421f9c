#include "bench/wire_to_order_parts.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "feed/live_source.h"
#include "shm/msg/order_command.h"
#include "tools/journal/entry_text.h"
#include "tools/journal/journal_dir.h"
#include "tools/journal/stage_reader.h"
#include "tools/venue/send_stamps.h"

namespace pinstripe::bench {
namespace {

/// A message as a stage took it.
struct Taken {
  std::int64_t now_ns = 0;
  std::int64_t origin_ns = 0;
  std::uint32_t cause_seq = 0;
  std::uint16_t cause_ring = kNoRing;
};

/// A frame as the feed took it. Times: the session's clock but for the two of CLOCK_REALTIME.
struct Frame {
  std::int64_t origin_ns = 0;
  std::int64_t taken_ns = 0;
  std::int64_t received_realtime_ns = 0;
  std::int64_t sent_realtime_ns = 0;  // 0: the venue has not stamped it
};

/// Reads frames out of a journal, with what the source kept beside them.
class MarkedFrames : public JournaledFrames {
 public:
  std::int64_t received_ns() const noexcept {
    return inherited() == nullptr ? 0 : static_cast<std::int64_t>((*inherited())[1]);
  }
};

template <class F>
Result<void> each_entry(const JournalDir& journal, const char* stage, F&& f) {
  auto opened = open_stage_reader(journal, stage);
  if (!opened) return std::unexpected(std::move(opened.error()));
  JournalEntry e;
  auto found = opened->reader.next(e);
  for (; found && *found; found = opened->reader.next(e)) f(e);
  if (!found) return std::unexpected(std::move(found.error()));
  return {};
}

/// By what lies in it, when each message left; the same text may leave more than once.
class SentTimes {
 public:
  explicit SentTimes(const std::vector<venue::SendStamp>& stamps) {
    for (const venue::SendStamp& s : stamps) times_[s.payload_hash].push_back(s.sent_ns);
  }
  /// The newest time up to `received_ns`; 0: none.
  std::int64_t of(std::string_view payload, std::int64_t received_ns) const {
    const auto at = times_.find(venue::payload_hash(payload));
    if (at == times_.end()) return 0;
    const auto after = std::upper_bound(at->second.begin(), at->second.end(), received_ns);
    return after == at->second.begin() ? 0 : *(after - 1);
  }

 private:
  std::unordered_map<std::uint64_t, std::vector<std::int64_t>> times_;
};

/// What one stage took, by ring and number.
class TakenMessages {
 public:
  void add(const JournalEntry& e) {
    const MsgHeader& m = e.message();
    by_number_[key(e.ring, static_cast<std::uint32_t>(e.message_number()))] = {
        e.now.value, m.origin_ns.value, m.cause_seq, m.cause_ring};
  }
  /// What caused `later`; null: no message that this stage took.
  const Taken* cause_of(const Taken& later) const {
    const auto at = by_number_.find(key(later.cause_ring, later.cause_seq));
    return at == by_number_.end() ? nullptr : &at->second;
  }

 private:
  static std::uint64_t key(std::uint16_t ring, std::uint32_t number) noexcept {
    return std::uint64_t{ring} << 32 | number;
  }
  std::unordered_map<std::uint64_t, Taken> by_number_;
};

Result<std::vector<Frame>> read_frames(const JournalDir& journal, const SentTimes& sent) {
  std::vector<Frame> frames;
  MarkedFrames reader;
  const auto keep = [&](const JournalEntry& e) {
    if (e.kind != JournalKind::kFrame || !LiveFrameSource::holds_frame(e.payload)) return;
    const FeedFrame& f = reader.read_frame(e.payload);
    const std::int64_t received = reader.received_ns();
    frames.push_back({f.origin_ns.value, e.now.value, received, sent.of(f.bytes, received)});
  };
  if (auto read = each_entry(journal, "feed", keep); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return frames;
}

Result<void> read_taken(const JournalDir& journal, const char* stage, TakenMessages& taken) {
  return each_entry(journal, stage, [&](const JournalEntry& e) {
    if (e.kind == JournalKind::kMessage) taken.add(e);
  });
}

/// Features, models, risk: the stages between feed and exec.
using Between = std::array<TakenMessages, 3>;

void add_order(const Taken& order, const Between& between, const std::vector<Frame>& frames,
               WireOrders& found) {
  ++found.orders;
  std::array<std::int64_t, 4> taken{0, 0, 0, order.now_ns};  // features, models, risk, exec
  const Taken* cause = &order;
  for (std::size_t stage = between.size(); stage-- > 0 && cause != nullptr;) {
    cause = between[stage].cause_of(*cause);
    if (cause != nullptr) taken[stage] = cause->now_ns;
  }
  // A frame's number is that of the frames before it. So is a timer's; its origin is its own.
  const bool of_frame = cause != nullptr && cause->cause_ring == kNoRing &&
                        cause->cause_seq < frames.size() &&
                        frames[cause->cause_seq].origin_ns == cause->origin_ns;
  if (!of_frame) {
    ++found.orders_of_time;
    return;
  }
  const Frame& frame = frames[cause->cause_seq];
  if (frame.sent_realtime_ns == 0) {
    ++found.orders_of_other_frames;
    return;
  }
  const std::int64_t wire = frame.received_realtime_ns - frame.sent_realtime_ns;
  found.total_ns.push_back(wire + order.now_ns - frame.origin_ns);
  const std::array<std::int64_t, kWireParts> parts{
      wire, frame.taken_ns - frame.origin_ns, taken[0] - frame.taken_ns, taken[1] - taken[0],
      taken[2] - taken[1], taken[3] - taken[2]};
  for (std::size_t i = 0; i < kWireParts; ++i) found.part_ns[i].push_back(parts[i]);
}

}  // namespace

Result<WireOrders> match_orders(const std::string& journal, const std::string& stamps) {
  auto dir = open_journal(journal);
  if (!dir) return std::unexpected(std::move(dir.error()));
  auto sent = venue::read_send_stamps(stamps);
  if (!sent) return std::unexpected(std::move(sent.error()));
  auto frames = read_frames(*dir, SentTimes(sent->stamps));
  if (!frames) return std::unexpected(std::move(frames.error()));
  Between between;
  for (std::size_t i = 0; i < between.size(); ++i) {
    static constexpr std::array<const char*, 3> kStages{"features", "models", "risk"};
    if (auto read = read_taken(*dir, kStages[i], between[i]); !read) {
      return std::unexpected(std::move(read.error()));
    }
  }
  WireOrders found;
  found.sent = sent->stamps.size() + sent->beyond;
  found.beyond = sent->beyond;
  found.frames = frames->size();
  for (const Frame& f : *frames) found.frames_matched += f.sent_realtime_ns != 0;
  if (!frames->empty()) {
    found.seconds = static_cast<double>(frames->back().taken_ns - frames->front().taken_ns) * 1e-9;
  }
  const auto look = [&](const JournalEntry& e) {
    if (message_type_of(dir->plan, e) != OrderCommand::kRingType) return;
    const MsgHeader& m = e.message();
    add_order({e.now.value, m.origin_ns.value, m.cause_seq, m.cause_ring}, between, *frames, found);
  };
  if (auto read = each_entry(*dir, "exec", look); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return found;
}

}  // namespace pinstripe::bench
