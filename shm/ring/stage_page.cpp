#include "shm/ring/stage_page.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <new>

namespace pinstripe {

namespace {

std::string text_of(const char* bytes, std::size_t limit) {
  return std::string(bytes, strnlen(bytes, limit));
}

/// The page in a mapping, or why it is none.
Result<StagePage*> find_page(const Segment& segment) {
  const std::string where = "'" + segment.path() + "'";
  if (segment.bytes().size() < sizeof(StagePage)) {
    return fail(where + " has " + std::to_string(segment.bytes().size()) +
                " bytes, a stage page takes " + std::to_string(sizeof(StagePage)) +
                "; it is of another build or was cut off");
  }
  auto* page = reinterpret_cast<StagePage*>(segment.bytes().data());
  // SYNC POINT page-format: acquire; pairs with StagePageOwner::create.
  const std::uint64_t version = page->version.load(std::memory_order_acquire);
  if (page->magic != kStagePageMagic) return fail(where + " is no stage page");
  if (version != kStagePageVersion) {
    return fail(where + " is a stage page of version " + std::to_string(version) + ", expected " +
                std::to_string(kStagePageVersion) + "; use the programs that started the session");
  }
  return page;
}

}  // namespace

Result<void> StagePage::name_counters(std::span<const std::string> names) {
  if (names.size() > kPageCountersMax) {
    return fail("a stage page holds " + std::to_string(kPageCountersMax) +
                " counters, the stage has " + std::to_string(names.size()) +
                "; configure fewer instruments");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() >= kPageNameBytes) {
      return fail("counter name '" + names[i] + "' is longer than 63 characters");
    }
    counter_names[i] = {};
    std::copy(names[i].begin(), names[i].end(), counter_names[i].begin());
  }
  // SYNC POINT counter-names: release; a reader that sees the count sees the names.
  counter_count.store(static_cast<std::uint32_t>(names.size()), std::memory_order_release);
  return {};
}

void StagePage::publish_counters(std::span<const std::int64_t> values) noexcept {
  const std::size_t n = std::min(values.size(), counter_values.size());
  for (std::size_t i = 0; i < n; ++i) counter_values[i].set(values[i]);
}

void StagePage::log_error(std::uint32_t code, std::string_view text,
                          std::int64_t realtime_ns, std::uint64_t times) noexcept {
  text = text.substr(0, kPageErrorBytes - 1);
  const std::uint32_t known = error_count.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < known; ++i) {
    ErrorEntry& e = errors[i];
    if (e.code.load(std::memory_order_relaxed) != code || text != e.text) continue;
    e.count.add(times);
    e.last_ns.set(realtime_ns);
    return;
  }
  if (known == kPageErrorsMax) {
    errors_beyond.add(times);
    return;
  }
  ErrorEntry& e = errors[known];
  e.code.store(code, std::memory_order_relaxed);
  std::memset(e.text, 0, sizeof(e.text));
  std::memcpy(e.text, text.data(), text.size());
  e.count.set(times);
  e.first_ns.set(realtime_ns);
  e.last_ns.set(realtime_ns);
  // SYNC POINT error-entry: release; a reader that sees the count sees the entry.
  error_count.store(known + 1, std::memory_order_release);
}

Result<StagePageOwner> StagePageOwner::create(const std::string& path, std::string_view name,
                                              StageKind kind) {
  if (name.size() >= kPageNameBytes) {
    return fail_usage("stage name '" + std::string(name) + "' is longer than 63 characters");
  }
  auto segment = Segment::create(path, sizeof(StagePage));
  if (!segment) return fail_within("cannot make the page of stage '" + std::string(name) + "'",
                                   segment);
  auto* page = new (segment->bytes().data()) StagePage();
  page->magic = kStagePageMagic;
  std::copy(name.begin(), name.end(), page->name);
  page->kind = static_cast<std::uint32_t>(kind);
  page->cpu.set(-1);
  // SYNC POINT page-format: release, last; whoever sees the version sees a whole page.
  page->version.store(kStagePageVersion, std::memory_order_release);
  return StagePageOwner(std::move(*segment), page);
}

Result<StagePageOwner> StagePageOwner::attach(const std::string& path) {
  auto segment = Segment::open(path, false);
  if (!segment) return std::unexpected(std::move(segment.error()));
  auto page = find_page(*segment);
  if (!page) return std::unexpected(std::move(page.error()));
  return StagePageOwner(std::move(*segment), *page);
}

Result<StagePageView> StagePageView::open(const std::string& path) {
  auto segment = Segment::open(path, true);
  if (!segment) return std::unexpected(std::move(segment.error()));
  auto page = find_page(*segment);
  if (!page) return std::unexpected(std::move(page.error()));
  return StagePageView(std::move(*segment), *page);
}

std::string StagePageView::name() const { return text_of(page_->name, kPageNameBytes); }

StageKind StagePageView::kind() const noexcept {
  const auto last = static_cast<std::uint32_t>(StageKind::kExec);
  return static_cast<StageKind>(std::min(page_->kind, last));
}

StageState StagePageView::state() const noexcept {
  const std::uint32_t s = page_->state.load(std::memory_order_acquire);
  constexpr auto kLast = static_cast<std::uint32_t>(std::size(kStageStateNames)) - 1;
  return static_cast<StageState>(std::min(s, kLast));
}

std::vector<std::pair<std::string, std::int64_t>> StagePageView::counters() const {
  const std::size_t n = std::min<std::size_t>(
      page_->counter_count.load(std::memory_order_acquire), kPageCountersMax);
  std::vector<std::pair<std::string, std::int64_t>> all;
  all.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    all.emplace_back(text_of(page_->counter_names[i].data(), kPageNameBytes),
                     page_->counter_values[i].get());
  }
  return all;
}

std::optional<std::int64_t> StagePageView::counter(std::string_view name) const noexcept {
  const std::size_t n = std::min<std::size_t>(
      page_->counter_count.load(std::memory_order_acquire), kPageCountersMax);
  for (std::size_t i = 0; i < n; ++i) {
    const char* found = page_->counter_names[i].data();
    if (name == std::string_view(found, strnlen(found, kPageNameBytes))) {
      return page_->counter_values[i].get();
    }
  }
  return std::nullopt;
}

std::vector<StageError> StagePageView::errors() const {
  const std::size_t n = std::min<std::size_t>(
      page_->error_count.load(std::memory_order_acquire), kPageErrorsMax);
  std::vector<StageError> all;
  for (std::size_t i = 0; i < n; ++i) {
    const StagePage::ErrorEntry& e = page_->errors[i];
    all.push_back({e.code.load(std::memory_order_relaxed), text_of(e.text, kPageErrorBytes),
                   e.count.get(), e.first_ns.get(), e.last_ns.get()});
  }
  return all;
}

std::optional<StageError> StagePageView::last_error() const {
  std::optional<StageError> last;
  for (StageError& e : errors()) {
    if (!last || e.last_ns >= last->last_ns) last = std::move(e);
  }
  return last;
}

std::int64_t StagePageView::heartbeat_age_ns() const noexcept {
  if (page_->heartbeat_ns.get() == 0) return -1;  // it has not come to its first
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kNsPerSecond + now.tv_nsec -
         page_->heartbeat_ns.get();
}

}  // namespace pinstripe
