// `pinstripe-bench-decode [--data FILE...] [--json] [--quick]`: raw Binance frames to market events
// published to one ring, against a bare simdjson on-demand pass over the same frames that reads
// every price and quantity as a number and every id and time.
//
// One thread, frames in memory. Three contestants take turns, round by round, so that a change of
// the machine's speed meets all; medians over the rounds, in processor time of the thread. `decode`
// turns frames into ticks and lots and publishes one message a level change, touch side or trade;
// `feed` is the whole stage, so book_ns_per_msg = feed - decode is what fused book, guard and
// counters cost. Without --data a few recorded-like frames are repeated.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "bench/machine.h"
#include "feed/binance_decoder.h"
#include "feed/decimal.h"
#include "feed/feed_stage.h"
#include "feed/inspect.h"
#include "feed/instrument_table.h"
#include "shm/ring/ring.h"
#include "shm/ring/ring_layout.h"

namespace pinstripe {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::uint64_t kRingSlots = 4'096;

struct Frames {
  std::string text;  // all frames, one behind the other, then padding
  std::vector<FeedFrame> frames;
  std::vector<Instrument> instruments;
};

const char* const kSamples[] = {
    R"({"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":2710246762461,"s":"BTCUSDT","b":"28145.10","B":"3.868","a":"28145.20","A":"6.887","T":1680652700430,"E":1680652700435}})",
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1680652700455,"T":1680652700452,"s":"BTCUSDT","t":3535186032,"p":"28145.10","q":"0.002","X":"MARKET","m":true}})",
    R"({"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1680652700594,"T":1680652700586,"s":"BTCUSDT","U":2710246765373,"u":2710246765597,"pu":2710246765326,"b":[["5000.00","14.368"],["28018.90","0.000"],["28049.60","0.288"],["28080.20","3.000"]],"a":[["28145.20","6.961"],["28170.00","1.500"]]}})"};

Frames sample_frames() {
  Frames f;
  f.instruments.push_back(*find_instrument("BINANCE_USDM", "BTCUSDT"));
  std::vector<std::size_t> starts;
  for (int i = 0; i < 3'000; ++i) {
    starts.push_back(f.text.size());
    f.text += kSamples[i % 3];
  }
  starts.push_back(f.text.size());
  f.text.append(kFramePadding, '\0');
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    FeedFrame frame;
    frame.origin_ns = TimeNs(1'680'652'700'500'000'000 + static_cast<std::int64_t>(i) * 1'000'000);
    frame.bytes = {f.text.data() + starts[i], starts[i + 1] - starts[i]};
    frame.instrument = 0;
    f.frames.push_back(frame);
  }
  return f;
}

Result<Frames> load_frames(const std::vector<std::string>& files) {
  if (files.empty()) return sample_frames();
  auto info = inspect_captures(files, {});
  if (!info) return std::unexpected(info.error());
  auto source = open_captures(info->streams);
  if (!source) return std::unexpected(source.error());
  Frames f;
  f.instruments = info->instruments;
  std::vector<std::size_t> starts;
  while (const FeedFrame* frame = (*source)->peek()) {
    starts.push_back(f.text.size());
    f.frames.push_back(*frame);
    f.text += frame->bytes;
    (*source)->pop();
  }
  f.text.append(kFramePadding, '\0');
  for (std::size_t i = 0; i < starts.size(); ++i) {
    f.frames[i].bytes = {f.text.data() + starts[i], f.frames[i].bytes.size()};
  }
  return f;
}

/// A ring with a consumer in the same thread that takes whatever lies there.
class Publisher {
 public:
  Publisher()
      : memory_(ring_shape<MarketEvent>(kRingSlots, 0, FullPolicy::kWait)),
        producer_(memory_.view()),
        consumer_(memory_.view()) {}
  MarketEvent& claim(unsigned) noexcept {
    if (!producer_.has_room(1)) {
      drain();
      (void)producer_.has_room(1);  // reads the cursor anew
    }
    MarketEvent& m = producer_.claim();
    m.h.event_ns = now;
    m.h.cause_seq = 0;
    m.h.cause_ring = kNoRing;
    m.h.lane = 0;
    m.h.publish_ticks = m.h.origin_ticks = 0;
    return m;
  }
  void commit(unsigned) noexcept {
    producer_.commit();
    ++count;
  }
  TimeNs now;
  std::uint64_t count = 0;

 private:
  void drain() noexcept {
    while (consumer_.peek() != nullptr) consumer_.advance();
    consumer_.release();
  }
  PrivateRing memory_;
  RingProducer<MarketEvent> producer_;
  RingConsumer<> consumer_;
};

