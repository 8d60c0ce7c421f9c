// pinstripe-bench-ring: the ring between two pinned processes, beside its peers in the same run.
//
//   one way      a 64-byte message there and one back over two rings, halved, against bare lines
//                in the same form: one line, and a walk over as many as the ring has slots
//   throughput   messages/s with the slot written in full, against boost::lockfree::spsc_queue
//                (waiting as its documentation does and as we do) and a bare stream of lines
//   tap          one way with a third process that reads the ring 100 times a second, against none
// Runs alternate between a measurement and its peers; medians over the runs are printed, and how
// far the runs lie apart: a hypervisor that moves the cores about shows there.
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "bench/bare_lines.h"
#include "bench/bench_cli.h"
#include "bench/ring_peers.h"
#include "shm/msg/market_event.h"
#include "shm/ring/ring.h"
#include "shm/ring/tap.h"

namespace pinstripe::bench {
namespace {

constexpr std::uint64_t kCapacity = 1024;

struct Options {
  bool json = false;
  bool quick = false;
  std::uint64_t round_trips = 400'000;
  std::uint64_t messages = 20'000'000;
  int runs = 7;
};

struct Cores {
  int a = -1;
  int b = -1;
};

/// A ring in shared memory, formatted.
class BenchRing {
 public:
  BenchRing()
      : shape_(ring_shape<MarketEvent>(kCapacity, 0, FullPolicy::kWait)),
        memory_(ring_bytes(shape_)) {
    format_ring(memory_.bytes(), shape_);
  }
  RingView view() const { return attach_ring(memory_.bytes(), shape_).value(); }

