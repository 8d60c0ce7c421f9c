#include "risk/sizing.h"

#include <gtest/gtest.h>

namespace pinstripe {
namespace {

SizingInput golden(double position_max) {
  SizingInput in;
  in.equity = 10'000;
  in.probability = 0.55;
  in.confidence = 0.75;
  in.win_loss = win_loss_ratio(0.025, 0.015, 0);
  in.stop = (50'000.0 - 49'000.0) / 50'000.0;
  in.annual_vol = 0.60;
  in.notional_max = position_max * in.equity;
  in.kelly = true;
  return in;
}

TEST(Sizing, GoldenValueIsFiveHundredthsOfABitcoinWhereTheCapBinds) {
  const Size sut = size_entry(SizingConfig{}, golden(0.25));
  EXPECT_TRUE(sut.capped);
  EXPECT_DOUBLE_EQ(sut.notional / 50'000, 0.05);
  EXPECT_DOUBLE_EQ(size_entry(SizingConfig{}, golden(0.10)).notional / 50'000, 0.02);
}

TEST(Sizing, KellyIsPMinusLossChanceOverOdds) {
  EXPECT_NEAR(kelly_fraction(0.55, 0.025 / 0.015), 0.28, 1e-12);
  EXPECT_LT(kelly_fraction(0.55, 0), 0);
  EXPECT_LT(kelly_fraction(0.55, -1), 0);
  EXPECT_NEAR(size_entry(SizingConfig{}, golden(0.25)).fraction, 0.14, 1e-12);
}

TEST(Sizing, FractionIsCappedAtAQuarter) {
  SizingInput in = golden(1e9);
  in.probability = 0.99;
  in.win_loss = 10;
  SizingConfig config;
  config.kelly_share = 1;
  EXPECT_DOUBLE_EQ(size_entry(config, in).fraction, 0.25);
}

TEST(Sizing, NoEdgeGivesNoQuantity) {
  SizingInput in = golden(1);
  in.win_loss = -0.2;
  const Size sut = size_entry(SizingConfig{}, in);
  EXPECT_LE(sut.fraction, 0);
  EXPECT_EQ(sut.notional, 0);
}

TEST(Sizing, ConfidenceCountsOnlyInFixedFractionMode) {
  SizingInput kelly = golden(1e9);
  SizingInput half = kelly;
  half.confidence /= 2;
  EXPECT_EQ(size_entry(SizingConfig{}, kelly).notional, size_entry(SizingConfig{}, half).notional);
  kelly.kelly = half.kelly = false;
  EXPECT_DOUBLE_EQ(size_entry(SizingConfig{}, kelly).notional,
                   2 * size_entry(SizingConfig{}, half).notional);
  // 0.5 % of 10,000 over a stop of 2 %, x 0.75
  EXPECT_NEAR(size_entry(SizingConfig{}, kelly).notional, 50 / 0.02 * 0.75, 1e-9);
}

TEST(Sizing, VolatilityAboveTheTargetShrinksAndBelowItNeverGrows) {
  SizingInput in = golden(1e9);
  const double at_target = size_entry(SizingConfig{}, in).notional;
  in.annual_vol = 1.2;
  EXPECT_NEAR(size_entry(SizingConfig{}, in).notional, at_target / 2, 1e-9);
  in.annual_vol = 0.1;
  EXPECT_DOUBLE_EQ(size_entry(SizingConfig{}, in).notional, at_target);
  in.annual_vol = 0;
  EXPECT_DOUBLE_EQ(size_entry(SizingConfig{}, in).notional, at_target);
}

TEST(Sizing, CostWidensTheStopAndShrinksTheOdds) {
  EXPECT_DOUBLE_EQ(win_loss_ratio(0.004, 0.002, 0.0007), 0.0033 / 0.0027);
  EXPECT_LT(win_loss_ratio(0.001, 0.002, 0.002), 0);
  EXPECT_EQ(win_loss_ratio(0.001, 0, 0), 0);
}

}  // namespace
}  // namespace pinstripe
