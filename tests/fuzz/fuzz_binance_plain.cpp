// The fast Binance decoder against nlohmann: what the fast one takes as a depth update, the plain
// one must read as the same ids and levels. Texts with escapes or repeated members are left out:
// the venue sends none, and the two differ on them by design (first and last wins).
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "feed/binance_decoder.h"
#include "feed/frame.h"

namespace {

using Json = nlohmann::json;

/// Parses without exceptions; null where it is not JSON or repeats a member.
Json parse_once(const std::string& text) {
  std::vector<std::set<std::string>> open;
  bool repeats = false;
  const Json::parser_callback_t watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key)
      repeats |= !open.back().insert(value.get<std::string>()).second;
    return true;
  };
  Json json = Json::parse(text, watch, false);
  return repeats || json.is_discarded() ? Json() : json;
}

std::int64_t plain_e8(const std::string& text) {
  const auto point = text.find('.');
  std::string part = point == std::string::npos ? "" : text.substr(point + 1);
  part.resize(8, '0');
  return std::strtoll((text.substr(0, point) + part).c_str(), nullptr, 10);
}

void same(const Json& list, const std::vector<pinstripe::RawLevel>& got, std::size_t count) {
  if (list.size() != count) __builtin_trap();
  for (std::size_t i = 0; i < count; ++i) {
    if (plain_e8(list[i][0].get<std::string>()) != got[i].price_e8) __builtin_trap();
    if (plain_e8(list[i][1].get<std::string>()) != got[i].qty_e8) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static pinstripe::BinanceDecoder decoder(1 << 16);
  static pinstripe::VenueMessage m(1'000);
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string padded = text + std::string(pinstripe::kFramePadding, '\0');
  const auto fault = decoder.decode({padded.data(), size}, m);
  if (fault.kind != pinstripe::FeedErrorKind::kNone ||
      m.kind != pinstripe::VenueKind::kDepth) return 0;
  if (text.find('\\') != std::string::npos) return 0;
  const Json json = parse_once(text);
  if (!json.is_object() || json.contains("data") || json.contains("bids") ||
      json.contains("asks") ||
      json.contains("symbol")) {
    return 0;
  }
  if (json["U"].get<std::uint64_t>() != m.first_id) __builtin_trap();
  if (json["u"].get<std::uint64_t>() != m.last_id) __builtin_trap();
  same(json["b"], m.bids, m.bid_count);
  same(json["a"], m.asks, m.ask_count);
  return 0;
}
