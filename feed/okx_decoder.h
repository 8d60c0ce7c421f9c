// OKX v5 public stream messages to VenueMessage. The rules, with their sources: venues.md.
#pragma once

#include <memory>
#include <string_view>

#include "feed/venue_message.h"

namespace pinstripe {

class OkxDecoder {
 public:
  /// Memory for frames of up to `frame_bytes_max` is taken here.
  explicit OkxDecoder(std::size_t frame_bytes_max);
  ~OkxDecoder();
  OkxDecoder(OkxDecoder&&) noexcept;
  OkxDecoder& operator=(OkxDecoder&&) noexcept;

  /// Decodes one frame; `bytes` is followed by kFramePadding readable bytes. Views in `out` point
  /// into `bytes`. On a fault `out` holds nothing of use.
  DecodeFault decode(std::string_view bytes, VenueMessage& out) noexcept;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pinstripe
