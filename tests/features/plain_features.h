// A slow plain reference of every feature, written apart from the stage: it keeps the whole history
// and computes each value from it with the textbook formula, in long double. It shares no code with
// features/.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shm/msg/market_event.h"

namespace pinstripe::test {

using Real = long double;
using Values = std::map<std::string, Real>;

class PlainFeatures {
 public:
  PlainFeatures(std::int64_t tick_e8, std::int64_t bar_ns) : tick_e8_(tick_e8), bar_ns_(bar_ns) {}

  /// Takes one message; true where a venue message is complete.
  bool take(std::int64_t t, const MarketEvent& e) {
    if (first_ == 0) first_ = t;
    const bool sell = e.h.has(kFlagSell);
    if (e.h.type == MsgType::kLevel) {
      auto& side = sell ? asks_ : bids_;
      if (e.b == 0) side.erase(e.a); else side[e.a] = e.b;
      touched_ = true;
    } else if (e.h.type == MsgType::kBookState) {
      state_ = e.a;
      touched_ = true;
      if (e.h.has(kFlagSnapshot)) { bids_.clear(); asks_.clear(); }
    } else if (e.h.type == MsgType::kMark) {
      mark_ = e.a;
    } else if (e.h.type == MsgType::kFunding) {
      funding_ = e.a;
    } else if (e.h.type == MsgType::kTrade && !e.h.has(kFlagNonMarket)) {
      Trade trade{t, e.a, e.b, sell ? -1 : 1, mid_, 0};
      const auto m = median();
      if (m && e.b > 5 * *m) trade.large = e.b;
      trades_.push_back(trade);
    }
    if (!e.ends_update()) return false;
    if (touched_) record_book(t);
    touched_ = false;
    return true;
  }

