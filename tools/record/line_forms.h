// Received frames as lines of a raw capture, in the two forms that feed/capture_lines.h reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pinstripe {

/// "<nanoseconds> <frame>". A line feed in the frame, which JSON takes as white space, becomes a
/// blank.
void add_plain_line(std::int64_t receive_ns, std::string_view frame, std::string& to);

/// {"t":"header","format":2,"exchange":"BYBIT"}: begins a file of the second form.
void add_header_line(std::string_view exchange, std::string& to);
/// {"t":"connect","conn":..,"ts":..,"addr":..}: where the connection goes.
void add_connect_line(std::int64_t time_ns, std::string_view connection, std::string_view address,
                      std::string& to);
/// {"t":"recv","conn":..,"ts":..,"data":"<frame>"}, ts in seconds with nine places.
void add_received_line(std::int64_t receive_ns, std::string_view connection,
                       std::string_view frame, std::string& to);

}  // namespace pinstripe
