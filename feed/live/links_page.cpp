#include "feed/live/links_page.h"

#include <algorithm>
#include <filesystem>
#include <new>

#include "feed/live/limiter_words.h"
#include "feed/live/market_hub.h"

namespace pinstripe {
namespace {

constexpr std::int64_t kRateEveryNs = kNsPerSecond;

}  // namespace

void PageText::set(std::string_view s) noexcept {
  // SYNC POINT with get(): the odd version is seen before any new letter, the even one after all.
  const std::uint32_t v = version.load(std::memory_order_relaxed);
  version.store(v + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  const std::size_t n = std::min(s.size(), text.size() - 1);
  for (std::size_t i = 0; i < n; ++i) text[i].store(s[i], std::memory_order_relaxed);
  text[n].store('\0', std::memory_order_relaxed);
  version.store(v + 2, std::memory_order_release);
}

std::string PageText::get() const {
  for (int tries = 0; tries < 1'000; ++tries) {
    // SYNC POINT with set().
    const std::uint32_t before = version.load(std::memory_order_acquire);
    std::string s;
    for (const auto& c : text) {
      const char letter = c.load(std::memory_order_relaxed);
      if (letter == '\0') break;
      s += letter;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && version.load(std::memory_order_relaxed) == before) return s;
  }
  return "";  // its writer died in the midst of it
}

Result<LinksBoard> LinksBoard::open(const std::string& path) {
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(path, ignored);
  auto segment = is_there ? Segment::open(path, false) : Segment::create(path, sizeof(LinksPage));
  if (!segment) return fail_within("the page of the connections", segment);
  LinksBoard board(std::move(*segment));
  if (board.segment_.bytes().size() < sizeof(LinksPage)) {
    return fail("'" + path + "' is too small for a page of connections; another version's? Remove "
                "the session ('pinstripe doctor --fix')");
  }
  auto* const page = new (board.segment_.bytes().data()) LinksPage;
  page->magic = kLinksPageMagic;
  page->version.store(kLinksPageVersion, std::memory_order_release);
  return board;
}

void LinksBoard::publish(const MarketHub& hub, std::int64_t now_ns) noexcept {
  LinksPage& p = page();
  const bool is_rated = now_ns - rated_ns_ >= kRateEveryNs;
  std::size_t n = 0;
  hub.each_link([&](const MarketLink& link, bool is_second) noexcept {
    if (n == kLinksMax) return;
    LinksPage::Link& l = p.links[n];
    l.name.set(link.plan().name);
    l.last.set(link.is_held() ? std::string_view(limiter_words(link.held()).data())
                              : std::string_view(link.last_text()));
    l.state.set(static_cast<std::uint32_t>(link.state()));
    l.is_second.set(is_second);
    l.is_alarm.set(link.is_alarm());
    l.topics.set(static_cast<std::uint32_t>(link.plan().topics.size()));
    const LinkCounts& c = link.counts();
    l.messages.set(c.messages);
    l.bytes.set(c.bytes);
    l.opens.set(c.opens);
    l.tries.set(c.tries);
    l.tries_in_row.set(c.tries_in_row);
    l.refusals.set(c.refusals);
    l.silences.set(c.silences);
    if (is_rated) {
      const std::uint64_t came = c.messages < messages_[n] ? c.messages : c.messages - messages_[n];
      l.rate_per_s.set(came * kNsPerSecond / static_cast<std::uint64_t>(now_ns - rated_ns_));
      messages_[n] = c.messages;
    }
    ++n;
  });
  p.links_count.set(static_cast<std::uint32_t>(n));
  if (is_rated) rated_ns_ = now_ns;
  std::size_t d = 0;
  for (const auto& desk : hub.desks()) {
    if (d == kDesksMax) break;
    LinksPage::Desk& to = p.desks[d++];
    to.name.set(desk->rules().venue);
    to.last.set(desk->last_text());
    to.waiting.set(desk->waiting());
    to.requests.set(desk->counts().requests);
    to.answers.set(desk->counts().answers);
    to.failures.set(desk->counts().failures);
    to.expected_ns.set(desk->expected_ns());
  }
  p.desks_count.set(static_cast<std::uint32_t>(d));
  for (std::size_t k = 0; k < p.resyncs.size(); ++k) {
    const ResyncTimes& times = hub.resyncs(static_cast<ResyncKind>(k));
    p.resyncs[k].count.set(times.count);
    p.resyncs[k].total_ns.set(times.total_ns);
    p.resyncs[k].longest_ns.set(times.longest_ns);
    p.resyncs[k].late.set(times.late);
  }
}

Result<LinksShot> read_links_page(const std::string& path) {
  auto segment = Segment::open(path, true);
  if (!segment) return std::unexpected(segment.error());
  const auto& p = *reinterpret_cast<const LinksPage*>(segment->bytes().data());
  if (segment->bytes().size() < sizeof(LinksPage) || p.magic != kLinksPageMagic ||
      p.version.load(std::memory_order_acquire) != kLinksPageVersion) {
    return fail("'" + path + "' is no page of connections of this version");
  }
  LinksShot shot;
  for (std::size_t i = 0; i < std::min<std::size_t>(p.links_count.get(), kLinksMax); ++i) {
    const LinksPage::Link& l = p.links[i];
    const std::uint32_t state = l.state.get();
    const std::string_view shown = state < kLinkStateNames.size() ? kLinkStateNames[state] : "?";
    shot.links.push_back({l.name.get(), std::string(shown), l.last.get(),
                          l.is_second.get() != 0, l.is_alarm.get() != 0,
                          l.topics.get(), l.messages.get(), l.bytes.get(), l.rate_per_s.get(),
                          l.opens.get(), l.tries.get(), l.tries_in_row.get(), l.refusals.get(),
                          l.silences.get()});
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(p.desks_count.get(), kDesksMax); ++i) {
    const LinksPage::Desk& d = p.desks[i];
    shot.desks.push_back({d.name.get(), d.last.get(), d.waiting.get(), d.requests.get(),
                          d.answers.get(), d.failures.get(), d.expected_ns.get()});
  }
  for (std::size_t k = 0; k < shot.resyncs.size(); ++k) {
    const LinksPage::Resyncs& r = p.resyncs[k];
    shot.resyncs[k] = {r.count.get(), r.total_ns.get(), r.longest_ns.get(), r.late.get()};
  }
  return shot;
}

}  // namespace pinstripe
