#include "exec/funding_file.h"

#include <zlib.h>

#include <charconv>
#include <memory>

namespace pinstripe {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kRateMaxE8 = 10'000'000'000;  // 100 = 10,000 %: beyond it a typing error

struct CloseGz {
  void operator()(gzFile_s* f) const noexcept { gzclose(f); }
};

Result<std::string> read_all(const std::string& path) {
  std::unique_ptr<gzFile_s, CloseGz> file(gzopen(path.c_str(), "rb"));
  if (!file) return fail("cannot open '" + path + "'; check the path under exec.funding");
  std::string text;
  char block[1 << 16];
  for (;;) {
    const int n = gzread(file.get(), block, sizeof(block));
    if (n > 0) text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kFileBytesMax) return fail("'" + path + "' holds more than 64 MiB of rates");
    if (n > 0) continue;
    int code = Z_OK;
    const char* what = gzerror(file.get(), &code);
    if (n < 0 || code == Z_BUF_ERROR) {
      return fail("'" + path + "' breaks off or is damaged after " + std::to_string(text.size()) +
                  " bytes of text (" + what + "); fetch it again");
    }
    return text;
  }
}

/// A decimal such as -0.0001, 1.6e-05 or 6.91e-06 as a whole number of 1e-8, half away from zero.
bool parse_rate_e8(std::string_view s, std::int64_t& out) {
  double value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc{} || end != s.data() + s.size() || !(value > -100 && value < 100)) {
    return false;
  }
  const double scaled = value * 1e8;
  out = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  return out < kRateMaxE8 && out > -kRateMaxE8;
}

bool parse_time_ms(std::string_view s, std::int64_t& out) {
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
  return error == std::errc{} && end == s.data() + s.size() && out > 0 &&
         out < INT64_MAX / kNsPerMs;
}

std::int64_t on_the_minute(std::int64_t time_ms) {
  const std::int64_t past = time_ms % kMinuteMs;
  return past <= 1'000 ? time_ms - past : time_ms;
}

}  // namespace

Result<std::vector<FundingEntry>> parse_funding(std::string_view text, const std::string& origin) {
  std::vector<FundingEntry> entries;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string where = origin + ", line " + std::to_string(++line_number) + ": ";
    if (line_number == 1) {
      if (line.starts_with("funding_time_ms,funding_rate")) continue;
      return fail(where + "found '" + std::string(line.substr(0, 60)) +
                  "', a file of funding rates begins with 'funding_time_ms,funding_rate'");
    }
    if (line.empty()) continue;
    const std::size_t comma = line.find(',');
    const std::string_view time = line.substr(0, comma);
    const std::string_view rest = comma == std::string_view::npos ? "" : line.substr(comma + 1);
    std::int64_t time_ms = 0;
    FundingEntry entry;
    if (!parse_time_ms(time, time_ms)) {
      return fail(where + "found time '" + std::string(time.substr(0, 40)) +
                  "', allowed is milliseconds since 1970");
    }
    if (!parse_rate_e8(rest.substr(0, rest.find(',')), entry.rate_e8)) {
      return fail(where + "found rate '" + std::string(rest.substr(0, 40)) +
                  "', allowed is a fraction such as 0.0001 (0.01 %)");
    }
    entry.time_ns = on_the_minute(time_ms) * kNsPerMs;
    if (!entries.empty() && entry.time_ns <= entries.back().time_ns) {
      return fail(where + "the time does not rise; sort the file and remove double lines");
    }
    entries.push_back(entry);
  }
  if (entries.empty()) return fail(origin + " holds no funding rate");
  return entries;
}

Result<std::vector<FundingEntry>> load_funding_file(const std::string& path) {
  auto text = read_all(path);
  if (!text) return std::unexpected(text.error());
  return parse_funding(*text, path);
}

Result<void> load_funding_files(ExecConfig& config) {
  config.funding.assign(config.instruments.size(), {});
  std::size_t perpetuals = 0;
  for (const Instrument& i : config.instruments) perpetuals += i.market != Market::kSpot ? 1 : 0;
  for (const FundingFile& file : config.funding_files) {
    if (file.instrument.empty() && perpetuals > 1) {
      return fail_usage("exec.funding names one file, found " + std::to_string(perpetuals) +
                        " perpetuals; write {\"<instrument id>\": \"file\", ...}");
    }
    for (std::size_t i = 0; i < config.instruments.size(); ++i) {
      const Instrument& instrument = config.instruments[i];
      const bool meant = file.instrument.empty() ? instrument.market != Market::kSpot
                                                 : instrument.id == file.instrument;
      if (!meant) continue;  // one config serves sessions with other instruments too
      auto entries = load_funding_file(file.path);
      if (!entries) return fail_within("cannot load funding rates", entries);
      config.funding[i] = std::move(*entries);
    }
  }
  return {};
}

}  // namespace pinstripe
