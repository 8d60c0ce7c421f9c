// pinstripe-bench-ring: the ring between two pinned processes, beside its peers in the same run.
//
//   one way      a 64-byte message there and one back over two rings, halved, against a bare
//                cache-line hand-over (one 8-byte store there, one back) in the same form
//   throughput   messages/s with the slot written in full, against boost::lockfree::spsc_queue
//   tap          one way with a third process that reads the ring 100 times a second, against none
// Runs alternate between a measurement and its peer; medians over the runs are printed.
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

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

Latency line_latency(const Options& o, Cores cores, double tick_ns) {
  const SharedMemory memory(4096);
  auto* there = reinterpret_cast<std::uint64_t*>(memory.bytes().data());
  auto* back = reinterpret_cast<std::uint64_t*>(memory.bytes().data() + 1024);
  const auto await = [](const std::uint64_t* word, std::uint64_t value) {
    SpinWait wait;
    while (ring_word::load_acquire(word) != value) wait();
  };
  Peer echo(cores.b, [&] {
    for (std::uint64_t n = 1; n <= o.round_trips; ++n) {
      await(there, n);
      ring_word::store_release(back, n);
    }
  });
  std::vector<std::uint64_t> times(o.round_trips);
  for (std::uint64_t n = 1; n <= o.round_trips; ++n) {
    const std::uint64_t start = read_counter();
    ring_word::store_release(there, n);
    await(back, n);
    times[n - 1] = read_counter() - start;
  }
  echo.join();
  return one_way(times, tick_ns);
}

/// The receiver's clock over all messages, as messages/s.
double rate(std::uint64_t messages, std::uint64_t start, double tick_ns) {
  return static_cast<double>(messages) * 1e9 /
         (static_cast<double>(read_counter() - start) * tick_ns);
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
  const double result = rate(o.messages, start, tick_ns);
  in.release();
  sender.join();
  check_sum(sum, o.messages);
  return result;
}

double boost_throughput(const Options& o, Cores cores, double tick_ns) {
  using Queue = boost::lockfree::spsc_queue<MarketEvent, boost::lockfree::capacity<kCapacity>>;
  const SharedMemory memory(sizeof(Queue) + 4096);
  auto* queue = new (memory.bytes().data()) Queue();
  Peer sender(cores.b, [&] {
    MarketEvent e;
    SpinWait wait;
    for (std::uint64_t n = 0; n < o.messages; ++n) {
      write_message(e, n);
      while (!queue->push(e)) wait();
    }
  });
  std::uint64_t sum = 0;
  MarketEvent e;
  SpinWait wait;
  while (queue->read_available() == 0) wait();
  const std::uint64_t start = read_counter();
  for (std::uint64_t n = 0; n < o.messages; ++n) {
    while (!queue->pop(e)) wait();
    sum += read_message(&e.h);
  }
  const double result = rate(o.messages, start, tick_ns);
  sender.join();
  check_sum(sum, o.messages);
  return result;
}

struct Figures {
  Latency line, ring, untapped, tapped;
  double ring_rate = 0;
  double boost_rate = 0;
  std::uint64_t best_batch = 0;
};

Latency medians(const std::vector<Latency>& runs) {
  std::vector<double> p50, p99;
  for (const Latency& l : runs) {
    p50.push_back(l.p50_ns);
    p99.push_back(l.p99_ns);
  }
  return {median(p50), median(p99)};
}

Figures measure(const Options& o, Cores cores) {
  const double tick_ns = ns_per_tick();
  Figures f;
  std::vector<Latency> line, ring, untapped, tapped;
  for (int run = 0; run < o.runs; ++run) {
    line.push_back(line_latency(o, cores, tick_ns));
    ring.push_back(ring_latency(o, cores, tick_ns, false));
  }
  for (int run = 0; run < o.runs; ++run) {
    // The order changes from run to run, so that a drift of the machine favours neither.
    if (run % 2 == 0) untapped.push_back(ring_latency(o, cores, tick_ns, false));
    tapped.push_back(ring_latency(o, cores, tick_ns, true));
    if (run % 2 == 1) untapped.push_back(ring_latency(o, cores, tick_ns, false));
  }
  const std::vector<std::uint64_t> batches{16, 64, 256};
  std::vector<std::vector<double>> rates(batches.size());
  std::vector<double> boost_rates;
  for (int run = 0; run < o.runs; ++run) {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      rates[i].push_back(ring_throughput(o, cores, tick_ns, batches[i]));
    }
    boost_rates.push_back(boost_throughput(o, cores, tick_ns));
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const double m = median(rates[i]);
    if (m <= f.ring_rate) continue;
    f.ring_rate = m;
    f.best_batch = batches[i];
  }
  f.boost_rate = median(boost_rates);
  f.line = medians(line);
  f.ring = medians(ring);
  f.untapped = medians(untapped);
  f.tapped = medians(tapped);
  return f;
}

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