 private:
  RingShape shape_;
  SharedMemory memory_;
};

/// Writes all 56 bytes behind the slot word.
void write_message(MarketEvent& e, std::uint64_t n) noexcept {
  e.h.event_ns = TimeNs(static_cast<std::int64_t>(n));
  e.h.origin_ns = TimeNs(static_cast<std::int64_t>(n));
  e.h.cause_seq = static_cast<std::uint32_t>(n);
  e.h.cause_ring = 0;
  e.h.type = MsgType::kTrade;
  e.h.flags = 0;
  e.h.instrument = 0;
  e.h.lane = 0;
  e.h.venue_offset_us = 0;
  e.h.publish_ticks = static_cast<std::uint32_t>(n);
  e.h.origin_ticks = static_cast<std::uint32_t>(n);
  e.a = static_cast<std::int64_t>(n);
  e.b = static_cast<std::int64_t>(n);
}

std::uint64_t read_message(const MsgHeader* h) noexcept {
  const auto& e = *reinterpret_cast<const MarketEvent*>(h);
  return static_cast<std::uint64_t>(e.h.event_ns.value + e.a + e.b);
}

void send(RingProducer<MarketEvent>& ring, std::uint64_t n) noexcept {
  SpinWait wait;
  while (!ring.has_room(1)) wait();
  write_message(ring.claim(), n);
  ring.commit();
}

std::uint64_t receive(RingConsumer<>& ring) noexcept {
  SpinWait wait;
  const MsgHeader* head = ring.peek();
  for (; head == nullptr; head = ring.peek()) wait();
  const std::uint64_t value = read_message(head);
  ring.advance();
  ring.release();
  return value;
}

Latency ring_latency(const Options& o, Cores cores, double tick_ns, bool tapped) {
  const BenchRing there, back;
  Peer echo(cores.b, [&] {
    RingConsumer<> in(there.view());
    RingProducer<MarketEvent> out(back.view());
    for (std::uint64_t n = 0; n < o.round_trips; ++n) {
      receive(in);
      send(out, n);
    }
  });
  pid_t tap = -1;
  if (tapped) {
    tap = ::fork();
    if (tap == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      RingTap<> sut(there.view(), TapFrom::kNow);
      MarketEvent e;
      while (true) {  // one sample: what came last, then sleep
        while (sut.next(&e) == TapResult::kMessage && sut.received() % 16 != 0) {
        }
        ::usleep(10'000);
      }
    }
  }
  RingProducer<MarketEvent> out(there.view());
  RingConsumer<> in(back.view());
  std::vector<std::uint64_t> times(o.round_trips);
  for (std::uint64_t n = 0; n < o.round_trips; ++n) {
    const std::uint64_t start = read_counter();
    send(out, n);
    receive(in);
    times[n] = read_counter() - start;
  }
  echo.join();
  if (tap > 0) {
    ::kill(tap, SIGKILL);
    ::waitpid(tap, nullptr, 0);
  }
  return one_way(times, tick_ns);
}

void check_sum(std::uint64_t sum, std::uint64_t messages) {
  if (sum == 3 * (messages * (messages - 1) / 2)) return;
  std::fprintf(stderr, "messages were lost or damaged\n");
  std::exit(1);
}

double ring_throughput(const Options& o, Cores cores, double tick_ns, std::uint64_t batch) {
  const BenchRing ring;
  Peer sender(cores.b, [&] {
    RingProducer<MarketEvent> out(ring.view());
    for (std::uint64_t n = 0; n < o.messages; ++n) send(out, n);
  });
  RingConsumer<> in(ring.view());
  std::uint64_t sum = 0;
  SpinWait wait;
  while (in.peek() == nullptr) wait();
  const std::uint64_t start = read_counter();
  for (std::uint64_t n = 0, unreleased = 0; n < o.messages;) {
    const MsgHeader* head = in.peek();
    if (head == nullptr) {
      if (unreleased > 0) in.release();
      unreleased = 0;
      wait();
      continue;
    }
    sum += read_message(head);
    in.advance();
    ++n;
    if (++unreleased == batch) {
      in.release();
      unreleased = 0;
    }
  }
  const double result = per_second(o.messages, start, tick_ns);
  in.release();
  sender.join();
  check_sum(sum, o.messages);
  return result;
}

/// boost's documentation waits by calling push and pop again at once.
struct LookAgainAtOnce {
  void operator()() noexcept {}
};

template <class Wait>
double boost_throughput(const Options& o, Cores cores, double tick_ns) {
  using Queue = boost::lockfree::spsc_queue<MarketEvent, boost::lockfree::capacity<kCapacity>>;
  const SharedMemory memory(sizeof(Queue) + 4096);
  auto* queue = new (memory.bytes().data()) Queue();
  Peer sender(cores.b, [&] {
    MarketEvent e;
    Wait wait;
    for (std::uint64_t n = 0; n < o.messages; ++n) {
      write_message(e, n);
      while (!queue->push(e)) wait();
    }
  });
  std::uint64_t sum = 0;
  MarketEvent e;
  SpinWait begin;  // gives the core away: the sender starts on it
  while (queue->read_available() == 0) begin();
  Wait wait;
  const std::uint64_t start = read_counter();
  for (std::uint64_t n = 0; n < o.messages; ++n) {
    while (!queue->pop(e)) wait();
    sum += read_message(&e.h);
  }
  const double result = per_second(o.messages, start, tick_ns);
  sender.join();
  check_sum(sum, o.messages);
  return result;
}

struct OneWay {
  Spread p50, p99;  // nanoseconds
};

struct Figures {
  OneWay line, walk, ring, untapped, tapped;
  Spread ring_rate, stream_rate, boost_pause_rate, boost_rate;  // a second
  std::uint64_t best_batch = 0;

  double boost_best() const { return std::max(boost_pause_rate.median, boost_rate.median); }
};

OneWay over_runs(const std::vector<Latency>& runs) {
  std::vector<double> p50, p99;
  for (const Latency& l : runs) {
    p50.push_back(l.p50_ns);
    p99.push_back(l.p99_ns);
  }
  return {spread(p50), spread(p99)};
}

void measure_one_way(const Options& o, Cores cores, double tick_ns, Figures& f) {
  std::vector<Latency> line, walk, ring, untapped, tapped;
  for (int run = 0; run < o.runs; ++run) {
    line.push_back(line_latency(o.round_trips, 1, cores.b, tick_ns));
    walk.push_back(line_latency(o.round_trips, kCapacity, cores.b, tick_ns));
    ring.push_back(ring_latency(o, cores, tick_ns, false));
  }
  for (int run = 0; run < o.runs; ++run) {
    // The order changes from run to run, so that a drift of the machine favours neither.
    if (run % 2 == 0) untapped.push_back(ring_latency(o, cores, tick_ns, false));
    tapped.push_back(ring_latency(o, cores, tick_ns, true));
    if (run % 2 == 1) untapped.push_back(ring_latency(o, cores, tick_ns, false));
  }
  f.line = over_runs(line);
  f.walk = over_runs(walk);
  f.ring = over_runs(ring);
  f.untapped = over_runs(untapped);
  f.tapped = over_runs(tapped);
}

void measure_rates(const Options& o, Cores cores, double tick_ns, Figures& f) {
  const std::vector<std::uint64_t> batches{16, 64, 256};
  std::vector<std::vector<double>> rates(batches.size());
  std::vector<double> stream, boost_pause, boost;
  for (int run = 0; run < o.runs; ++run) {
    stream.push_back(line_stream(o.messages, kCapacity, cores.b, tick_ns));
    for (std::size_t i = 0; i < batches.size(); ++i) {
      rates[i].push_back(ring_throughput(o, cores, tick_ns, batches[i]));
    }
    boost_pause.push_back(boost_throughput<SpinWait>(o, cores, tick_ns));
    boost.push_back(boost_throughput<LookAgainAtOnce>(o, cores, tick_ns));
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const Spread s = spread(rates[i]);
    if (s.median <= f.ring_rate.median) continue;
    f.ring_rate = s;
    f.best_batch = batches[i];
  }
  f.stream_rate = spread(stream);
  f.boost_pause_rate = spread(boost_pause);
  f.boost_rate = spread(boost);
}

using Json = nlohmann::ordered_json;

Json one_way_json(const OneWay& w) {
  return {{"p50", w.p50.median}, {"p99", w.p99.median}, {"p50_range", {w.p50.min, w.p50.max}}};
}

void print_json(const Figures& f, const Options& o, Cores cores) {
  const Json boost{{"throughput_msgs_per_s", f.boost_best()},
                   {"with_pause_msgs_per_s", f.boost_pause_rate.median},
                   {"without_pause_msgs_per_s", f.boost_rate.median}};
  const Json stream{{"lines_per_s", f.stream_rate.median},
                    {"lines_per_s_range", {f.stream_rate.min, f.stream_rate.max}}};
  const Json j{
      {"bench", "ring"},
      {"cpu", cpu_name()},
      {"cores", {cores.a, cores.b}},
      {"runs", o.runs},
      {"one_way_ns", one_way_json(f.ring)},
      {"line_transfer_ns", one_way_json(f.line)},
      {"line_walk_ns", one_way_json(f.walk)},
      {"one_way_ratio", f.ring.p50.median / f.line.p50.median},
      {"one_way_over_walk_ratio", f.ring.p50.median / f.walk.p50.median},
      {"throughput_msgs_per_s", f.ring_rate.median},
      {"throughput_range", {f.ring_rate.min, f.ring_rate.max}},
      {"release_batch", f.best_batch},
      {"peers", {{"boost_lockfree_spsc", boost}, {"line_stream", stream}}},
      {"throughput_ratio", f.ring_rate.median / f.boost_best()},
      {"throughput_over_stream_ratio", f.ring_rate.median / f.stream_rate.median},
      {"tap",
       {{"p50_ratio", f.tapped.p50.median / f.untapped.p50.median},
        {"p99_ratio", f.tapped.p99.median / f.untapped.p99.median}}}};
  std::printf("%s\n", j.dump(2).c_str());
}

void print_one_way(const char* name, const OneWay& w, const std::string& ratio = "") {
  std::printf("  %-38s %8.1f %7.1f..%-7.1f %8.1f  %s\n", name, w.p50.median, w.p50.min, w.p50.max,
              w.p99.median, ratio.c_str());
}

void print_rate(const std::string& name, const Spread& rate, const std::string& ratio = "") {
  std::printf("  %-38s %8.2f %7.2f..%-7.2f %8s  %s\n", name.c_str(), rate.median / 1e6,
              rate.min / 1e6, rate.max / 1e6, "", ratio.c_str());
}

std::string times(double value, const char* of) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.3f x %s", value, of);
  return text;
}

void print_table(const Figures& f, const Options& o, Cores cores) {
  const char* const heading = "%-40s %8s %16s %8s\n";
  std::printf("%s, processes pinned to cores %d and %d, medians and range of %d runs\n\n",
              cpu_name().c_str(), cores.a, cores.b, o.runs);
  std::printf(heading, "one way, 64 bytes", "p50 ns", "min..max", "p99 ns");
  print_one_way("one bare line", f.line);
  print_one_way("bare walk, as many lines as slots", f.walk,
                times(f.walk.p50.median / f.line.p50.median, "one line"));
  print_one_way("ring", f.ring,
                times(f.ring.p50.median / f.line.p50.median, "one line, ") +
                    times(f.ring.p50.median / f.walk.p50.median, "the walk"));
  print_one_way("ring, no tap", f.untapped);
  print_one_way("ring, tap 100 times a second", f.tapped,
                times(f.tapped.p50.median / f.untapped.p50.median, "p50, ") +
                    times(f.tapped.p99.median / f.untapped.p99.median, "p99"));
  std::printf("\n");
  std::printf(heading, "throughput", "M/s", "min..max", "");
  print_rate("bare stream, one line a message", f.stream_rate);
  print_rate("boost::lockfree::spsc_queue, no pause", f.boost_rate);
  print_rate("boost::lockfree::spsc_queue, pause", f.boost_pause_rate);
  print_rate("ring, released in batches of " + std::to_string(f.best_batch), f.ring_rate,
             times(f.ring_rate.median / f.boost_best(), "boost's better, ") +
                 times(f.ring_rate.median / f.stream_rate.median, "the stream"));
}

}  // namespace
}  // namespace pinstripe::bench

