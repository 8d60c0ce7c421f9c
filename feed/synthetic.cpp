// How the market is made: the hidden pressure x follows an Ornstein-Uhlenbeck process; the mid
// drifts with it and carries noise of its own; the book is a ladder of contiguous ticks around the
// mid whose quantities lean to the side of the pressure; trades take from the touch, more often on
// that side. Depth updates are the difference between the ladder now and at the last update, so the
// rebuilt book equals the ladder; ids, tickers and gaps behave as a venue's.
//
// All levels lean alike and have the same mean quantity. The mid moves by a tick within two or
// three messages, so most of what lies at the touch was drawn when it lay deeper: with a lean of
// the first levels only, or more lots farther out, the book would tell where the mid has just been
// and hide the pressure.
#include "feed/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "feed/decoded_frame.h"
#include "shm/base/hash.h"
#include "shm/base/math.h"

namespace pinstripe {
namespace {

constexpr std::size_t kLevels = 24;              // a side
constexpr std::int64_t kBaseLots = 2'000;        // mean quantity of a level
constexpr std::int64_t kClusterGapNs = 20'000;   // mean distance inside a cluster
constexpr std::int64_t kFundingPeriodMs = 8 * 3'600'000LL;
constexpr std::int64_t kFundingRateE8 = 10'000;  // 1 bps
constexpr double kSecond = 1e-9;

/// splitmix64 (Steele, Lea, Flood 2014): one multiply-and-shift word after the other.
class Stream {
 public:
  explicit Stream(std::uint64_t seed) noexcept : state_(random_draw(seed, 0x5EED, 0, 0)) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  double uniform() noexcept { return to_unit_interval(next()); }
  /// Mean 0, variance 1, within ±3.5: the sum of four uniforms (Irwin-Hall), scaled.
  double gaussian() noexcept {
    const std::uint64_t word = next();
    const auto sum = static_cast<double>((word & 0xFFFF) + ((word >> 16) & 0xFFFF) +
                                         ((word >> 32) & 0xFFFF) + (word >> 48));
    return (sum * 0x1.0p-16 - 2.0) * 1.7320508075688772;
  }
  /// Mean 1; the logarithm is only taken here.
  double exponential() noexcept { return -log_fixed(1.0 - uniform()); }
  std::uint64_t state() const noexcept { return state_; }
  void restore(std::uint64_t state) noexcept { state_ = state; }

 private:
  std::uint64_t state_;
};

/// Contiguous levels on both sides: bid k lies at best_bid - k, ask k at best_bid + 1 + k.
struct Ladder {
  std::int64_t best_bid = 0;
  std::array<std::int64_t, kLevels> bids{};
  std::array<std::int64_t, kLevels> asks{};
};

}  // namespace

struct SyntheticSource::Market {
  explicit Market(const SyntheticConfig& c);

  bool step();
  void advance_time();
  void advance_prices(double dt_s);
  void shift_to(std::int64_t best_bid);
  void shuffle_quantities();
  std::int64_t draw_quantity(double side_lean);
  void begin_frame(DecodedKind kind);
  void finish_frame();
  void add_level(bool is_bid, std::int64_t price, std::int64_t qty);
  void emit_ticker();
  void emit_trade();
  void emit_mark();
  void emit_snapshot();
  bool emit_depth();
  template <bool kBid>
  void diff_side();
  bool in_burst() const;
  void save(StateWriter& w) const noexcept;
  bool load(StateReader& r);

  SyntheticConfig config;
  Stream random;
  double pressure = 0;
  double mid = 0;       // ticks
  double lean = 0;      // of the quantities, in (-1, 1)
  std::int64_t time_ns = 0;  // venue time
  std::int64_t end_ns = 0;
  std::uint64_t id = 1'000'000;
  std::uint64_t depth_id = 0;
  std::uint64_t trade_id = 1;
  std::int64_t next_mark_ns = 0;
  std::int64_t jump_ns = INT64_MAX;
  std::int64_t gap_ns = INT64_MAX;
  std::int64_t resync_ns = INT64_MAX;
  std::int64_t burst_ns = INT64_MAX;
  std::int64_t burst_end_ns = INT64_MAX;
  int depths_to_lose = 0;
  bool trade_follows = false;
  bool snapshot_follows = false;
  bool is_first = true;
  bool has_frame = false;
  Ladder ladder;
  Ladder published;  // at the last depth update
  bool has_published = false;

