// The config of `pinstripe venue` (tools/venue/README.md has every key).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shm/run/config_node.h"
#include "tools/venue/authority.h"
#include "tools/venue/listing.h"
#include "tools/venue/liquidity.h"

namespace pinstripe::venue {

struct RecordedMarket;

/// An asset whose market is a recording; its listings lie one after the other.
struct RecordedAsset {
  std::size_t first_listing = 0;
  std::size_t listings = 0;
  std::string file;
  std::string instrument;            // "": the file's only one
};

struct VenueConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;            // 0: one that is free
  std::string ca_file = "ca.pem";    // written at start
  LeafFault leaf = LeafFault::kNone;
  std::int64_t tick_ms = 5;          // how often the market moves and streams are looked at
  std::int64_t history_s = 600;      // market time before the start: candles, prints, 24 h figures
  LiquidityShape shape;
  std::vector<Listing> listings;
  std::vector<RecordedAsset> recorded;
  // Of each listing, once load_venue_config has opened them; null: the synthetic market.
  std::vector<std::shared_ptr<const RecordedMarket>> recordings;
  bool limits = true;                // answer 429 and 418 as the venues do
  std::int64_t connection_life_s = 86'400;  // planned end of Binance's and OKX's streams; 0: none
  bool okx_checksum = false;         // the CRC-32 of before 2026 instead of 0
  std::uint64_t fault_seed = 1;
  std::int64_t fault_every_ms = 0;   // 0: none but by command
};

/// Relative files start at the config's folder. Refuses everything that does not fit, at once.
Result<VenueConfig> load_venue_config(const std::string& file);
Result<VenueConfig> read_venue_config(ConfigNode root);

}  // namespace pinstripe::venue
