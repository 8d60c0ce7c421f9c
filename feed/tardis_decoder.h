// Tardis CSV rows to VenueMessage: incremental_book_L2 (all rows of one message) and trades.
#pragma once

#include <string_view>

#include "feed/venue_message.h"

namespace pinstripe {

/// exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount: rows of one message,
/// one behind the other. is_snapshot makes it a fresh book.
DecodeFault decode_tardis_book(std::string_view rows, VenueMessage& out) noexcept;

/// exchange,symbol,timestamp,local_timestamp,id,side,price,amount: one row. A side that is neither
/// buy nor sell makes it a trade that counts for nothing (not a market trade).
DecodeFault decode_tardis_trade(std::string_view row, VenueMessage& out) noexcept;

}  // namespace pinstripe