  FeedFrame frame;
  std::uint64_t frames = 0;
  struct Bytes {
    DecodedHeader header;
    std::array<BookLevel, 4 * kLevels> levels;
    std::array<char, kFramePadding> padding;
  };
  static_assert(std::has_unique_object_representations_v<Bytes>, "saved as it lies");
  static_assert(std::has_unique_object_representations_v<Ladder>, "saved as it lies");
  Bytes bytes{};
  std::array<BookLevel, 2 * kLevels> ask_levels{};
};

SyntheticSource::Market::Market(const SyntheticConfig& c) : config(c), random(c.seed) {
  const auto at = [&](double seconds) {
    return seconds < 0 ? INT64_MAX
                       : c.start_ns.value + static_cast<std::int64_t>(seconds * 1e9);
  };
  time_ns = c.start_ns.value;
  end_ns = c.duration_ns == 0 ? INT64_MAX : saturating_add(c.start_ns, TimeNs(c.duration_ns)).value;
  jump_ns = at(c.jump_at_s);
  gap_ns = at(c.gap_at_s);
  burst_ns = at(c.burst_at_s);
  if (c.burst_at_s >= 0) burst_end_ns = at(c.burst_at_s + c.burst_s);
  next_mark_ns = time_ns;
  mid = static_cast<double>(c.mid_ticks);
  depth_id = id;
  ladder.best_bid = c.mid_ticks;
  for (std::size_t k = 0; k < kLevels; ++k) {
    ladder.bids[k] = draw_quantity(0);
    ladder.asks[k] = draw_quantity(0);
  }
  pressure = random.gaussian();
  has_frame = step();
}

std::int64_t SyntheticSource::Market::draw_quantity(double side_lean) {
  const double noise = 0.4 + 1.2 * random.uniform();
  const double qty = static_cast<double>(kBaseLots) * (1.0 + side_lean) * noise;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(qty));
}

bool SyntheticSource::Market::in_burst() const {
  return time_ns >= burst_ns && time_ns < burst_end_ns;
}

void SyntheticSource::Market::advance_time() {
  const double mean_ns = 1e9 / config.rate_per_s;
  const double inside = std::min(static_cast<double>(kClusterGapNs), mean_ns);
  const double outside = (mean_ns - config.cluster * inside) / (1.0 - config.cluster);
  double wait = random.uniform() < config.cluster ? inside : outside;
  if (in_burst()) wait /= config.burst_factor;
  const auto dt = static_cast<std::int64_t>(wait * random.exponential()) + 1;
  time_ns += dt;
  advance_prices(static_cast<double>(dt) * kSecond);
}