  Values values(std::int64_t now) const {
    Values v;
    book(v);
    flow(v, now);
    trade_windows(v, now);
    spreads(v, now);
    bars(v, now);
    const Real turn = 2 * std::acos(Real(-1)) * static_cast<Real>(now % kDay) / kDay;
    v["time_of_day_sin"] = std::sin(turn);
    v["time_of_day_cos"] = std::cos(turn);
    if (!trades_.empty()) v["time_since_trade_s"] = Real(now - trades_.back().t) / kSecond;
    if (funding_) v["funding_rate_bps"] = Real(*funding_) / 1e8L * 1e4L;
    if (mark_ > 0 && mid_ != 0) {
      const Real mid = Real(mid_) / 2 * tick_e8_;
      v["mark_basis_bps"] = (mark_ - mid) / mid * 1e4L;
    }
    return v;
  }
  std::int64_t minute_volume(std::int64_t now) const {
    std::int64_t sum = 0;
    for (const Trade& t : trades_) sum += t.t > now - 60 * kSecond ? t.lots : 0;
    return sum;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kDay = 86'400 * kSecond;
  struct Trade { std::int64_t t, price, lots, sign, mid, large; };
  using Level = std::pair<std::int64_t, std::int64_t>;
  struct Update { std::int64_t t; bool valid; std::array<Level, 5> bids, asks; };
  struct Mid { std::int64_t t, mid; };

  std::vector<Level> best(bool ask, std::size_t n) const {
    std::vector<Level> out;
    if (ask) {
      for (auto i = asks_.begin(); i != asks_.end() && out.size() < n; ++i) out.push_back(*i);
    } else {
      for (auto i = bids_.rbegin(); i != bids_.rend() && out.size() < n; ++i) out.push_back(*i);
    }
    return out;
  }
  void record_book(std::int64_t t) {
    const bool two = !bids_.empty() && !asks_.empty();
    const bool sound = two && state_ == 2 && bids_.rbegin()->first < asks_.begin()->first;
    mid_ = sound ? bids_.rbegin()->first + asks_.begin()->first : 0;
    mids_.push_back({t, mid_});
    Update u{t, sound, {}, {}};
    u.bids.fill({INT64_MIN, 0});
    u.asks.fill({INT64_MAX, 0});
    const auto b = best(false, 5), a = best(true, 5);
    std::copy(b.begin(), b.end(), u.bids.begin());
    std::copy(a.begin(), a.end(), u.asks.begin());
    updates_.push_back(u);
  }
  std::optional<std::int64_t> median() const {
    if (trades_.size() < 10) return std::nullopt;
    std::vector<std::int64_t> sizes;
    for (std::size_t i = trades_.size() - std::min<std::size_t>(63, trades_.size());
         i < trades_.size(); ++i) {
      sizes.push_back(trades_[i].lots);
    }
    std::sort(sizes.begin(), sizes.end());
    return sizes[sizes.size() / 2];
  }
  /// Mid standing at `t` (0: none), after everything stamped `t`.
  std::int64_t mid_at(std::int64_t t) const {
    const auto after = std::upper_bound(mids_.begin(), mids_.end(), t,
                                        [](std::int64_t x, const Mid& m) { return x < m.t; });
    return after == mids_.begin() ? 0 : std::prev(after)->mid;
  }

  void book(Values& v) const {
    if (mid_ == 0) return;
    const Real mid = Real(mid_) / 2;
    const auto bid = best(false, 50), ask = best(true, 50);
    const auto sum = [](const std::vector<Level>& s, std::size_t n) {
      Real q = 0;
      for (std::size_t i = 0; i < n; ++i) q += s[i].second;
      return q;
    };
    v["spread_bps"] = Real(ask[0].first - bid[0].first) / mid * 1e4L;
    const Real bq = bid[0].second, aq = ask[0].second;
    v["microprice_bps"] = ((bid[0].first * aq + ask[0].first * bq) / (bq + aq) / mid - 1) * 1e4L;
    const std::size_t n = std::min(bid.size(), ask.size());
    for (const std::size_t k : {1, 5, 10, 20, 50}) {
      if (n < k) continue;
      const Real b = sum(bid, k), a = sum(ask, k);
      v["imbalance_" + std::to_string(k)] = (b - a) / (b + a);
    }
    if (n >= 5) {
      const auto mean = [&](const std::vector<Level>& s) {
        Real pq = 0;
        for (std::size_t i = 0; i < 5; ++i) pq += Real(s[i].first) * s[i].second;
        return pq / sum(s, 5);
      };
      const Real b = sum(bid, 5), a = sum(ask, 5);
      v["weighted_mid_bps"] = ((mean(bid) * a + mean(ask) * b) / (a + b) / mid - 1) * 1e4L;
    }
    if (n < 20) return;
    const auto shape = [&](const std::vector<Level>& s, const std::string& name) {
      const Real total = sum(s, 20);
      Real xy = 0, xx = 0, squares = 0;
      for (std::size_t i = 0; i < 20; ++i) {
        const Real x = std::fabs(s[i].first - mid) / mid * 1e4L;
        xy += x * sum(s, i + 1) / total;
        xx += x * x;
        squares += Real(s[i].second) * s[i].second / total / total;
      }
      v["depth_slope_" + name] = xy / xx;
      v["depth_concentration_" + name] = squares;
    };
    shape(bid, "bid");
    shape(ask, "ask");
  }

  void flow(Values& v, std::int64_t now) const {
    if (mid_ == 0) return;
    std::size_t start = updates_.size();
    while (start > 0 && updates_[start - 1].valid) --start;
    if (start == updates_.size()) return;
    for (const std::int64_t seconds : {1, 5}) {
      if (now - updates_[start].t < seconds * kSecond) continue;
      Real n = 0, one = 0, five = 0, queue = 0, bid_queue = 0, ask_queue = 0, depth = 0;
      Real db = 0, da = 0;
      for (std::size_t i = start + 1; i < updates_.size(); ++i) {
        const Update& u = updates_[i];
        const Update& p = updates_[i - 1];
        if (u.t <= now - seconds * kSecond) continue;
        n += 1;
        for (std::size_t k = 0; k < 5; ++k) {
          // Cont et al.: +q where the price improved or stayed, -q before where it worsened or
          // stayed.
          Real e = 0;
          if (u.bids[k].first >= p.bids[k].first) e += u.bids[k].second;
          if (u.bids[k].first <= p.bids[k].first) e -= p.bids[k].second;
          if (u.asks[k].first <= p.asks[k].first) e -= u.asks[k].second;
          if (u.asks[k].first >= p.asks[k].first) e += p.asks[k].second;
          five += e;
          if (k == 0) one += e;
          depth += u.bids[k].second + u.asks[k].second;
        }
        queue += u.bids[0].second + u.asks[0].second;
        bid_queue += u.bids[0].second;
        ask_queue += u.asks[0].second;
        if (u.bids[0].first == p.bids[0].first) db += u.bids[0].second - p.bids[0].second;
        if (u.asks[0].first == p.asks[0].first) da += u.asks[0].second - p.asks[0].second;
      }
      if (n == 0) continue;
      const std::string s = std::to_string(seconds) + "s";
      v["ofi_1_" + s] = one / (queue / (2 * n));
      v["ofi_5_" + s] = five / (depth / (10 * n));
      if (seconds != 1) continue;
      v["queue_change_bid_1s"] = db / (bid_queue / n);
      v["queue_change_ask_1s"] = da / (ask_queue / n);
    }
  }

  struct Sums { Real n = 0, buys = 0, lots = 0, flow = 0, large = 0, pq = 0; };
  template <class Keep>
  Sums sum_trades(Keep keep) const {
    Sums s;
    for (std::size_t i = 0; i < trades_.size(); ++i) {
      const Trade& t = trades_[i];
      if (!keep(i, t)) continue;
      s.n += 1;
      s.buys += t.sign > 0;
      s.lots += t.lots;
      s.flow += t.sign * t.lots;
      s.large += t.large;
      s.pq += Real(t.price) * t.lots;
    }
    return s;
  }
  void trade_windows(Values& v, std::int64_t now) const {
    const auto within = [&](std::int64_t seconds) {
      return sum_trades([&](std::size_t, const Trade& t) { return t.t > now - seconds * kSecond; });
    };
    const auto warm = [&](std::int64_t seconds) { return now - first_ >= seconds * kSecond; };
    const Sums s1 = within(1), s3 = within(3), s8 = within(8);
    const auto m = median();
    if (warm(1) && s1.lots > 0) v["trade_imbalance_1s"] = s1.flow / s1.lots;
    if (warm(3) && s3.lots > 0) v["trade_imbalance_3s"] = s3.flow / s3.lots;
    if (warm(1) && m) v["signed_volume_1s"] = s1.flow / *m;
    if (warm(8) && m) v["signed_volume_8s"] = s8.flow / *m;
    for (const std::size_t k : {10, 20}) {
      if (trades_.size() < k) continue;
      const Sums s =
          sum_trades([&](std::size_t i, const Trade&) { return i + k >= trades_.size(); });
      v["trade_imbalance_" + std::to_string(k) + "_trades"] = s.flow / s.lots;
      if (k == 20) v["aggressor_ratio_20_trades"] = s.buys / s.n;
    }
    if (!warm(8)) return;
    v["trade_intensity_8s"] = s8.n / 8;
    if (s8.n == 0) return;
    v["trade_imbalance_8s"] = s8.flow / s8.lots;
    v["aggressor_ratio_8s"] = s8.buys / s8.n;
    v["trade_intensity_1s"] = s1.n / (s8.n / 8);
    v["large_trade_share_8s"] = s8.large / s8.lots;
    if (mid_ != 0) v["vwap_distance_8s_bps"] = (Real(mid_) / 2 / (s8.pq / s8.lots) - 1) * 1e4L;
  }

  static void put_mean(Values& v, const char* name, const std::vector<Real>& all, Real scale) {
    if (all.size() < 5) return;
    const std::size_t n = std::min<std::size_t>(20, all.size());
    Real sum = 0;
    for (std::size_t i = all.size() - n; i < all.size(); ++i) sum += all[i];
    v[name] = sum / n * scale;
  }
  void spreads(Values& v, std::int64_t now) const {
    vpin(v);
    if (mid_ == 0) return;
    const Real mid = Real(mid_) / 2;
    std::vector<Real> effective, realised, out_1s, out_5s;
    for (const Trade& t : trades_) {
      if (t.mid == 0) continue;
      effective.push_back(2 * t.sign * (t.price - Real(t.mid) / 2));
      for (const std::int64_t seconds : {1, 5}) {
        const std::int64_t then = t.t + seconds * kSecond;
        const std::int64_t later = then < now ? mid_at(then) : 0;
        if (later == 0) continue;
        (seconds == 1 ? out_1s : out_5s).push_back(t.sign * Real(later - t.mid) / 2);
        if (seconds == 1) realised.push_back(2 * t.sign * (t.price - Real(later) / 2));
      }
    }
    put_mean(v, "effective_spread_bps", effective, 1e4L / mid);
    put_mean(v, "realised_spread_1s_bps", realised, 1e4L / mid);
    put_mean(v, "markout_1s_bps", out_1s, 1e4L / mid);
    put_mean(v, "markout_5s_bps", out_5s, 1e4L / mid);
    if (trades_.size() < 20) return;
    std::vector<Real> d;
    for (std::size_t i = trades_.size() - 19; i < trades_.size(); ++i) {
      d.push_back(trades_[i].price - trades_[i - 1].price);
    }
    Real xy = 0, x = 0, y = 0;
    for (std::size_t i = 1; i < d.size(); ++i) {
      xy += d[i] * d[i - 1];
      x += d[i - 1];
      y += d[i];
    }
    const Real n = d.size() - 1;
    const Real covariance = (n * xy - x * y) / (n * n);
    v["roll_undefined"] = covariance >= 0 ? 1 : 0;
    v["roll_spread_bps"] = covariance >= 0 ? 0 : 2 * std::sqrt(-covariance) / mid * 1e4L;
  }
  void vpin(Values& v) const {
    // Calibration: trades of the first 2 s and at least 10; then lot by lot into buckets.
    std::size_t i = 0;
    std::int64_t volume = 0;
    for (; i < trades_.size(); ++i) {
      if (trades_[i].t - trades_[0].t >= 2 * kSecond && i >= 10) break;
      volume += trades_[i].lots;
    }
    const std::int64_t bucket = std::max<std::int64_t>(1, volume / 50);
    std::vector<Real> done;
    std::int64_t filled = 0, flow = 0;
    for (; i < trades_.size(); ++i) {
      for (std::int64_t lot = 0; lot < trades_[i].lots; ++lot) {
        flow += trades_[i].sign;
        if (++filled < bucket) continue;
        done.push_back(std::llabs(flow));
        filled = flow = 0;
      }
    }
    if (done.size() < 10) return;
    const std::size_t n = std::min<std::size_t>(50, done.size());
    Real sum = 0;
    for (std::size_t k = done.size() - n; k < done.size(); ++k) sum += done[k];
    v["vpin"] = sum / n / bucket;
  }

  struct Bar { Real open, high, low, close; };
  void bars(Values& v, std::int64_t now) const {
    const std::int64_t current = now / bar_ns_;
    std::vector<Bar> all;
    std::size_t next = 0;
    if (!trades_.empty()) {
      for (std::int64_t b = trades_[0].t / bar_ns_; b < current; ++b) {
        Bar bar{};
        bool any = false;
        for (; next < trades_.size() && trades_[next].t / bar_ns_ == b; ++next) {
          const Real p = trades_[next].price;
          if (!any) bar = {p, p, p, p};
          any = true;
          bar.high = std::max(bar.high, p);
          bar.low = std::min(bar.low, p);
          bar.close = p;
        }
        if (!any) bar = {all.back().close, all.back().close, all.back().close, all.back().close};
        all.push_back(bar);
      }
    }
    indicators(v, all);
    mid_bars(v, current);
  }
  static std::optional<Real> ema(const std::vector<Bar>& all, std::size_t n) {
    if (all.size() < n) return std::nullopt;
    Real e = 0;
    for (std::size_t i = 0; i < n; ++i) e += all[i].close / n;
    for (std::size_t i = n; i < all.size(); ++i) e = e + 2.0L / (n + 1) * (all[i].close - e);
    return e;
  }
  void indicators(Values& v, const std::vector<Bar>& all) const {
    if (all.empty()) return;
    const Real close = all.back().close, mid = Real(mid_) / 2;
    const auto e9 = ema(all, 9), e21 = ema(all, 21);
    if (e21) v["ema_cross_bps"] = (*e9 / *e21 - 1) * 1e4L;
    if (all.size() >= 15) {
      Real gain = 0, loss = 0, range = 0;
      for (std::size_t i = 1; i < all.size(); ++i) {
        const Real before = all[i - 1].close, d = all[i].close - before;
        const Real tr = std::max({all[i].high - all[i].low, std::fabs(all[i].high - before),
                                  std::fabs(all[i].low - before)});
        const Real share = i <= 14 ? 1 / 14.0L : 1 / 14.0L;
        const Real keep = i <= 14 ? 1 : 13 / 14.0L;
        gain = gain * keep + share * (d > 0 ? d : 0);
        loss = loss * keep + share * (d < 0 ? -d : 0);
        range = range * keep + share * tr;
      }
      if (gain + loss > 0) v["rsi_14"] = 100 - 100 / (1 + gain / loss);
      if (gain + loss > 0 && loss == 0) v["rsi_14"] = 100;
      v["atr_14_bps"] = range / close * 1e4L;
    }
    if (mid_ == 0) return;
    v["mid_bps"] = (mid / close - 1) * 1e4L;
    if (e9) v["ema_9_bps"] = (mid / *e9 - 1) * 1e4L;
    if (e21) v["ema_21_bps"] = (mid / *e21 - 1) * 1e4L;
    if (all.size() < 20) return;
    Real mean = 0, squares = 0;
    for (std::size_t i = all.size() - 20; i < all.size(); ++i) mean += all[i].close / 20;
    for (std::size_t i = all.size() - 20; i < all.size(); ++i) {
      squares += (all[i].close - mean) * (all[i].close - mean) / 20;
    }
    v["bollinger_20"] = (mid - mean) / (2 * std::max<Real>(0.5L, std::sqrt(squares)));
  }
  void mid_bars(Values& v, std::int64_t current) const {
    if (mid_ == 0) return;
    std::vector<Real> mids, flows;  // newest first
    const std::int64_t oldest = first_ / bar_ns_;
    for (std::int64_t b = current - 1; b >= oldest && mids.size() < 64; --b) {
      const std::int64_t m = mid_at((b + 1) * bar_ns_ - 1);
      if (m == 0) break;
      mids.push_back(Real(m) / 2);
      Real flow = 0;
      for (const Trade& t : trades_) flow += t.t / bar_ns_ == b ? t.sign * t.lots : 0;
      flows.push_back(flow);
    }
    const Real mid = Real(mid_) / 2;
    const auto r = [&](std::size_t i) { return std::log(mids[i] / mids[i + 1]); };
    const auto variance = [&](std::size_t n) {
      Real s = 0;
      for (std::size_t i = 0; i < n; ++i) s += r(i) * r(i);
      return s;
    };
    for (const std::size_t n : {8, 20, 36}) {
      if (mids.size() > n) {
        v["realised_vol_" + std::to_string(n) + "_bars"] = std::sqrt(variance(n)) * 1e4L;
      }
    }
    if (mids.size() >= 4) v["momentum_4_bars_bps"] = (mid / mids[3] - 1) * 1e4L;
    if (mids.size() >= 20) v["momentum_20_bars_bps"] = (mid / mids[19] - 1) * 1e4L;
    if (mids.size() >= 36) {
      Real mean = 0, squares = 0;
      for (std::size_t i = 0; i < 36; ++i) mean += mids[i] / 36;
      for (std::size_t i = 0; i < 36; ++i) squares += (mids[i] - mean) * (mids[i] - mean) / 36;
      v["mean_reversion_z"] = (mid - mean) / std::max<Real>(0.5L, std::sqrt(squares));
    }
    if (mids.size() <= 36) return;
    const Real total = variance(36);
    Real bipower = 0;
    for (std::size_t i = 0; i < 35; ++i) bipower += std::fabs(r(i) * r(i + 1));
    bipower *= std::acos(Real(-1)) / 2;
    v["bipower_vol_36_bars"] = std::sqrt(bipower) * 1e4L;
    v["jump_share_36_bars"] = total > 0 ? std::max<Real>(0, 1 - bipower / total) : 0;
    v["momentum_z"] = (mid / mids[3] - 1) / std::max(std::sqrt(total * 4 / 36), 0.5L / mid);
    Real sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::size_t i = 0; i < 36; ++i) {
      const Real y = mids[i] - mids[i + 1];
      sx += flows[i];
      sy += y;
      sxx += flows[i] * flows[i];
      sxy += flows[i] * y;
    }
    const auto m = median();
    const Real spread = 36 * sxx - sx * sx;
    if (spread > 0 && m) v["kyle_lambda"] = (36 * sxy - sx * sy) / spread * *m / mid * 1e4L;
  }

  std::int64_t tick_e8_, bar_ns_;
  std::map<std::int64_t, std::int64_t> bids_, asks_;
  std::vector<Trade> trades_;
  std::vector<Update> updates_;
  std::vector<Mid> mids_;
  std::int64_t state_ = 0, mid_ = 0, first_ = 0, mark_ = 0;
  std::optional<std::int64_t> funding_;
  bool touched_ = false;
};

}  // namespace pinstripe::test
