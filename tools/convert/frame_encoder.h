// One line of a capture as a decoded frame, where that says all that the feed stage takes of it.
#pragma once

#include <string>
#include <vector>

#include "feed/capture_lines.h"
#include "feed/decimal.h"
#include "feed/decoded_frame.h"
#include "feed/venue_decoder.h"
#include "shm/market/instrument.h"

namespace pinstripe {

class FrameEncoder {
 public:
  explicit FrameEncoder(const Instrument& instrument);

  /// Header and levels of the frame, valid until the next call. Empty: the line must stay text. It
  /// is refused, means nothing to the stage, or says something that a decoded frame has no room for
  /// (another symbol, a price off the grid, a rate without a time).
  std::string_view encode(const CaptureLine& line);

 private:
  bool take_common(DecodedHeader& h) const;
  bool take_kind(DecodedHeader& h) const;
  bool take_chained(DecodedHeader& h) const;
  bool take_trade(DecodedHeader& h) const;
  bool take_mark(DecodedHeader& h) const;
  bool take_levels(const std::vector<RawLevel>& from, std::size_t count);
  bool to_grid(const RawLevel& from, BookLevel& to) const;

  std::string symbol_;
  ExactDivisor tick_, lot_;
  VenueDecoder decoder_;
  VenueMessage message_;
  std::string bytes_;
};

}  // namespace pinstripe
