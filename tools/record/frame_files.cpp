#include "tools/record/frame_files.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <numeric>

#include "feed/capture_lines.h"
#include "tools/record/line_forms.h"

namespace pinstripe {
namespace {

/// Less than the second after which lines must be on disk: other files are written meanwhile.
constexpr std::int64_t kFlushAfterNs = 500 * kNsPerMs;
/// A file that gets more at once is written sooner.
constexpr std::size_t kPendingMost = 1u << 20;

/// "20261122T001530Z"
std::string stamp_of(std::int64_t realtime_ns) {
  const std::time_t seconds = realtime_ns / kNsPerSecond;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
  return {text, size};
}

bool is_same_symbol(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::toupper(x) == std::toupper(y);
  });
}

/// Binance's market is told by a depth update, and what the file joins by its first one.
bool may_begin_file(const FeedFrame& frame) {
  return frame.format != FrameFormat::kBinanceRaw || frame.bytes.substr(0, 80).contains("@depth");
}

}  // namespace

Result<std::unique_ptr<FrameFiles>> FrameFiles::open(std::span<const Instrument> instruments,
                                                     const RecordPlan& plan,
                                                     std::int64_t begin_ns) {
  std::error_code error;
  std::filesystem::create_directories(plan.folder, error);
  if (error) {
    return fail("cannot make the folder '" + plan.folder + "': " + error.message() +
                "; name another with --out");
  }
  std::unique_ptr<FrameFiles> files(new FrameFiles(instruments, plan));
  files->stamp_ = stamp_of(begin_ns);
  files->venues_ = venue_numbers(instruments);
  std::vector<std::uint16_t> all(instruments.size());
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  auto connections = plan_connections(instruments, all, plan.candles);
  if (!connections) return std::unexpected(connections.error());
  files->connections_ = std::move(*connections);
  for (const Instrument& i : instruments) {
    const bool is_chained = market_rules(i.venue)->is_chained;
    const std::string name = is_chained ? i.venue : i.venue + "-" + i.symbol;
    const auto at = std::ranges::find(files->tracks_, name, &Track::name);
    files->track_of_.push_back(static_cast<std::size_t>(at - files->tracks_.begin()));
    if (at != files->tracks_.end()) continue;
    files->tracks_.emplace_back();
    files->tracks_.back().name = name;
    files->tracks_.back().has_connections = is_chained;
  }
  return files;
}

FrameFiles::Track& FrameFiles::track_of(const FeedFrame& frame) {
  if (frame.instrument != kNoInstrument) return tracks_[track_of_[frame.instrument]];
  // A frame that names none of them is kept with its venue's first.
  std::size_t found = instruments_.size();
  const bool by_symbol = frame.format == FrameFormat::kBinanceRaw;
  const std::string_view symbol =
      by_symbol ? symbol_in(CaptureFormat::kBinanceRaw, frame.bytes.substr(0, 400), "")
                : std::string_view{};
  for (std::size_t i = instruments_.size(); i-- > 0;) {
    if (frame.venue != kAnyVenue && venues_[i] != frame.venue) continue;
    found = i;
    if (by_symbol && is_same_symbol(instruments_[i].symbol, symbol)) break;
  }
  return tracks_[track_of_[found == instruments_.size() ? 0 : found]];
}

bool FrameFiles::is_due(const Track& track, const FeedFrame& frame) const noexcept {
  if (track.file == nullptr) return true;
  const bool is_full = plan_.rotate_bytes != 0 && track.file->bytes() >= plan_.rotate_bytes;
  const bool is_old =
      plan_.rotate_ns != 0 && frame.origin_ns.value - track.opened_ns >= plan_.rotate_ns;
  return (is_full || is_old) && may_begin_file(frame);
}

Result<void> FrameFiles::begin_file(Track& track, std::int64_t now_ns) {
  if (auto ended = end_file(track); !ended) return ended;
  char number[16];
  std::snprintf(number, sizeof(number), ".%04u", ++track.number);
  const std::string name = track.name + "." + stamp_ + number +
                           (track.has_connections ? ".jsonl" : ".txt") +
                           std::string(packing_suffix(plan_.packing));
  auto file = PackedFile::create((std::filesystem::path(plan_.folder) / name).string(),
                                 plan_.packing);
  if (!file) return std::unexpected(file.error());
  track.file = std::move(*file);
  track.opened_ns = now_ns;
  files_.push_back(track.file->path());
  if (!track.has_connections) return {};
  track.introduced.clear();
  // Both markets of Bybit are one exchange to its recorders, as are those of OKX.
  add_header_line(track.name.substr(0, track.name.find('_')), track.file->pending());
  return {};
}

void FrameFiles::introduce(Track& track, std::int64_t now_ns, std::string_view connection) {
  if (std::ranges::find(track.introduced, connection) != track.introduced.end()) return;
  track.introduced.emplace_back(connection);
  const auto plan = std::ranges::find(connections_, connection, &ConnectionPlan::name);
  if (plan == connections_.end()) return;
  const std::string address = "wss://" + std::string(plan->rules->stream_host) + plan->path;
  add_connect_line(now_ns, connection, address, track.file->pending());
}

Result<void> FrameFiles::add(const FeedFrame& frame, std::string_view connection) {
  Track& track = track_of(frame);
  track.newest_ns = std::max(track.newest_ns, frame.origin_ns.value);
  const std::int64_t now_ns = track.newest_ns;
  if (is_due(track, frame)) {
    if (auto begun = begin_file(track, now_ns); !begun) return begun;
  }
  std::string& pending = track.file->pending();
  if (track.has_connections) {
    introduce(track, now_ns, connection);
    add_received_line(now_ns, connection, frame.bytes, pending);
  } else {
    add_plain_line(now_ns, frame.bytes, pending);
  }
  ++frames_;
  track.waits = true;
  return pending.size() >= kPendingMost ? flush(track) : Result<void>{};
}

Result<void> FrameFiles::flush(Track& track) {
  track.waits = false;
  track.waits_since_ns = 0;
  return track.file != nullptr ? track.file->flush() : Result<void>{};
}

Result<void> FrameFiles::flush_due(std::int64_t now_ns) {
  for (Track& track : tracks_) {
    if (!track.waits) continue;
    if (track.waits_since_ns == 0) track.waits_since_ns = now_ns;
    if (now_ns - track.waits_since_ns < kFlushAfterNs) continue;
    return flush(track);
  }
  return {};
}

Result<void> FrameFiles::flush_all() {
  Result<void> first;
  for (Track& track : tracks_) {
    auto flushed = flush(track);
    if (!flushed && first) first = std::move(flushed);
  }
  return first;
}

Result<void> FrameFiles::end_file(Track& track) {
  if (track.file == nullptr) return {};
  if (auto flushed = flush(track); !flushed) return flushed;
  ended_bytes_ += track.file->bytes();
  ended_text_bytes_ += track.file->text_bytes();
  track.file.reset();
  return {};
}

std::uint64_t FrameFiles::bytes() const noexcept {
  std::uint64_t sum = ended_bytes_;
  for (const Track& track : tracks_) sum += track.file != nullptr ? track.file->bytes() : 0;
  return sum;
}

std::uint64_t FrameFiles::text_bytes() const noexcept {
  std::uint64_t sum = ended_text_bytes_;
  for (const Track& track : tracks_) sum += track.file != nullptr ? track.file->text_bytes() : 0;
  return sum;
}

}  // namespace pinstripe
