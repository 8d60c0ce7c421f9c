#include "tools/rest/backfill.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "tools/rest/answer_reader.h"
#include "tools/session/time_text.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kFundingMostMs = 8 * 3'600'000;  // no venue settles less often
constexpr std::int64_t kTradesPageMs = 3'600'000;       // a page by time spans no more

std::string interval_name(std::int64_t minutes) {
  if (minutes % 1'440 == 0) return std::to_string(minutes / 1'440) + "d";
  if (minutes % 60 == 0) return std::to_string(minutes / 60) + "h";
  return std::to_string(minutes) + "m";
}

/// "20240808T000000Z", with milliseconds where there are some.
std::string compact_time(std::int64_t ms) {
  std::string text;
  const std::string shown = shown_time(ms * kNsPerMs);
  for (const char c : shown.substr(0, shown.find('.'))) {
    if (c != '-' && c != ':') text += c;
  }
  if (ms % 1'000 != 0) text += "." + shown.substr(shown.find('.') + 1, 3);
  return text + "Z";
}

void fill(BackfillProgress& progress, const BackfillFile& file, const BackfillPager& pager) {
  progress.rows = file.rows();
  progress.first_ms = file.first_ms();
  progress.last_ms = file.last().empty() ? 0 : file.last().back().time_ms;
  progress.reached_ms = pager.reached_ms();
}

}  // namespace

std::string backfill_file_name(const BackfillRequest& r) {
  const bool is_klines = r.kind == BackfillKind::kKlines;
  return r.venue + "_" + r.symbol + "_" + kBackfillKindNames[static_cast<std::size_t>(r.kind)] +
         (is_klines ? "_" + interval_name(r.interval_min) : "") + "_" + compact_time(r.from_ms) +
         (r.kind == BackfillKind::kTrades ? ".txt" : ".csv");
}

std::string missing_history(const BackfillRequest& r, const BackfillProgress& p) {
  const std::int64_t spacing_ms = r.kind == BackfillKind::kKlines    ? r.interval_min * 60'000
                                  : r.kind == BackfillKind::kFunding ? kFundingMostMs
                                                                     : kTradesPageMs;
  const std::int64_t first_ms = p.rows > 0 ? p.first_ms : r.to_ms;
  if (first_ms - r.from_ms <= spacing_ms) return "";
  const std::string what = std::string(kBackfillKindNames[static_cast<std::size_t>(r.kind)]);
  return r.venue + " has no " + what + " of " + r.symbol + " between " +
         shown_time(r.from_ms * kNsPerMs) + ", which was asked for, and " +
         shown_time(first_ms * kNsPerMs) +
         (p.rows > 0 ? ": the file begins there; the venue has nothing before" : ": no row came");
}

Result<BackfillProgress> backfill(VenueRest& rest, const BackfillRequest& request,
                                  const std::string& folder, const BackfillReport& report) {
  auto pager = make_pager(request);
  if (!pager) return std::unexpected(pager.error());
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail("cannot make the folder '" + folder + "': " + error.message());
  BackfillProgress progress;
  progress.file = (std::filesystem::path(folder) / backfill_file_name(request)).string();
  auto file = BackfillFile::open(progress.file, request.kind);
  if (!file) return std::unexpected(file.error());
  progress.rows_before = file->rows();
  progress.mended_bytes = file->mended_bytes();
  if (!file->last().empty()) (*pager)->go_on_behind(file->last());
  const std::uint64_t before = rest.requests();
  while (!(*pager)->at_end()) {
    const BackfillStep step = (*pager)->step();
    const auto body = rest.get(request.venue, step.target, step.weight, Priority::kBackground);
    if (!body) return std::unexpected(body.error());
    const auto answer = parse_answer(*body, request.venue + " " + step.target);
    if (!answer) return std::unexpected(answer.error());
    const auto rows = (*pager)->take(*answer);
    if (!rows) {
      return std::unexpected(Error(rows.error()).within(request.venue + " " + step.target));
    }
    if (auto written = file->append(*rows); !written) return std::unexpected(written.error());
    progress.requests = rest.requests() - before;
    fill(progress, *file, **pager);
    report(progress);
  }
  fill(progress, *file, **pager);
  file->keep();
  progress.warning = missing_history(request, progress);
  return progress;
}

}  // namespace pinstripe
