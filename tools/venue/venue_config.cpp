#include "tools/venue/venue_config.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "tools/venue/recorded_market.h"
#include "tools/venue/venue_text.h"

namespace pinstripe::venue {
namespace {

constexpr std::int64_t kMidTicksMin = 2'000;  // below it the synthetic ladder nears price zero
constexpr std::int64_t kMidTicksMax = 100'000'000;
constexpr std::size_t kListingsMax = 5'000;

std::int64_t decimal(ConfigNode& node, std::string_view key, std::string_view otherwise) {
  const auto value = parse_e8(node.text(key, otherwise));
  if (value && *value > 0) return *value;
  node.complain(key, value ? "found 0, allowed is a decimal above 0" : value.error().message);
  return *parse_e8(otherwise);
}

std::vector<ListingMarket> read_markets(ConfigNode& node) {
  std::vector<ListingMarket> markets;
  for (const std::string& name : node.texts("markets")) {
    const auto at = std::find(kListingMarketNames.begin(), kListingMarketNames.end(), name);
    if (at == kListingMarketNames.end()) {
      node.complain("markets", "found \"" + name + "\", allowed are BINANCE, BINANCE_USDM, BYBIT, "
                               "BYBIT_LINEAR, OKX and OKX_SWAP");
      continue;
    }
    markets.push_back(static_cast<ListingMarket>(at - kListingMarketNames.begin()));
  }
  if (!node.has("markets")) {
    for (std::size_t m = 0; m < kListingMarketNames.size(); ++m) {
      markets.push_back(static_cast<ListingMarket>(m));
    }
  }
  return markets;
}

void add_listings(VenueConfig& config, const Listing& asset,
                  const std::vector<ListingMarket>& markets) {
  for (const ListingMarket market : markets) {
    Listing listing = asset;
    listing.market = market;
    listing.symbol = symbol_of(market, asset.base, asset.quote);
    config.listings.push_back(std::move(listing));
  }
}

/// Price and grid are the recording's; `open_recordings` fills them in.
void read_recorded(VenueConfig& config, ConfigNode& node, Listing& asset) {
  for (const char* key : {"price", "tick", "lot", "rate_per_s"}) {
    if (node.has(key)) node.complain(key, "is the recording's; leave it out");
  }
  RecordedAsset recorded;
  recorded.file = node.text("recording", "");
  recorded.instrument = node.text("recording_instrument", "");
  recorded.first_listing = config.listings.size();
  add_listings(config, asset, read_markets(node));
  recorded.listings = config.listings.size() - recorded.first_listing;
  config.recorded.push_back(std::move(recorded));
}

void read_asset(VenueConfig& config, ConfigNode& node, std::uint64_t seed) {
  Listing asset;
  asset.base = node.text("base", "BTC");
  asset.quote = node.text("quote", "USDT");
  if (node.has("recording")) return read_recorded(config, node, asset);
  asset.tick_e8 = decimal(node, "tick", "0.1");
  asset.lot_e8 = decimal(node, "lot", "0.001");
  const std::int64_t price = decimal(node, "price", "60000");
  asset.mid_ticks = price / asset.tick_e8;
  if (asset.mid_ticks < kMidTicksMin || asset.mid_ticks > kMidTicksMax) {
    node.complain("price", "is " + std::to_string(asset.mid_ticks) +
                               " ticks, allowed are 2000 to 100000000; choose another tick");
  }
  asset.rate_per_s = node.number("rate_per_s", 20, 0.1, 20'000);
  asset.seed = seed;
  add_listings(config, asset, read_markets(node));
}

/// Many small markets "S000", "S001", ... for tests of hundreds of subscriptions.
void read_fillers(VenueConfig& config, ConfigNode& node, std::uint64_t seed) {
  const std::int64_t count = node.integer("count", 0, 0, 1'000);
  const double rate = node.number("rate_per_s", 2, 0.1, 1'000);
  const std::vector<ListingMarket> markets = read_markets(node);
  for (std::int64_t i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 3 - std::min<std::size_t>(3, number.size()), '0');
    Listing asset;
    asset.base = "S" + number;
    asset.quote = "USDT";
    asset.tick_e8 = 10'000;       // 0.0001
    asset.lot_e8 = 100'000'000;   // 1
    asset.mid_ticks = 10'000 + 10 * i;
    asset.rate_per_s = rate;
    asset.seed = seed + 1'000 + static_cast<std::uint64_t>(i);
    add_listings(config, asset, markets);
  }
}

void check_listings(const VenueConfig& config, ConfigNode& root) {
  std::set<std::pair<ListingMarket, std::string>> seen;
  for (const Listing& l : config.listings) {
    if (seen.emplace(l.market, l.symbol).second) continue;
    root.complain("assets", "lists " + l.symbol + " twice on " + std::string(name_of(l.market)));
  }
  if (config.listings.empty()) {
    root.complain("assets", "lists nothing; name at least one asset with a market");
  }
  if (config.listings.size() > kListingsMax) {
    root.complain("assets", "lists " + std::to_string(config.listings.size()) +
                                " books, allowed are 5000");
  }
}

Result<void> open_recordings(VenueConfig& config, const std::filesystem::path& folder) {
  config.recordings.resize(config.listings.size());
  for (const RecordedAsset& asset : config.recorded) {
    auto recording = open_recording((folder / asset.file).string(), asset.instrument);
    if (!recording) return std::unexpected(recording.error());
    for (std::size_t i = 0; i < asset.listings; ++i) {
      Listing& listing = config.listings[asset.first_listing + i];
      listing.tick_e8 = (*recording)->instrument.tick_e8;
      listing.lot_e8 = (*recording)->instrument.lot_e8;
      listing.mid_ticks = (*recording)->mid_ticks;
      config.recordings[asset.first_listing + i] = *recording;
    }
  }
  return {};
}

}  // namespace

Result<VenueConfig> read_venue_config(ConfigNode root) {
  VenueConfig config;
  config.address = root.text("address", config.address);
  config.port = static_cast<std::uint16_t>(root.integer("port", 0, 0, 65'535));
  config.ca_file = root.text("ca_file", config.ca_file);
  static constexpr std::array<std::string_view, 4> kLeaves{"right", "other_host", "expired",
                                                           "untrusted"};
  config.leaf = static_cast<LeafFault>(root.choice("certificate", 0, kLeaves));
  config.tick_ms = root.integer("tick_ms", config.tick_ms, 1, 1'000);
  config.history_s = root.integer("history_s", config.history_s, 0, 86'400);
  const auto seed = static_cast<std::uint64_t>(root.integer("seed", 1, 0, INT64_MAX / 2));
  config.shape.predictability = root.number("predictability", 1.0, 0, 1);
  config.shape.volatility_bps = root.number("volatility_bps", 3.0, 0, 100);
  config.shape.liquidation_every = root.integer("liquidation_every", 200, 0, 1'000'000);
  config.limits = root.boolean("limits", true);
  config.connection_life_s = root.integer("connection_life_s", config.connection_life_s, 0,
                                          1'000'000);
  config.okx_checksum = root.boolean("okx_checksum", false);
  ConfigNode faults = root.child("faults");
  config.fault_seed = static_cast<std::uint64_t>(faults.integer("seed", 1, 0, INT64_MAX));
  config.fault_every_ms = faults.integer("every_ms", 0, 0, 3'600'000);
  std::uint64_t at = 0;
  for (ConfigNode& asset : root.list("assets")) read_asset(config, asset, seed + at++);
  if (root.has("fillers")) {
    ConfigNode fillers = root.child("fillers");
    read_fillers(config, fillers, seed);
  }
  check_listings(config, root);
  if (auto read = root.finish(); !read) return std::unexpected(read.error());
  return config;
}

Result<VenueConfig> load_venue_config(const std::string& file) {
  auto root = ConfigNode::load(file);
  if (!root) return std::unexpected(root.error());
  auto config = read_venue_config(*root);
  if (!config) return config;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  config->ca_file = (folder / config->ca_file).string();  // one that is absolute stays
  if (auto opened = open_recordings(*config, folder); !opened) {
    return std::unexpected(opened.error());
  }
  return config;
}

}  // namespace pinstripe::venue