/// Euler steps of the pressure and of the mid; the steps are milliseconds at most.
void SyntheticSource::Market::advance_prices(double dt_s) {
  const double tau = config.reversion_s;
  const double fade = std::min(dt_s / tau, 1.0);
  pressure += -pressure * fade + std::sqrt(2.0 * fade) * random.gaussian();
  const double drift_bps = config.drift_bps_per_s * config.predictability * pressure * dt_s;
  const double noise_bps = config.volatility_bps * std::sqrt(dt_s) * random.gaussian();
  mid += mid * 1e-4 * (drift_bps + noise_bps);
  if (time_ns >= jump_ns) {
    mid += mid * 1e-4 * config.jump_bps;
    jump_ns = INT64_MAX;
  }
  mid = std::max(mid, 1'000.0);
  lean = 0.7 * std::min(config.predictability, 1.0) * tanh_fixed(pressure);
  shift_to(static_cast<std::int64_t>(mid));
}

/// Moves the ladder: levels that fall out are gone, those that come in are drawn.
void SyntheticSource::Market::shift_to(std::int64_t best_bid) {
  const std::int64_t move = best_bid - ladder.best_bid;
  if (move == 0) return;
  Ladder old = ladder;
  ladder.best_bid = best_bid;
  const auto count = static_cast<std::int64_t>(kLevels);
  for (std::int64_t k = 0; k < count; ++k) {
    const auto to = static_cast<std::size_t>(k);
    // The same price lay `move` places nearer on the bid side, farther on the ask side.
    const std::int64_t bid_from = k - move;
    const std::int64_t ask_from = k + move;
    const bool bid_kept = bid_from >= 0 && bid_from < count;
    const bool ask_kept = ask_from >= 0 && ask_from < count;
    ladder.bids[to] =
        bid_kept ? old.bids[static_cast<std::size_t>(bid_from)] : draw_quantity(lean);
    ladder.asks[to] =
        ask_kept ? old.asks[static_cast<std::size_t>(ask_from)] : draw_quantity(-lean);
  }
  ++id;
}

/// New orders and cancels: one touch and one deeper level are drawn anew.
void SyntheticSource::Market::shuffle_quantities() {
  const std::uint64_t word = random.next();
  const std::size_t depth = (word >> 8) % kLevels;
  if ((word & 1) != 0) {
    ladder.bids[0] = draw_quantity(lean);
    ladder.asks[depth] = draw_quantity(-lean);
  } else {
    ladder.asks[0] = draw_quantity(-lean);
    ladder.bids[depth] = draw_quantity(lean);
  }
  ++id;
}

void SyntheticSource::Market::begin_frame(DecodedKind kind) {
  bytes.header = DecodedHeader{};
  bytes.header.kind = kind;
  bytes.header.instrument = config.instrument;
  bytes.header.venue_ms = time_ns / kNsPerMs;
  bytes.header.last_id = id;
}

void SyntheticSource::Market::add_level(bool is_bid, std::int64_t price, std::int64_t qty) {
  const BookLevel level{PriceTicks(price), QtyLots(qty)};
  if (is_bid) {
    bytes.levels[bytes.header.bids++] = level;
  } else {
    ask_levels[bytes.header.asks++] = level;
  }
}

void SyntheticSource::Market::finish_frame() {
  const std::size_t bids = bytes.header.bids;
  const std::size_t asks = bytes.header.asks;
  std::memcpy(bytes.levels.data() + bids, ask_levels.data(), asks * sizeof(BookLevel));
  frame.origin_ns = TimeNs(time_ns + config.feed_delay_ns);
  frame.format = FrameFormat::kDecoded;
  frame.bytes = {reinterpret_cast<const char*>(&bytes),
                 sizeof(DecodedHeader) + (bids + asks) * sizeof(BookLevel)};
  frame.instrument = config.instrument;
  frame.line = ++frames;
}

void SyntheticSource::Market::emit_ticker() {
  begin_frame(DecodedKind::kTicker);
  add_level(true, ladder.best_bid, ladder.bids[0]);
  add_level(false, ladder.best_bid + 1, ladder.asks[0]);
  finish_frame();
}

/// Takes part of the touch; the side leans with the pressure; trades come in clusters.
void SyntheticSource::Market::emit_trade() {
  const bool buys = random.uniform() < 0.5 + 0.3 * lean;
  std::int64_t& resting = buys ? ladder.asks[0] : ladder.bids[0];
  const auto wanted =
      static_cast<std::int64_t>(0.3 * kBaseLots * random.uniform() * random.uniform());
  const std::int64_t qty = std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(1,
      resting - 1));
  resting = std::max<std::int64_t>(1, resting - qty);
  ++id;
  begin_frame(DecodedKind::kTrade);
  bytes.header.flags = buys ? 0 : kDecodedSell;
  bytes.header.last_id = trade_id++;
  bytes.header.a = buys ? ladder.best_bid + 1 : ladder.best_bid;
  bytes.header.b = qty;
  finish_frame();
  trade_follows = random.uniform() < 0.4;
}

