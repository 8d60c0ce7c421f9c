// The recorded captures that whole-session tests run: each alone, and the pairs that join.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace pinstripe {

struct Recorded {
  const char* name;                   // of the test
  std::vector<std::string> captures;  // in time order, as `binance_l2_raw/<capture>.txt.gz`
  friend void PrintTo(const Recorded& r, std::ostream* out) { *out << r.name; }
};

inline std::string capture_name(const std::string& name) {
  return "binance_l2_raw/" + name + ".txt.gz";
}

inline std::vector<Recorded> recorded_captures() {
  return {{"cm_btc_0808", {"cm_btcusd_perp_20240808"}},
          {"cm_btc_0809", {"cm_btcusd_perp_20240809"}},
          {"spot_btc_0405", {"spot_btcusdt_20230405"}},
          {"spot_btc_0808", {"spot_btcusdt_20240808"}},
          {"spot_btc_0809", {"spot_btcusdt_20240809"}},
          {"spot_eth_0808", {"spot_ethusdt_20240808"}},
          {"spot_eth_0809", {"spot_ethusdt_20240809"}},
          {"usdm_btc_0404", {"usdm_btcusdt_20230404"}},
          {"usdm_btc_0405", {"usdm_btcusdt_20230405"}},
          {"usdm_btc_0718", {"usdm_btcusdt_20240718"}},
          {"usdm_btc_0719", {"usdm_btcusdt_20240719"}},
          {"usdm_btc_0808", {"usdm_btcusdt_20240808"}},
          {"usdm_eth_0808", {"usdm_ethusdt_20240808"}},
          {"joined_usdm_2023", {"usdm_btcusdt_20230404", "usdm_btcusdt_20230405"}},
          {"joined_usdm_2024", {"usdm_btcusdt_20240718", "usdm_btcusdt_20240719"}},
          {"joined_spot_btc", {"spot_btcusdt_20240808", "spot_btcusdt_20240809"}},
          {"joined_spot_eth", {"spot_ethusdt_20240808", "spot_ethusdt_20240809"}},
          {"joined_cm_btc", {"cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"}}};
}

}  // namespace pinstripe
