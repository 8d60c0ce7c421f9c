// Cross margin on random tapes, against a plain reference that knows only the reports: average
// entries in floating point, no cached sums, no tiers but two.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/exec/random_tape.h"

namespace pinstripe {
namespace {

using Real = long double;

/// One position at average entry, and the cash of its account, in units of the settle asset.
class PlainAccount {
 public:
  PlainAccount(const Instrument& i, Real cash)
      : cash_(cash), size_(static_cast<Real>(i.lot_e8) / 1e8L *
                           static_cast<Real>(i.multiplier_e8) / 1e8L),
        tick_(static_cast<Real>(i.tick_e8) / 1e8L), inverse_(i.market == Market::kInverse) {}

  void take(const ExecReport& r) {
    if (r.kind == ExecKind::kFunding) cash_ += static_cast<Real>(r.cash_e8.value) / 1e8L;
    if (r.kind != ExecKind::kFill && r.kind != ExecKind::kLiquidation) return;
    ++fills_;
    cash_ -= static_cast<Real>(r.fee_e8.value) / 1e8L;
    const Real price = static_cast<Real>(r.last_ticks.value) * tick_;
    for (std::int64_t n = 0; n < r.last_lots.value; ++n) one_lot(r.h.side(), price);
  }
  Real worth(Real price) const { return size_ * (inverse_ ? 1 / price : price); }
  Real equity(Real mark) const { return cash_ + gain(mark) * std::abs(static_cast<Real>(lots_)); }
  Real maintenance(Real mark) const {
    const Real notional = worth(mark) * std::abs(static_cast<Real>(lots_));
    return std::max(notional * 0.01L, notional * 0.02L - cap_ * 0.01L);
  }
  std::int64_t lots() const { return lots_; }
  int fills() const { return fills_; }

  static constexpr Real cap_ = 0.5L;

 private:
  /// Of one lot of the position, closed at `price`.
  Real gain(Real price) const {
    if (lots_ == 0) return 0;
    const Real up = inverse_ ? worth(entry_) - worth(price) : worth(price) - worth(entry_);
    return lots_ > 0 ? up : -up;
  }
  void one_lot(Side side, Real price) {
    const std::int64_t step = sign_of(side);
    if (lots_ != 0 && (lots_ > 0) != (step > 0)) {
      cash_ += gain(price);
      lots_ += step;
      return;
    }
    const Real held = std::abs(static_cast<Real>(lots_));
    // The average of prices, of an inverse position that of their inverses.
    entry_ = inverse_ ? (held + 1) / (held / (held == 0 ? 1 : entry_) + 1 / price)
                      : (held * entry_ + price) / (held + 1);
    lots_ += step;
  }
  Real cash_;
  Real size_, tick_;
  bool inverse_;
  Real entry_ = 0;
  std::int64_t lots_ = 0;
  int fills_ = 0;
};

ExecConfig random_config(Instrument instrument, std::int64_t opening_e8) {
  const auto cap_e8 = static_cast<std::int64_t>(PlainAccount::cap_ * 1e8L);
  instrument.tiers = {{cap_e8, 1'000'000, 0}, {1'000 * cap_e8, 2'000'000, cap_e8 / 100}};
  ExecConfig c = test_config({std::move(instrument)});
  c.instruments[0].price_band_bps = 10'000;
  c.margin = {true, "", opening_e8, 500'000};
  return c;
}

/// Walks one tape; gives how many liquidations it saw.
int check_tape(const ExecConfig& config, std::uint64_t seed) {
  const bool coin = config.instruments[0].market == Market::kInverse;
  VenueDriver d(config);
  d.state(0, BookState::kValid);
  std::optional<PlainAccount> plain;
  const auto opening = static_cast<Real>(config.margin.opening_e8) / 1e8L;
  if (!coin) plain.emplace(config.instruments[0], opening);
  std::map<int, OrderId> ids;
  Real mark = 100;
  std::size_t seen = 0;
  int liquidations = 0;
  const Margin& sut = d.sut.venue().margin();
  for (const reference::Event& e : TapeMaker(seed).make(400)) {
    if (!plain && sut.equity(0).value > 0) {  // the coin account has just opened
      plain.emplace(config.instruments[0], static_cast<Real>(sut.equity(0).value) / 1e8L);
    }
    play(d, e, ids);
    const std::uint64_t draw = random_draw(seed, 77, 0, static_cast<std::uint64_t>(e.t));
    if (e.kind == reference::Event::kEnd && draw % 8 == 0) {  // now and then a jump
      const auto price_e8 = static_cast<std::int64_t>(9'000'000'000 + draw / 8 % 2'000'000'000);
      d.market(e.t, MsgType::kMark, price_e8, 0, kFlagEndOfUpdate);
    }
    for (; seen < d.reports.size(); ++seen) {
      const ExecReport& r = d.reports[seen];
      if (r.kind == ExecKind::kLiquidation) {
        ++liquidations;
        const Real at = static_cast<Real>(r.price_e8) / 1e8L;
        EXPECT_LE(plain->equity(at), plain->maintenance(at) + 1e-6L) << "seed " << seed;
        EXPECT_EQ(r.last_lots.value, std::abs(plain->lots()));
      }
      plain->take(r);
    }
    if (!plain) continue;
    EXPECT_EQ(plain->lots(), d.sut.venue().position(0).value);
    mark = static_cast<Real>(sut.valued_at_e8(0)) / 1e8L;
    if (mark <= 0) continue;
    const Real slack = 1e-8L * (plain->fills() + 2);  // each fill rounds once or twice
    EXPECT_NEAR(static_cast<double>(plain->equity(mark)),
                static_cast<double>(sut.equity(0).value) / 1e8, static_cast<double>(2 * slack));
    // Within a venue message nothing is decided; its end comes at the same time.
    if (plain->lots() == 0 || e.kind != reference::Event::kEnd) continue;
    EXPECT_GT(plain->equity(mark), plain->maintenance(mark) - 2 * slack)
        << "seed " << seed << " at " << e.t << ": should have been liquidated";
  }
  EXPECT_EQ(liquidations, d.count("liquidations"));
  return liquidations;
}

TEST(MarginRandom, LinearAccountsFallExactlyWhereThePlainReferenceSays) {
  int liquidations = 0;
  for (std::uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    liquidations += check_tape(random_config(test_perpetual(), 15'000'000), seed);
  }
  EXPECT_GT(liquidations, 50);
}

TEST(MarginRandom, InverseAccountsFallExactlyWhereThePlainReferenceSays) {
  int liquidations = 0;
  for (std::uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    liquidations += check_tape(random_config(test_inverse(), 200 * 100'000'000LL), seed);
  }
  EXPECT_GT(liquidations, 50);
}

}  // namespace
}  // namespace pinstripe
