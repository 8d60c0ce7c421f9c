// Binance JSON to VenueMessage with simdjson on-demand: spot, USD-M and COIN-M streams, REST depth.
#pragma once

#include <memory>
#include <string_view>

#include "feed/venue_message.h"

namespace pinstripe {

class BinanceDecoder {
 public:
  /// Memory for frames of up to `frame_bytes_max` is taken here.
  explicit BinanceDecoder(std::size_t frame_bytes_max);
  ~BinanceDecoder();
  BinanceDecoder(BinanceDecoder&&) noexcept;
  BinanceDecoder& operator=(BinanceDecoder&&) noexcept;

  /// Decodes one frame; `bytes` is followed by kFramePadding readable bytes. Views in `out` point
  /// into `bytes`. On a fault `out` holds nothing of use.
  DecodeFault decode(std::string_view bytes, VenueMessage& out) noexcept;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pinstripe
