// pinstripe-bench-journal [--json] [--quick]: nanoseconds that a stage spends on one record.
//
// The writer appends messages as they lie in a ring (64 bytes of a market event, 400 of a feature
// vector) to a journal of the default size, all of whose pages are there. Two cases: alone, where
// segments are zeroed between the timed stretches by the same core; and with a carrier on another
// core, which walks, copies and zeroes while the writer is timed. Time in which the writer found no
// free segment is not counted: then it waits, whatever an append costs. Beside them the lane hash
// that a journal adds to outputs without a digest.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "bench/bench_options.h"
#include "bench/journal_sessions.h"
#include "shm/msg/feature_vector.h"
#include "shm/msg/market_event.h"
#include "shm/run/journal_writer.h"

namespace {

using namespace pinstripe;
using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point start) {
  return static_cast<double>(std::chrono::nanoseconds(Clock::now() - start).count());
}

struct Spread {
  double p50 = 0, least = 0, most = 0;
};
Spread spread_of(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return {v[v.size() / 2], v.front(), v.back()};
}

/// Messages in a ring of 1,024 slots, read in order: the source of each copy.
template <class T>
std::vector<T> slots() {
  std::vector<T> all(1024);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].h.word = 2 * i + 2;
    all[i].h.event_ns = TimeNs(static_cast<std::int64_t>(i));
  }
  return all;
}

/// Appends until the journal is full; nanoseconds a record.
template <class T>
double fill(JournalWriter& w, const std::vector<T>& from, std::size_t& at) {
  const std::uint64_t before = w.records();
  const auto start = Clock::now();
  while (w.has_room(sizeof(T))) {
    const T& message = from[at++ % from.size()];
    w.append(JournalKind::kMessage, 0, 1, message.h.event_ns, &message, sizeof(T));
  }
  return ns_since(start) / static_cast<double>(w.records() - before);
}

template <class T>
Spread alone(const JournalShape& shape, int rounds) {
  const PrivateJournal journal(shape);
  JournalWriter writer = JournalWriter::attach(journal.memory(), {}).value();
  const std::vector<T> from = slots<T>();
  std::size_t at = 0;
  std::vector<double> ns;
  for (int i = 0; i < rounds + 1; ++i) {
    const double each = fill(writer, from, at);
    if (i > 0) ns.push_back(each);  // the first touches the pages
    free_journal_segments(journal.view(), writer.position() / shape.segment_bytes);
  }
  return spread_of(ns);
}

/// What the carrier does to the writer's cache lines: reads, copies, zeroes.
void carry(const PrivateJournal& journal, const std::atomic<bool>& done) {
  JournalWalk walk(journal.view());
  std::vector<std::byte> copy(1 << 20);
  std::size_t copied = 0;
  JournalEntry e;
  while (!done.load(std::memory_order_relaxed)) {
    while (walk.next(e) == JournalLook::kRecord) {
      const auto bytes = journal_record_bytes(e);
      if (copied + bytes.size() > copy.size()) copied = 0;
      std::memcpy(copy.data() + copied, bytes.data(), bytes.size());
      copied += bytes.size();
    }
    free_journal_segments(journal.view(), walk.at().position / journal.view().segment_bytes);
    std::this_thread::yield();
  }
}

template <class T>
Spread carried(const JournalShape& shape, int rounds) {
  const PrivateJournal journal(shape);
  JournalWriter writer = JournalWriter::attach(journal.memory(), {}).value();
  std::atomic<bool> done{false};
  std::thread carrier([&] { carry(journal, done); });
  const std::vector<T> from = slots<T>();
  std::size_t at = 0;
  std::vector<double> ns;
  const std::uint64_t records = shape.segment_bytes / (sizeof(T) + kJournalRecordBytes) / 2;
  for (int i = 0; i < rounds + 1; ++i) {
    // As many as half a segment holds: what is timed holds no wait for the carrier.
    while (!writer.has_room(static_cast<std::uint32_t>(shape.segment_bytes / 2 + 4096))) {
      std::this_thread::yield();
    }
    const auto start = Clock::now();
    for (std::uint64_t n = 0; n < records; ++n) {
      const T& message = from[at++ % from.size()];
      if (!writer.has_room(sizeof(T))) break;
      writer.append(JournalKind::kMessage, 0, 1, message.h.event_ns, &message, sizeof(T));
    }
    if (i > 0) ns.push_back(ns_since(start) / static_cast<double>(records));
  }
  done.store(true);
  carrier.join();
  return spread_of(ns);
}

template <class T>
Spread hashed(int rounds) {
  const std::vector<T> from = slots<T>();
  std::vector<double> ns;
  std::uint64_t sum = 0;
  for (int i = 0; i < rounds; ++i) {
    LaneHasher hash;
    const auto start = Clock::now();
    for (const T& message : from) hash.bytes(&message, sizeof(T));
    ns.push_back(ns_since(start) / static_cast<double>(from.size()));
    sum += hash.value();
  }
  if (sum == 0) std::printf(" ");  // the hashes are used
  return spread_of(ns);
}

void print(bool json, const char* key, const Spread& s) {
  if (json) {
    std::printf("\"%s\": {\"p50\": %.1f, \"min\": %.1f, \"max\": %.1f}%s", key, s.p50, s.least,
                s.most, ", ");
  } else {
    std::printf("%-28s %6.1f ns (%.1f to %.1f)\n", key, s.p50, s.least, s.most);
  }
}

void print_sessions(bool json, const bench::SessionCost& cost) {
  const auto faults = static_cast<long long>(cost.hot_path_faults);
  if (!json) {
    std::printf("\nwhole sessions at full speed, journals off and on in turn, service time p50:\n");
    for (const auto& s : cost.stages) {
      std::printf("%-10s %6.0f ns off %6.0f ns on  %+5.0f ns\n", s.stage.c_str(), s.off_ns, s.on_ns,
                  s.added_ns());
    }
    std::printf("page faults after the seal, journals on: %lld\n", faults);
    return;
  }
  std::printf("\"stages\": {");
  for (const auto& s : cost.stages) {
    std::printf("%s\"%s\": {\"off_ns\": %.1f, \"on_ns\": %.1f}",
                &s == cost.stages.data() ? "" : ", ", s.stage.c_str(), s.off_ns, s.on_ns);
  }
  std::printf("}, \"added_ns\": {\"p50\": %.1f}, \"hot_path_faults\": %lld}\n", cost.added_ns(),
              faults);
}

}  // namespace

int main(int argc, char** argv) {
  const auto [json, quick, exit] = bench::read_options(argc, argv, "journal");
  if (exit) return *exit;
  const JournalShape shape{quick ? std::uint64_t{64} << 10 : std::uint64_t{4} << 20, 8};
  const int rounds = quick ? 3 : 21;
  const int many = quick ? 5 : 201;
  if (json) std::printf("{");
  print(json, "append_market_event", alone<MarketEvent>(shape, rounds));
  print(json, "append_vector", alone<FeatureVector>(shape, rounds));
  print(json, "carried_market_event", carried<MarketEvent>(shape, many));
  print(json, "carried_vector", carried<FeatureVector>(shape, many));
  print(json, "hash_market_event", hashed<MarketEvent>(many));
  print(json, "hash_vector", hashed<FeatureVector>(many));
  try {
    bench::JournalSessions sessions(quick ? 1 : 5, quick ? 20'000 : 500'000);
    print_sessions(json, sessions.measure());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench journal: %s\n", e.what());
    return 1;
  }
  return 0;
}
