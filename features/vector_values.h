// From state to values: one function a group of features. Each sets what is known and leaves the
// rest absent; nothing here changes state.
#pragma once

#include <cstdint>

#include "features/bars.h"
#include "features/book_shape.h"
#include "features/order_flow.h"
#include "features/trade_windows.h"
#include "features/vpin.h"
#include "shm/msg/feature_vector.h"

namespace pinstripe {

/// Writes values into a vector: finite ones only, never -0; what is not set stays 0 with its bit
/// clear.
class VectorValues {
 public:
  explicit VectorValues(FeatureVector& out) noexcept : out_(out) {}
  void set(FeatureId id, double v) noexcept {
    constexpr double kFloatMax = 0x1.fffffep127;
    if (!(v <= kFloatMax && v >= -kFloatMax)) [[unlikely]] return;  // NaN and infinities are absent
    out_.values[id] = static_cast<float>(v) + 0.0f;                 // -0 + 0 = +0
    mask_ |= std::uint64_t{1} << id;
  }
  /// Where `known`; the value must be computable either way.
  void set_if(bool known, FeatureId id, double v) noexcept {
    if (known) set(id, v);
  }
  void finish() noexcept { out_.valid_mask = mask_; }

 private:
  FeatureVector& out_;
  std::uint64_t mask_ = 0;
};

/// The moment a vector speaks of. `mid_half_ticks` is 0 while the book is not valid.
struct Moment {
  std::int64_t now_ns;
  std::int64_t first_ns;
  std::int64_t mid_half_ticks;
  std::int64_t tick_e8;
  std::int64_t mark_e8;
  std::int64_t funding_e8;
  bool has_funding;
};

void fill_book(VectorValues& v, const Moment& m, const BookShape& b) noexcept;
void fill_flow(VectorValues& v, const Moment& m, const OrderFlow& f) noexcept;
void fill_trades(VectorValues& v, const Moment& m, const TradeWindows& t) noexcept;
void fill_spreads(VectorValues& v, const Moment& m, const TradeWindows& t, const Vpin& p) noexcept;
void fill_volatility(VectorValues& v, const Moment& m, const Bars& b,
                     const TradeWindows& t) noexcept;
void fill_bars(VectorValues& v, const Moment& m, const Bars& b) noexcept;
void fill_clock(VectorValues& v, const Moment& m, const TradeWindows& t) noexcept;
/// `vol` over a span of `years`, scaled to one year.
float annualised(double vol, double years) noexcept;

}  // namespace pinstripe
