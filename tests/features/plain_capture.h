// A small plain decoder of raw Binance captures for tests: snapshot, depth, trades; the ticker is
// left out, so the book is that of the depth stream alone. Slow and simple on purpose.
#pragma once

#include <zlib.h>

#include <string>
#include <vector>

#include "tests/features/tape.h"

namespace pinstripe::test {

/// Decimal text to an integer of 10^-places.
inline std::int64_t scaled(const std::string& text, int places) {
  std::int64_t v = 0;
  int after = -1;
  for (const char c : text) {
    if (c == '.') { after = 0; continue; }
    if (after >= places) break;
    v = v * 10 + (c - '0');
    if (after >= 0) ++after;
  }
  for (after = std::max(after, 0); after < places; ++after) v *= 10;
  return v;
}

class PlainCapture {
 public:
  PlainCapture(int price_places, int lot_places) : price_(price_places), lot_(lot_places) {}

  void line(const std::string& s) {
    const std::size_t space = s.find(' ');
    std::int64_t t = std::stoll(s.substr(0, space));
    if (space == 16) t *= 1'000;
    t_ = std::max(t, t_);
    const std::string stream = value(s, "\"stream\":\"", '"');
    if (s.find("\"lastUpdateId\"") != std::string::npos) {
      snapshot_id_ = std::stoll(value(s, "\"lastUpdateId\":", ','));
      clear_and_state();
      sides(s, "\"bids\":[", "\"asks\":[");
      for (const std::string& early : early_) depth(early);
      early_.clear();
    } else if (stream.find("@depth") != std::string::npos) {
      if (snapshot_id_ == 0) early_.push_back(s); else depth(s);
    } else if (stream.find("@trade") != std::string::npos) {
      trade(s);
    }
    if (!tape_.empty()) tape_.back().h.set(kFlagEndOfUpdate);
  }
  std::vector<MarketEvent> take() { return std::move(tape_); }

 private:
  static std::string value(const std::string& s, const std::string& key, char end) {
    const std::size_t at = s.find(key);
    if (at == std::string::npos) return "";
    const std::size_t from = at + key.size();
    return s.substr(from, s.find(end, from) - from);
  }
  void clear_and_state() {
    tape_.push_back(event_of(t_, MsgType::kBookState, std::int64_t{2} /* kValid */, 0,
                             kFlagSnapshot));
  }
  void depth(const std::string& s) {
    if (std::stoll(value(s, "\"u\":", ',')) < snapshot_id_) return;
    sides(s, "\"b\":[", "\"a\":[");
  }
  void sides(const std::string& s, const std::string& bids, const std::string& asks) {
    side(s, bids, 0);
    side(s, asks, kFlagSell);
  }
  void side(const std::string& s, const std::string& key, unsigned flags) {
    std::size_t at = s.find(key);
    if (at == std::string::npos) return;
    for (at += key.size(); at < s.size() && s[at] == '[';) {
      const std::size_t p = at + 2, pe = s.find('"', p), q = pe + 3, qe = s.find('"', q);
      tape_.push_back(event_of(t_, MsgType::kLevel, scaled(s.substr(p, pe - p), price_),
                               scaled(s.substr(q, qe - q), lot_), flags));
      at = qe + 2;
      if (at < s.size() && s[at] == ',') ++at;
    }
  }
  void trade(const std::string& s) {
    const std::string kind = value(s, "\"X\":\"", '"');
    unsigned flags = s.find("\"m\":true") != std::string::npos ? unsigned{kFlagSell} : 0U;
    if (!kind.empty() && kind != "MARKET") flags |= kFlagNonMarket;
    tape_.push_back(event_of(t_, MsgType::kTrade, scaled(value(s, "\"p\":\"", '"'), price_),
                             scaled(value(s, "\"q\":\"", '"'), lot_), flags));
  }

  int price_, lot_;
  std::int64_t t_ = 0;
  std::int64_t snapshot_id_ = 0;
  std::vector<std::string> early_;
  std::vector<MarketEvent> tape_;
};

/// The first `lines` lines of a capture as market events (receive time as event time).
inline std::vector<MarketEvent> plain_capture(const std::string& path, std::size_t lines,
                                              int price_places, int lot_places) {
  PlainCapture capture(price_places, lot_places);
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  std::vector<char> buffer(1 << 16);
  const auto room = static_cast<int>(buffer.size());
  for (std::size_t n = 0; n < lines && gzgets(file, buffer.data(), room) != nullptr;) {
    text += buffer.data();
    if (text.back() != '\n') continue;
    capture.line(text);
    text.clear();
    ++n;
  }
  gzclose(file);
  return capture.take();
}

}  // namespace pinstripe::test