/// Only the first of the three ports goes to the ring; the others are written and forgotten.
struct OnePort {
  Publisher& ring;
  MarketEvent scratch;
  MarketEvent& claim(unsigned port) noexcept { return port == 0 ? ring.claim(0) : scratch; }
  void commit(unsigned port) noexcept {
    if (port == 0) ring.commit(0);
  }
};

/// The peer: every number of a frame, added up so that nothing can be left out.
class Peer {
 public:
  bool pass(const Frames& f) {
    for (const FeedFrame& frame : f.frames) {
      ondemand::document document;
      ondemand::object object;
      if (parser_.iterate(frame.bytes.data(), frame.bytes.size(),
          frame.bytes.size() + kFramePadding)
              .get(document) != simdjson::SUCCESS ||
          document.get_object().get(object) != simdjson::SUCCESS || !members(object)) {
        return false;
      }
    }
    return true;
  }
  double sum = 0;
  std::uint64_t ids = 0;

 private:
  bool members(ondemand::object object) {
    for (auto field : object) {
      ondemand::raw_json_string key;
      ondemand::value value;
      ondemand::json_type type{};
      if (field.key().get(key) != simdjson::SUCCESS) return false;
      if (field.value().get(value) != simdjson::SUCCESS) return false;
      if (value.type().get(type) != simdjson::SUCCESS) return false;
      if (!member(key.raw(), type, value)) return false;
    }
    return true;
  }
  bool member(const char* key, ondemand::json_type type, ondemand::value& value) {
    if (type == ondemand::json_type::number) {
      std::uint64_t id = 0;
      if (value.get_uint64().get(id) != simdjson::SUCCESS) return false;
      ids += id;
      return true;
    }
    if (type == ondemand::json_type::array) return levels(value);
    if (type == ondemand::json_type::object) {
      ondemand::object inner;
      return value.get_object().get(inner) == simdjson::SUCCESS && members(inner);
    }
    const bool is_number = key[1] == '"' && std::strchr("bBaApqPir", key[0]) != nullptr;
    if (type != ondemand::json_type::string || !is_number) return true;
    return number(value);
  }
  bool number(ondemand::value& value) {
    double v = 0;
    if (value.get_double_in_string().get(v) != simdjson::SUCCESS) return false;
    sum += v;
    return true;
  }
  bool levels(ondemand::value& value) {
    ondemand::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return false;
    for (auto element : list) {
      ondemand::array pair;
      if (element.get_array().get(pair) != simdjson::SUCCESS) return false;
      for (auto item : pair) {
        ondemand::value v;
        if (item.get(v) != simdjson::SUCCESS || !number(v)) return false;
      }
    }
    return true;
  }
  ondemand::parser parser_;
};

/// Frames to market events in one ring, without a book.
class DecodeOnly {
 public:
  explicit DecodeOnly(const Frames& f) : decoder_(1 << 20), message_(16'384) {
    for (const Instrument& i : f.instruments) {
      ticks_.emplace_back(i.tick_e8);
      lots_.emplace_back(i.lot_e8);
    }
  }
  bool pass(const Frames& f) {
    for (const FeedFrame& frame : f.frames) {
      if (decoder_.decode(frame.bytes, message_).kind != FeedErrorKind::kNone) return false;
      ring.now = frame.origin_ns;
      if (!publish(frame)) return false;
    }
    return true;
  }
  Publisher ring;

 private:
  bool put(const FeedFrame& frame, MsgType type, std::uint8_t flags, const RawLevel& l) {
    MarketEvent& m = ring.claim(0);
    m.h.type = type;
    m.h.flags = flags;
    m.h.instrument = frame.instrument;
    m.h.origin_ns = frame.origin_ns;
    m.h.venue_offset_us =
        static_cast<std::int32_t>(message_.venue_us - frame.origin_ns.value / kNsPerUs);
    const bool ok = ticks_[frame.instrument].divide(l.price_e8, m.a) &
                    lots_[frame.instrument].divide(l.qty_e8, m.b);
    ring.commit(0);
    return ok;
  }
  bool publish(const FeedFrame& frame) {
    const VenueMessage& m = message_;
    if (m.kind == VenueKind::kTrade) {
      return put(frame, MsgType::kTrade, kFlagEndOfUpdate, {m.price_e8, m.qty_e8});
    }
    if (m.kind == VenueKind::kMark) return true;
    const MsgType type = m.kind == VenueKind::kTicker ? MsgType::kTouch : MsgType::kLevel;
    bool ok = true;
    for (std::size_t i = 0; i < m.bid_count; ++i) ok &= put(frame, type, 0, m.bids[i]);
    for (std::size_t i = 0; i < m.ask_count; ++i) {
      ok &= put(frame, type, i + 1 == m.ask_count ? kFlagSell | kFlagEndOfUpdate : kFlagSell,
                m.asks[i]);
    }
    return ok;
  }
  BinanceDecoder decoder_;
  VenueMessage message_;
  std::vector<ExactDivisor> ticks_;
  std::vector<ExactDivisor> lots_;
};

