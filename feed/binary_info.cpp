#include "feed/binary_info.h"

#include <cstring>

namespace pinstripe {
namespace {

template <std::size_t N>
Result<void> put_text(const std::string& from, char (&to)[N], const char* what) {
  if (from.size() >= N) {
    return fail(std::string(what) + " '" + from + "' is longer than a binary capture takes (" +
                std::to_string(N - 1) + " bytes)");
  }
  std::memcpy(to, from.c_str(), from.size() + 1);
  return {};
}

/// The fields that both have under the same name.
template <class From, class To>
void copy_fields(const From& from, To& to) {
  to.first_receive_ns = from.first_receive_ns;
  to.last_receive_ns = from.last_receive_ns;
  to.frames = from.frames;
  to.depths = from.depths;
  to.tickers = from.tickers;
  to.trades = from.trades;
  to.marks = from.marks;
  to.snapshots = from.snapshots;
  to.bad_lines = from.bad_lines;
  to.backward_times = from.backward_times;
  to.backward_line = from.backward_line;
  to.first_id = from.first_id;
  to.last_id = from.last_id;
  to.least_delay_ns = from.least_delay_ns;
  to.least_delay_line = from.least_delay_line;
  to.digest = from.digest;
  to.has_venue_time = from.has_venue_time;
  to.has_depth = from.has_depth;
  to.has_prev = from.has_prev;
}

}  // namespace

Result<void> read_binary_info(CaptureFileInfo& info) {
  const auto capture = BinaryCapture::open(info.path);
  if (!capture) return std::unexpected(capture.error());
  const BinaryHeader& h = (*capture)->header();
  copy_fields(h, info);
  info.format = static_cast<CaptureFormat>(h.format);
  info.symbol = h.symbol;
  info.exchange = h.exchange;
  return {};
}

Result<void> put_binary_info(const CaptureFileInfo& info, BinaryHeader& header) {
  copy_fields(info, header);
  header.format = static_cast<std::uint32_t>(info.format);
  header.tick_e8 = info.instrument.tick_e8;
  header.lot_e8 = info.instrument.lot_e8;
  if (auto put = put_text(info.instrument.id, header.instrument, "the instrument"); !put) {
    return put;
  }
  if (auto put = put_text(info.exchange, header.exchange, "the exchange"); !put) return put;
  return put_text(info.symbol, header.symbol, "the symbol");
}

Result<void> check_binary_grid(const CaptureFileInfo& info) {
  const auto capture = BinaryCapture::open(info.path);
  if (!capture) return std::unexpected(capture.error());
  const BinaryHeader& h = (*capture)->header();
  const Instrument& i = info.instrument;
  if (i.id == h.instrument && i.tick_e8 == h.tick_e8 && i.lot_e8 == h.lot_e8) return {};
  const auto grid = [](const std::string& id, std::int64_t tick, std::int64_t lot) {
    return id + " with tick " + std::to_string(tick) + "e-8 and lot " + std::to_string(lot) + "e-8";
  };
  return fail("'" + info.path + "' was converted for " +
              grid(h.instrument, h.tick_e8, h.lot_e8) + "; the session trades " +
              grid(i.id, i.tick_e8, i.lot_e8) + "; convert the original capture anew");
}

}  // namespace pinstripe