int main(int argc, char** argv) {
  using namespace pinstripe::bench;
  Options o;
  CLI::App app{"The ring between two pinned processes, beside bare cache lines and "
               "boost::lockfree::spsc_queue"};
  app.add_flag("--json", o.json, "one JSON object on standard output");
  app.add_flag("--quick", o.quick, "tiny, for the tests; the figures mean nothing");
  app.add_option("--runs", o.runs, "runs of each measurement (medians are printed)")
      ->check(CLI::Range(1, 101));
  const auto exit = parse_arguments(app, argc, argv, "ring");
  if (exit) return *exit;
  if (o.quick) {
    o.round_trips = 200;
    o.messages = 20'000;
    o.runs = 1;
  }
  const std::vector<int> usable = usable_cores();
  const Cores cores{usable.front(), usable.back()};
  if (cores.a == cores.b) {
    std::fprintf(stderr,
                 "only one core is usable: both processes share it, the ratios mean nothing\n");
  }
  pin(cores.a);
  const double tick_ns = ns_per_tick();
  Figures f;
  measure_one_way(o, cores, tick_ns, f);
  measure_rates(o, cores, tick_ns, f);
  if (o.json) {
    print_json(f, o, cores);
  } else {
    print_table(f, o, cores);
  }
  return 0;
}