void SyntheticSource::Market::emit_mark() {
  next_mark_ns += kNsPerSecond;
  begin_frame(DecodedKind::kMark);
  const auto mid_e8 = static_cast<std::int64_t>((mid + 0.5) * static_cast<double>(config.tick_e8));
  bytes.header.last_id = 0;
  bytes.header.a = mid_e8;
  bytes.header.b = mid_e8;
  const std::int64_t now_ms = time_ns / kNsPerMs;
  bytes.header.first_id =
      static_cast<std::uint64_t>((now_ms / kFundingPeriodMs + 1) * kFundingPeriodMs);
  bytes.header.prev_id = static_cast<std::uint64_t>(kFundingRateE8);
  finish_frame();
}

/// The whole ladder. At the start of an id that the first update contains; later of the id of the
/// update just sent, so that it says the same as the updates do to those who need no snapshot.
void SyntheticSource::Market::emit_snapshot() {
  if (!has_published) ++id;
  begin_frame(DecodedKind::kSnapshot);
  for (std::size_t k = 0; k < kLevels; ++k) {
    const auto distance = static_cast<std::int64_t>(k);
    add_level(true, ladder.best_bid - distance, ladder.bids[k]);
    add_level(false, ladder.best_bid + 1 + distance, ladder.asks[k]);
  }
  published = ladder;  // the next update says what has changed since, gone levels too
  has_published = true;
  finish_frame();
}

/// Levels of one side that differ from the last update: gone ones first.
template <bool kBid>
void SyntheticSource::Market::diff_side() {
  const auto& now = kBid ? ladder.bids : ladder.asks;
  const auto& before = kBid ? published.bids : published.asks;
  const std::int64_t move = ladder.best_bid - published.best_bid;
  const auto count = static_cast<std::int64_t>(kLevels);
  const std::int64_t step = kBid ? -1 : 1;
  const std::int64_t now_best = kBid ? ladder.best_bid : ladder.best_bid + 1;
  const std::int64_t before_best = kBid ? published.best_bid : published.best_bid + 1;
  const std::int64_t offset = kBid ? move : -move;  // index now = index before + offset
  if (has_published) {
    for (std::int64_t k = 0; k < count; ++k) {
      if (k + offset < 0 || k + offset >= count) add_level(kBid, before_best + step * k, 0);
    }
  }
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int64_t was = k - offset;
    const std::int64_t qty = now[static_cast<std::size_t>(k)];
    const bool same = has_published && was >= 0 && was < count &&
                      before[static_cast<std::size_t>(was)] == qty;
    if (!same) add_level(kBid, now_best + step * k, qty);
  }
}

/// False where the update is lost on its way (the scripted gap).
bool SyntheticSource::Market::emit_depth() {
  if (id == depth_id) shuffle_quantities();
  begin_frame(DecodedKind::kDepth);
  bytes.header.flags = kDecodedHasPrev;
  bytes.header.first_id = depth_id + 1;
  bytes.header.prev_id = depth_id;
  diff_side<true>();
  diff_side<false>();
  published = ladder;
  has_published = true;
  depth_id = id;
  if (depths_to_lose > 0) {
    --depths_to_lose;
    return false;
  }
  finish_frame();
  return true;
}

/// One more frame, or false at the end of the market.
bool SyntheticSource::Market::step() {
  if (is_first) {
    is_first = false;
    emit_snapshot();
    return true;
  }
  if (snapshot_follows) {
    snapshot_follows = false;
    emit_snapshot();
    return true;
  }
  while (true) {
    advance_time();
    if (time_ns >= end_ns) return false;
    if (time_ns >= gap_ns) {
      depths_to_lose = 3;
      resync_ns = gap_ns + static_cast<std::int64_t>(config.gap_resync_s * 1e9);
      gap_ns = INT64_MAX;
    }
    if (time_ns >= resync_ns && depths_to_lose == 0) {
      resync_ns = INT64_MAX;
      snapshot_follows = true;
      if (emit_depth()) return true;
    }
    if (time_ns >= next_mark_ns) {
      emit_mark();
      return true;
    }
    if (trade_follows) {
      emit_trade();
      return true;
    }
    shuffle_quantities();
    const double choice = random.uniform();
    if (choice < 0.55) {
      emit_ticker();
      return true;
    }
    if (choice >= 0.85) {
      emit_trade();
      return true;
    }
    if (emit_depth()) return true;
  }
}

