// Files of funding rates: what is taken rises in time, lies in range, and reads the same again.
#include "exec/funding_file.h"

namespace {

/// The entry as a line of such a file, in milliseconds and decimals of 1e-8.
std::string line_of(const pinstripe::FundingEntry& entry) {
  const std::uint64_t size = entry.rate_e8 < 0 ? 0 - static_cast<std::uint64_t>(entry.rate_e8)
                                               : static_cast<std::uint64_t>(entry.rate_e8);
  std::string decimals = std::to_string(size % 100'000'000);
  decimals.insert(0, 8 - decimals.size(), '0');
  return std::to_string(entry.time_ns / pinstripe::kNsPerMs) + "," +
         (entry.rate_e8 < 0 ? "-" : "") + std::to_string(size / 100'000'000) + "." + decimals + "\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entries =
      pinstripe::parse_funding({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!entries) {
    if (!entries.error().message.starts_with("fuzz")) __builtin_trap();  // says where
    return 0;
  }
  std::string again = "funding_time_ms,funding_rate\n";
  std::int64_t last_ns = 0;
  for (const pinstripe::FundingEntry& e : *entries) {
    if (e.time_ns <= last_ns && last_ns != 0) __builtin_trap();
    if (e.time_ns < 0 || e.rate_e8 < -10'000'000'000 || e.rate_e8 > 10'000'000'000) {
      __builtin_trap();
    }
    last_ns = e.time_ns;
    again += line_of(e);
  }
  const auto reread = pinstripe::parse_funding(again, "again");
  if (entries->front().time_ns == 0) return 0;  // the first minute of 1970 rounds to no time at all
  if (!reread || reread->size() != entries->size()) __builtin_trap();
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if ((*reread)[i].time_ns != (*entries)[i].time_ns ||
        (*reread)[i].rate_e8 != (*entries)[i].rate_e8) {
      __builtin_trap();
    }
  }
  return 0;
}