void print_json(const Figures& f, const Options& o, Cores cores) {
  const nlohmann::ordered_json j{
      {"bench", "ring"},
      {"cpu", cpu_name()},
      {"cores", {cores.a, cores.b}},
      {"runs", o.runs},
      {"one_way_ns", {{"p50", f.ring.p50_ns}, {"p99", f.ring.p99_ns}}},
      {"line_transfer_ns", {{"p50", f.line.p50_ns}, {"p99", f.line.p99_ns}}},
      {"one_way_ratio", f.ring.p50_ns / f.line.p50_ns},
      {"throughput_msgs_per_s", f.ring_rate},
      {"release_batch", f.best_batch},
      {"peers", {{"boost_lockfree_spsc", {{"throughput_msgs_per_s", f.boost_rate}}}}},
      {"throughput_ratio", f.ring_rate / f.boost_rate},
      {"tap",
       {{"p50_ratio", f.tapped.p50_ns / f.untapped.p50_ns},
        {"p99_ratio", f.tapped.p99_ns / f.untapped.p99_ns}}}};
  std::printf("%s\n", j.dump(2).c_str());
}

void print_table(const Figures& f, const Options& o, Cores cores) {
  std::printf("%s, processes pinned to cores %d and %d, medians of %d runs\n\n", cpu_name().c_str(),
              cores.a, cores.b, o.runs);
  std::printf("%-34s %10s %10s %14s\n", "one way, 64 bytes", "p50 ns", "p99 ns", "ratio of p50");
  std::printf("%-34s %10.1f %10.1f\n", "  bare cache line", f.line.p50_ns, f.line.p99_ns);
  std::printf("%-34s %10.1f %10.1f %14.2f\n", "  ring", f.ring.p50_ns, f.ring.p99_ns,
              f.ring.p50_ns / f.line.p50_ns);
  std::printf("%-34s %10.1f %10.1f\n", "  ring, no tap", f.untapped.p50_ns, f.untapped.p99_ns);
  std::printf("%-34s %10.1f %10.1f %14.3f (p99 %.3f)\n", "  ring, tap 100 times a second",
              f.tapped.p50_ns, f.tapped.p99_ns, f.tapped.p50_ns / f.untapped.p50_ns,
              f.tapped.p99_ns / f.untapped.p99_ns);
  std::printf("\n%-34s %10s %10s\n", "throughput", "M msgs/s", "ratio");
  std::printf("%-34s %10.2f\n", "  boost::lockfree::spsc_queue", f.boost_rate / 1e6);
  std::printf("  ring, released in batches of %-4llu %10.2f %10.2f\n",
              static_cast<unsigned long long>(f.best_batch), f.ring_rate / 1e6,
              f.ring_rate / f.boost_rate);
}

}  // namespace
}  // namespace pinstripe::bench

int main(int argc, char** argv) {
  using namespace pinstripe::bench;
  Options o;
  CLI::App app{"The ring between two pinned processes, beside a bare cache line and "
               "boost::lockfree::spsc_queue"};
  app.add_flag("--json", o.json, "one JSON object on standard output");
  app.add_flag("--quick", o.quick, "tiny, for the tests; the figures mean nothing");
  app.add_option("--runs", o.runs, "runs of each measurement (medians are printed)")
      ->check(CLI::Range(1, 101));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
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
  const Figures f = measure(o, cores);
  if (o.json) {
    print_json(f, o, cores);
  } else {
    print_table(f, o, cores);
  }
  return 0;
}
