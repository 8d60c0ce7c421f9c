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
#include <string>
#include <vector>

#include "bench/bench_options.h"
#include "bench/decode_to_ring.h"
#include "bench/machine.h"
#include "bench/venue_frames.h"
#include "feed/feed_stage.h"
#include "shm/run/machine_time.h"

namespace pinstripe {
namespace {

namespace ondemand = simdjson::ondemand;
using bench::DecodeOnly;
using bench::Frames;
using bench::load_frames;
using bench::Publisher;

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
double thread_ns() { return static_cast<double>(machine_clock_ns(CLOCK_THREAD_CPUTIME_ID)); }

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
      return pinstripe::bench::refuse_arguments(argc, argv, "decode",
                                                "unknown option '" + arg + "'");
    } else files.push_back(arg);
  }
  return pinstripe::run(files, as_json, quick);
}
