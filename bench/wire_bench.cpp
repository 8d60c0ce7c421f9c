// pinstripe-bench-wire: from a TLS record given to the kernel to its market events in the ring.
//
// One server process sends real Binance frames over loopback, on another core; the contestants
// receive the same frames with the same decoder and ring, in turn, round by round, so that a change
// of the machine's speed meets all:
//
//   ours              io_uring, TLS, RFC 6455 of shm/net, polled
//   boost_beast       polled (io_context::poll), and in its default blocking loop
//   kernel's ACKs     ours, but TCP's acknowledgements are the kernel's affair
//   bare TCP          recv in a loop, neither TLS nor decoding: what the kernel takes
//
// The server's stamp is taken right before it gives the encrypted bytes to the kernel, ours when
// the last event of the frame is in the ring; both read the same counter. --speed max: frames a
// second over one connection, one record a frame, many records a send.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/bench_cli.h"
#include "bench/machine.h"
#include "bench/wire_clients.h"

namespace pinstripe::bench {
namespace {

struct Options {
  bool json = false;
  bool quick = false;
  std::string speed;
  std::vector<std::string> data;
  std::uint64_t rate = 5'000;
  double seconds = 3;
  int rounds = 5;
};

using Receive = bool (*)(const WireServer&, std::uint64_t, WireSink&);

struct Contestant {
  const char* name = "";
  Receive receive = nullptr;
  bool is_bare = false;
  std::vector<double> p50, p99, per_s;
  std::uint64_t lost = 0;
};

double at_share(std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v.empty() ? 0 : v[v.size() / 2];
}

/// One turn of one contestant; its figures are added. False where it broke.
bool take_turn(WireServer& server, const Frames& frames, const WirePlan& plan, Contestant& c) {
  WireSink sink(frames, plan.frames);
  server.plan(plan);
  if (!c.receive(server, plan.frames, sink)) return false;
  if (!sink.is_sound) {
    std::fprintf(stderr, "pinstripe-bench-wire: %s got frames that were not sent\n", c.name);
    return false;
  }
  static const double ns = ns_per_tick();
  c.lost += plan.frames - std::min<std::uint64_t>(plan.frames, sink.arrived_at.size());
  const std::uint64_t warm = plan.frames / 10;
  std::vector<double> took;
  for (std::uint64_t n = warm; n < plan.frames; ++n) {
    took.push_back(static_cast<double>(sink.arrived_at[n] - server.sent_at(n)) * ns);
  }
  std::ranges::sort(took);
  c.p50.push_back(at_share(took, 0.5));
  c.p99.push_back(at_share(took, 0.99));
  const double span_ns =
      static_cast<double>(sink.arrived_at[plan.frames - 1] - sink.arrived_at[warm]) * ns;
  c.per_s.push_back(static_cast<double>(plan.frames - 1 - warm) * 1e9 / span_ns);
  return true;
}

std::vector<Contestant> contestants() {
  std::vector<Contestant> all(5);
  all[0].name = "ours";
  all[0].receive = &receive_ours;
  all[1].name = "Boost.Beast, polling";
  all[1].receive = &receive_beast_polling;
  all[2].name = "Boost.Beast, blocking";
  all[2].receive = &receive_beast_blocking;
  all[3].name = "bare TCP";
  all[3].receive = &receive_bare;
  all[3].is_bare = true;
  all[4].name = "ours, kernel's ACKs";
  all[4].receive = &receive_ours_kernel_acks;
  return all;
}

nlohmann::json latency(const Contestant& c) {
  return {{"p50", median(c.p50)}, {"p99", median(c.p99)},
          {"p50_range", {std::ranges::min(c.p50), std::ranges::max(c.p50)}},
          {"p99_range", {std::ranges::min(c.p99), std::ranges::max(c.p99)}}};
}

nlohmann::json latencies(const std::vector<Contestant>& all) {
  nlohmann::json j;
  j["wire_to_ring_ns"] = latency(all[0]);
  j["peers"]["boost_beast_polling"]["wire_to_ring_ns"] = latency(all[1]);
  j["peers"]["boost_beast_blocking"]["wire_to_ring_ns"] = latency(all[2]);
  return j;
}

nlohmann::json at_rate(const std::vector<Contestant>& all) {
  const double ours = median(all[0].p50);
  nlohmann::json j = latencies(all);
  j["bare_tcp_ns"] = latency(all[3]);
  j["kernel_acks"]["wire_to_ring_ns"] = latency(all[4]);
  j["polling_p50_ratio"] = ours / median(all[1].p50);
  j["polling_p99_ratio"] = median(all[0].p99) / median(all[1].p99);
  j["blocking_p50_ratio"] = ours / median(all[2].p50);
  return j;
}

nlohmann::json at_full_speed(const std::vector<Contestant>& all) {
  nlohmann::json j = latencies(all);
  j["frames_per_s"] = median(all[0].per_s);
  j["lost"] = all[0].lost;
  j["peers"]["boost_beast_polling"]["frames_per_s"] = median(all[1].per_s);
  j["peers"]["boost_beast_blocking"]["frames_per_s"] = median(all[2].per_s);
  return j;
}

void print(const std::vector<Contestant>& all, bool is_max) {
  for (const Contestant& c : all) {
    if (is_max) {
      std::printf("  %-24s %10.0f frames/s\n", c.name, median(c.per_s));
    } else {
      std::printf("  %-24s p50 %8.0f ns   p99 %8.0f ns   (p50 of the rounds %.0f to %.0f)\n",
                  c.name, median(c.p50), median(c.p99), std::ranges::min(c.p50),
                  std::ranges::max(c.p50));
    }
  }
}

int run(const Options& o) {
  auto frames = load_frames(o.data);
  if (!frames) {
    std::fprintf(stderr, "pinstripe-bench-wire: %s\n", frames.error().message.c_str());
    return static_cast<int>(frames.error().exit);
  }
  const bool is_max = o.speed == "max";
  const std::vector<int> cores = usable_cores();
  std::string pattern = std::filesystem::temp_directory_path() / "pinstripe_wire_XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  WirePlan plan;
  plan.frames = static_cast<std::uint64_t>(static_cast<double>(o.rate) * o.seconds);
  if (is_max) plan.frames = 1'000'000;
  if (o.quick) plan.frames = 500;
  plan.frames = std::min(plan.frames, WireServer::kFramesMax);
  plan.interval_ns = is_max ? 0 : static_cast<std::int64_t>(1'000'000'000 / o.rate);
  std::vector<Contestant> all = contestants();
  if (is_max) all.resize(3);
  bool is_ok = true;
  {
    WireServer server(*frames, folder, cores.size() > 1 ? cores[1] : -1);
    if (cores.size() > 1) pin(cores[0]);
    const int rounds = o.quick ? 1 : o.rounds;
    for (int r = 0; is_ok && r < rounds; ++r) {
      for (Contestant& c : all) {
        plan.is_bare = c.is_bare;
        is_ok = is_ok && take_turn(server, *frames, plan, c);
      }
    }
  }
  std::filesystem::remove_all(folder);
  if (!is_ok) return 1;
  if (o.json) {
    nlohmann::json j = is_max ? at_full_speed(all) : at_rate(all);
    j["frames"] = plan.frames;
    j["cpu"] = cpu_name();
    std::printf("%s\n", j.dump().c_str());
  } else {
    std::printf("%s; %llu frames a turn\n", cpu_name().c_str(),
                static_cast<unsigned long long>(plan.frames));
    print(all, is_max);
  }
  return 0;
}

}  // namespace
}  // namespace pinstripe::bench

int main(int argc, char** argv) {
  pinstripe::bench::Options o;
  CLI::App app("TLS record to market event in the ring, against Boost.Beast\n"
               "example: pinstripe-bench-wire --json");
  app.add_flag("--json", o.json, "print one JSON object");
  app.add_flag("--quick", o.quick, "tiny, for the tests; the figures mean nothing");
  app.add_option("--speed", o.speed, "max: as fast as it goes")->check(CLI::IsMember({"max"}));
  app.add_option("--data", o.data, "capture files whose frames are sent");
  app.add_option("--rate", o.rate, "frames a second")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seconds", o.seconds, "of one turn")->check(CLI::Range(0.1, 60.0));
  app.add_option("--rounds", o.rounds, "turns of each contestant")->check(CLI::Range(1, 100));
  const auto exit = pinstripe::bench::parse_arguments(app, argc, argv, "wire");
  if (exit) return *exit;
  return pinstripe::bench::run(o);
}
