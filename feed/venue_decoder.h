// Every decoder behind one call: the frame's format says which.
#pragma once

#include "feed/binance_decoder.h"
#include "feed/bybit_decoder.h"
#include "feed/frame.h"
#include "feed/okx_decoder.h"
#include "feed/tardis_decoder.h"

namespace pinstripe {

class VenueDecoder {
 public:
  /// Memory for frames of up to `frame_bytes_max` is taken here.
  explicit VenueDecoder(std::size_t frame_bytes_max)
      : binance_(frame_bytes_max), bybit_(frame_bytes_max), okx_(frame_bytes_max) {}

  /// `bytes` is followed by kFramePadding readable bytes. Binary frames (kDecoded) and notices are
  /// not for here: they are refused.
  DecodeFault decode(FrameFormat format, std::string_view bytes, VenueMessage& out) noexcept {
    switch (format) {
      case FrameFormat::kBinanceRaw: return binance_.decode(bytes, out);
      case FrameFormat::kBybitRaw: return bybit_.decode(bytes, out);
      case FrameFormat::kOkxRaw: return okx_.decode(bytes, out);
      case FrameFormat::kTardisBook: return decode_tardis_book(bytes, out);
      case FrameFormat::kTardisTrades: return decode_tardis_trade(bytes, out);
      case FrameFormat::kDecoded:
      case FrameFormat::kNotice: break;
    }
    return {FeedErrorKind::kBadFrame, bytes.data()};
  }

 private:
  BinanceDecoder binance_;
  BybitDecoder bybit_;
  OkxDecoder okx_;
};

}  // namespace pinstripe