/// Everything that `step` reads or writes, and the frame in hand; the config is the session's.
void SyntheticSource::Market::save(StateWriter& w) const noexcept {
  w.u64(config.seed);
  w.u64(random.state());
  for (const double v : {pressure, mid, lean}) w.f64(v);
  for (const std::int64_t v : {time_ns, next_mark_ns, jump_ns, gap_ns, resync_ns, burst_ns,
                               burst_end_ns, std::int64_t{depths_to_lose}}) {
    w.i64(v);
  }
  for (const std::uint64_t v : {id, depth_id, trade_id, frames}) w.u64(v);
  for (const bool v : {trade_follows, snapshot_follows, is_first, has_frame, has_published}) {
    w.boolean(v);
  }
  for (const Ladder* l : {&ladder, &published}) w.bytes(l, sizeof(*l));
  w.unit(frame.origin_ns);
  w.u64(frame.bytes.size());
  w.bytes(&bytes, sizeof(bytes));
}

bool SyntheticSource::Market::load(StateReader& r) {
  if (r.u64() != config.seed) return false;
  random.restore(r.u64());
  for (double* v : {&pressure, &mid, &lean}) *v = r.f64();
  std::int64_t lose = 0;
  for (std::int64_t* v : {&time_ns, &next_mark_ns, &jump_ns, &gap_ns, &resync_ns, &burst_ns,
                          &burst_end_ns, &lose}) {
    *v = r.i64();
  }
  depths_to_lose = static_cast<int>(lose);
  for (std::uint64_t* v : {&id, &depth_id, &trade_id, &frames}) *v = r.u64();
  for (bool* v : {&trade_follows, &snapshot_follows, &is_first, &has_frame, &has_published}) {
    *v = r.boolean();
  }
  for (Ladder* l : {&ladder, &published}) r.bytes(l, sizeof(*l));
  frame.origin_ns = r.unit<TimeNs>();
  const std::uint64_t size = r.u64();
  r.bytes(&bytes, sizeof(bytes));
  if (r.failed() || size > sizeof(bytes) - sizeof(bytes.padding)) return false;
  frame.format = FrameFormat::kDecoded;
  frame.bytes = {reinterpret_cast<const char*>(&bytes), size};
  frame.instrument = config.instrument;
  frame.line = frames;
  return true;
}

SyntheticSource::SyntheticSource(const SyntheticConfig& config)
    : market_(std::make_unique<Market>(config)) {}
SyntheticSource::~SyntheticSource() = default;
const FeedFrame* SyntheticSource::peek() { return market_->has_frame ? &market_->frame : nullptr; }
void SyntheticSource::pop() {
  if (market_->has_frame) market_->has_frame = market_->step();
}
FeedPosition SyntheticSource::position() const noexcept {
  return {.line = market_->frame.line};
}
void SyntheticSource::save(StateWriter& w) const noexcept { market_->save(w); }
Result<void> SyntheticSource::load(StateReader& r) {
  if (market_->load(r)) return {};
  return fail("the checkpoint holds another synthetic market, or a damaged one; go on with the "
              "seed and the checkpoint of the same session");
}
SyntheticTruth SyntheticSource::truth() const noexcept {
  return {market_->pressure, 2 * market_->ladder.best_bid + 1};
}

double oracle_edge_bps(const SyntheticConfig& config, double pressure, std::int64_t horizon_ns) {
  const double h = static_cast<double>(horizon_ns) * kSecond;
  const double share = 1.0 - exp_fixed(-h / config.reversion_s);
  return config.drift_bps_per_s * config.predictability * config.reversion_s * share * pressure;
}

}  // namespace pinstripe