/// The whole stage.
void feed_pass(const Frames& f, Publisher& ring) {
  FeedConfig config;
  config.instruments = f.instruments;
  FeedStage stage(config);
  OnePort sink{ring, {}};
  for (const FeedFrame& frame : f.frames) {
    ring.now = frame.origin_ns;
    stage.on_event(frame.origin_ns, FeedInput::frame(frame), sink);
    while (stage.more()) stage.on_event(frame.origin_ns, FeedInput::continued(), sink);
  }
}

/// Processor time of this thread: other load on the machine does not count.
double thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

template <class F>
double ns_per_message(const Frames& f, int repeats, F&& pass) {
  const double start = thread_ns();
  for (int i = 0; i < repeats; ++i) pass();
  return (thread_ns() - start) / static_cast<double>(f.frames.size()) / repeats;
}

double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v[v.size() / 2];
}

int run(const std::vector<std::string>& files, bool as_json, bool quick) {
  auto loaded = load_frames(files);
  if (!loaded) {
    std::fprintf(stderr, "pinstripe-bench-decode: %s\n", loaded.error().message.c_str());
    return static_cast<int>(loaded.error().exit);
  }
  const Frames& f = *loaded;
  const int rounds = quick ? 3 : 15;
  const int repeats = quick ? 1 : std::max(1, static_cast<int>(200'000 / f.frames.size()));
  std::vector<double> peer_ns, decode_ns, feed_ns;
  Peer peer;
  DecodeOnly decode(f);
  Publisher feed_ring;
  bool ok = true;
  for (int r = 0; r < rounds; ++r) {
    peer_ns.push_back(ns_per_message(f, repeats, [&] { ok &= peer.pass(f); }));
    decode_ns.push_back(ns_per_message(f, repeats, [&] { ok &= decode.pass(f); }));
    feed_ns.push_back(ns_per_message(f, 1, [&] { feed_pass(f, feed_ring); }));
  }
  if (!ok) {
    std::fprintf(stderr, "pinstripe-bench-decode: a frame could not be read\n");
    return 1;
  }
  const double peer_mid = median(peer_ns);
  const double decode_mid = median(decode_ns);
  const double feed_mid = median(feed_ns);
  const double book = feed_mid - decode_mid;
  const auto events = static_cast<double>(decode.ring.count) / (rounds * repeats) /
                      static_cast<double>(f.frames.size());
  const std::string cpu = bench::cpu_name();
  if (as_json) {
    std::printf("{\"decode_ns_per_msg\":%.1f,\"simdjson_ns_per_msg\":%.1f,\"ratio\":%.3f,"
                "\"book_ns_per_msg\":%.1f,\"feed_ns_per_msg\":%.1f,\"events_per_msg\":%.2f,"
                "\"messages\":%zu,\"bytes\":%zu,\"rounds\":%d,\"cpu\":\"%s\"}\n",
                decode_mid, peer_mid, decode_mid / peer_mid, book, feed_mid, events,
                f.frames.size(), f.text.size(), rounds, cpu.c_str());
    return 0;
  }
  std::printf("%zu frames, %.1f MB, %.2f market events a frame; %s; one thread, medians of %d "
              "rounds\n",
              f.frames.size(), static_cast<double>(f.text.size()) / 1e6, events, cpu.c_str(),
              rounds);
  std::printf("  %-44s %8.1f ns a message\n", "simdjson on-demand, all numbers read", peer_mid);
  std::printf("  %-44s %8.1f ns a message   %.2f x\n", "decode and publish to one ring", decode_mid,
              decode_mid / peer_mid);
  std::printf("  %-44s %8.1f ns a message\n", "fused book, guard, other ports (apart)", book);
  return 0;
}

}  // namespace
}  // namespace pinstripe

int main(int argc, char** argv) {
  std::vector<std::string> files;
  bool as_json = false;
  bool quick = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--json") as_json = true;
    else if (arg == "--quick") quick = true;
    else if (arg == "--data") continue;
    else if (arg == "--help") {
      std::puts("pinstripe-bench-decode [--data FILE...] [--json] [--quick]\n"
                "example: pinstripe-bench-decode --data ../shared/data/binance_l2_raw/*.gz");
      return 0;
    } else if (arg.starts_with("--")) {
      std::fprintf(stderr, "pinstripe-bench-decode: unknown option %s; see --help\n", arg.c_str());
      return 2;
    } else files.push_back(arg);
  }
  return pinstripe::run(files, as_json, quick);
}
