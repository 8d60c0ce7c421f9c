// `fetch`: a venue's past klines, trades or funding rates into a file that grows.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>

#include <nlohmann/json.hpp>

#include "shm/run/machine_time.h"
#include "tools/commands/options.h"
#include "tools/commands/say.h"
#include "tools/rest/backfill.h"
#include "tools/rest/venue_clock.h"
#include "tools/session/text_table.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kReportMs = 2'000;
constexpr std::int64_t kPatienceNs = 900 * kNsPerSecond;  // nobody waits for a backfill

/// "1m", "4h", "1d" in minutes; 0: none of these.
std::int64_t interval_minutes(const std::string& text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, count);
  if (read.ec != std::errc() || end - read.ptr != 1 || count < 1 || count > 1'440) return 0;
  switch (*read.ptr) {
    case 'm': return count;
    case 'h': return count * 60;
    case 'd': return count * 1'440;
    default: return 0;
  }
}

Result<BackfillRequest> request_of(const FetchOptions& options) {
  BackfillRequest r;
  r.venue = options.venue;
  r.symbol = options.symbol;
  r.kind = options.what == "klines"   ? BackfillKind::kKlines
           : options.what == "trades" ? BackfillKind::kTrades
                                      : BackfillKind::kFunding;
  r.interval_min = interval_minutes(options.interval);
  const auto from = parse_time(options.from, "--from");
  if (!from) return std::unexpected(from.error());
  r.from_ms = *from / kNsPerMs;
  r.to_ms = INT64_MAX;
  if (!options.to.empty()) {
    const auto to = parse_time(options.to, "--to");
    if (!to) return std::unexpected(to.error());
    r.to_ms = *to / kNsPerMs;
  }
  if (r.from_ms >= r.to_ms) {
    return fail_usage("--from " + options.from + " does not lie before --to " + options.to);
  }
  if (const auto pager = make_pager(r); !pager) return std::unexpected(pager.error());
  return r;
}

/// Lines on standard error, one every two seconds.
class ProgressLine {
 public:
  ProgressLine(const BackfillRequest& request, bool json) : r_(request), is_quiet_(json) {}
  void operator()(const BackfillProgress& p) {
    if (is_quiet_ || monotonic_ms() - last_ms_ < kReportMs) return;
    last_ms_ = monotonic_ms();
    const std::int64_t span = std::max<std::int64_t>(r_.to_ms - r_.from_ms, 1);
    const std::int64_t done = std::clamp<std::int64_t>(p.reached_ms - r_.from_ms, 0, span);
    say(r_.venue + " " + r_.symbol + ": " + shown_count(static_cast<std::int64_t>(p.rows)) +
        " rows, up to " + shown_time(std::min(p.reached_ms, r_.to_ms) * kNsPerMs) + " (" +
        std::to_string(static_cast<int>(100.0 * static_cast<double>(done) /
                                        static_cast<double>(span))) + " %)");
  }

 private:
  const BackfillRequest& r_;
  bool is_quiet_;
  std::int64_t last_ms_ = monotonic_ms();
};

Result<BackfillProgress> fetch(const FetchOptions& options, BackfillRequest& request) {
  VenueRest::Options patient;
  patient.patience_ns = kPatienceNs;
  auto rest = VenueRest::open({options.address, options.ca_file}, patient);
  if (!rest) return std::unexpected(rest.error());
  // What has not ended by the venue's clock is not asked for: it would have to be taken back.
  const auto offset = fetch_clock_offset(*rest, request.venue);
  if (!offset) return std::unexpected(offset.error());
  const std::int64_t now_ns = rest->now_ns() + offset->offset_ns - offset->error_ns;
  request.to_ms = std::min(request.to_ms, now_ns / kNsPerMs);
  if (request.from_ms >= request.to_ms) {
    return fail_usage("--from " + options.from + " is not in the past by the clock of " +
                      request.venue + ", which shows " + shown_time(now_ns));
  }
  ProgressLine line(request, options.json);
  return backfill(*rest, request, options.out, std::ref(line));
}

nlohmann::ordered_json json_of(const BackfillProgress& p, const BackfillRequest& r) {
  return {{"file", p.file},         {"rows", p.rows},
          {"rows_before", p.rows_before}, {"mended_bytes", p.mended_bytes},
          {"requests", p.requests}, {"first_ms", p.first_ms},
          {"last_ms", p.last_ms},   {"from_ms", r.from_ms},
          {"to_ms", r.to_ms},
          {"warning", p.warning.empty() ? nlohmann::ordered_json(nullptr)
                                        : nlohmann::ordered_json(p.warning)}};
}

}  // namespace

Exit run_fetch(const FetchOptions& options) {
  auto request = request_of(options);
  if (!request) return report_error(request.error(), options.json);
  const auto done = fetch(options, *request);
  if (!done) return report_error(done.error(), options.json);
  if (!done->warning.empty()) say("warning: " + done->warning);
  if (options.json) {
    std::printf("%s\n", json_of(*done, *request).dump().c_str());
    return Exit::kDone;
  }
  if (done->mended_bytes > 0) {
    say("a row that had been cut off was taken away and fetched again (" +
        std::to_string(done->mended_bytes) + " bytes)");
  }
  const auto count = [](std::uint64_t n) { return shown_count(static_cast<std::int64_t>(n)); };
  const std::string span = done->rows == 0 ? "no row"
                                           : "from " + shown_time(done->first_ms * kNsPerMs) +
                                                 " to " + shown_time(done->last_ms * kNsPerMs);
  std::printf("%s: %s rows, %s of them new, %s; asked for up to %s; %s requests\n",
              done->file.c_str(), count(done->rows).c_str(),
              count(done->rows - done->rows_before).c_str(), span.c_str(),
              shown_time(request->to_ms * kNsPerMs).c_str(), count(done->requests).c_str());
  return Exit::kDone;
}

}  // namespace pinstripe
