#include "tools/commands/orders_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "shm/ring/segment.h"
#include "shm/ring/tap.h"
#include "tools/session/message_json.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {

namespace {
constexpr std::uint64_t kOrdersFileCapacity = 65'536;
constexpr std::uint64_t kEnlargeFrom = 1'024;  // below, risk's in-flight limit follows the capacity
}  // namespace

struct OrdersFile::Source {
  Source(Segment s, RingView view, std::string ring_type)
      : segment(std::move(s)), tap(view, TapFrom::kOldest), type(std::move(ring_type)),
        buffer((view.message_bytes + 7) / 8) {}
  Segment segment;
  RingTap<> tap;
  std::string type;
  std::vector<std::uint64_t> buffer;
  struct Line {
    std::int64_t event_ns;
    std::string text;
  };
  std::deque<Line> lines;
};

Result<std::unique_ptr<OrdersFile>> OrdersFile::open(const std::string& file,
                                                     const SessionPlan& plan) {
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (out == nullptr) {
    return fail_usage("--orders: cannot write '" + file + "': " + std::strerror(errno));
  }
  std::unique_ptr<OrdersFile> made(new OrdersFile(out, file));
  for (const char* type : {"order_command", "exec_report"}) {
    for (const RingSpec& ring : plan.topology.rings) {
      if (ring.type != type) continue;
      auto segment = Segment::open(plan.directory + "/" + ring.name + ".ring", true);
      if (!segment) return fail_within("--orders", segment);
      auto view = attach_ring(segment->bytes(), shape_of(ring));
      if (!view) return fail_within("--orders", view);
      made->sources_.push_back(std::make_unique<Source>(std::move(*segment), *view, type));
    }
  }
  return made;
}

OrdersFile::OrdersFile(std::FILE* out, std::string name) : out_(out), name_(std::move(name)) {}

OrdersFile::~OrdersFile() {
  if (out_ != nullptr) std::fclose(out_);
}

void OrdersFile::poll() {
  for (auto& s : sources_) {
    while (s->tap.next(s->buffer.data()) == TapResult::kMessage) {
      const auto* h = reinterpret_cast<const MsgHeader*>(s->buffer.data());
      // Without the machine's stamps: two runs that decide the same write the same file.
      const std::string fields = message_json(s->type, h, Measured::kLeftOut);
      s->lines.push_back(
          {h->event_ns.value, "{\"message\":\"" + s->type + "\"," + fields.substr(1)});
    }
  }
  write_merged(false);
}

/// In event time, orders first on ties: the same file whatever the timing of the processes was. A
/// line is certain once the other ring has shown a later one.
void OrdersFile::write_merged(bool all) {
  while (true) {
    Source* best = nullptr;
    for (auto& s : sources_) {
      if (s->lines.empty()) {
        if (!all) return;
        continue;
      }
      if (best == nullptr || s->lines.front().event_ns < best->lines.front().event_ns)
        best = s.get();
    }
    if (best == nullptr) return;
    std::fprintf(out_, "%s\n", best->lines.front().text.c_str());
    best->lines.pop_front();
  }
}

Result<void> OrdersFile::finish() {
  poll();
  write_merged(true);
  std::uint64_t missed = 0;
  for (auto& s : sources_) missed += s->tap.missed();
  const bool written = std::fflush(out_) == 0 && std::ferror(out_) == 0;
  std::fclose(out_);
  out_ = nullptr;
  if (!written) return fail("--orders: '" + name_ + "' could not be written: " +
      std::strerror(errno));
  if (missed > 0) {
    return fail("--orders: " + std::to_string(missed) +
        " messages passed faster than they could be "
                "written to '" + name_ + "'; run with a lower --speed");
  }
  return {};
}

void enlarge_for_orders_file(SessionPlan& plan) {
  for (RingSpec& r : plan.topology.rings) {
    if (r.type != "order_command" && r.type != "exec_report") continue;
    if (r.capacity >= kEnlargeFrom) r.capacity = std::max(r.capacity, kOrdersFileCapacity);
  }
}

}  // namespace pinstripe
