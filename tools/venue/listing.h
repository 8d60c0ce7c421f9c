// What the simulated exchange lists: one book each, on one market of one venue.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinstripe::venue {

enum class ListingMarket : std::uint8_t {
  kBinance, kBinanceUsdm, kBybit, kBybitLinear, kOkx, kOkxSwap,
};
inline constexpr std::array<std::string_view, 6> kListingMarketNames{
    "BINANCE", "BINANCE_USDM", "BYBIT", "BYBIT_LINEAR", "OKX", "OKX_SWAP"};

inline std::string_view name_of(ListingMarket market) {
  return kListingMarketNames[static_cast<std::size_t>(market)];
}
inline bool is_perpetual(ListingMarket market) {
  return market == ListingMarket::kBinanceUsdm || market == ListingMarket::kBybitLinear ||
         market == ListingMarket::kOkxSwap;
}

using ListingIndex = std::uint32_t;  // in the engine's table

struct Listing {
  ListingMarket market = ListingMarket::kBinance;
  std::string base, quote;
  std::string symbol;            // as the venue writes it: "BTCUSDT", "BTC-USDT-SWAP"
  std::int64_t tick_e8 = 0;      // 1e-8 quote
  std::int64_t lot_e8 = 0;       // 1e-8 base; on OKX_SWAP the base of one contract
  std::int64_t mid_ticks = 0;    // price at the start
  double rate_per_s = 10;        // of the synthetic market's messages
  std::uint64_t seed = 1;        // markets of one asset share it: their prices move together
  bool trades = true;            // false: halted
};

/// "BTCUSDT", on OKX "BTC-USDT" and "BTC-USDT-SWAP".
std::string symbol_of(ListingMarket market, const std::string& base, const std::string& quote);

}  // namespace pinstripe::venue
