#include "feed/live/notices_page.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>

namespace pinstripe {
namespace {

using Word = PageValue<std::uint32_t>;

static_assert(sizeof(NoticesPage) % alignof(Word) == 0);

std::size_t bytes_of(std::size_t count) { return sizeof(NoticesPage) + count * sizeof(Word); }

NoticesPage& page_in(const Segment& segment) noexcept {
  return *reinterpret_cast<NoticesPage*>(segment.bytes().data());
}

Word* words_in(const Segment& segment) noexcept {
  return reinterpret_cast<Word*>(segment.bytes().data() + sizeof(NoticesPage));
}

/// Behind the last word there is none.
NoticeWord word_in(const Segment& segment, std::size_t instrument) noexcept {
  if (instrument >= page_in(segment).count) return NoticeWord::kNone;
  const std::uint32_t word = words_in(segment)[instrument].get();
  return word <= static_cast<std::uint32_t>(NoticeWord::kChanged) ? static_cast<NoticeWord>(word)
                                                                  : NoticeWord::kNone;
}

bool fits(const Segment& segment, std::size_t count) noexcept {
  if (segment.bytes().size() < bytes_of(count)) return false;
  const NoticesPage& page = page_in(segment);
  return page.magic == kNoticesPageMagic && page.count == count &&
         page.version.load(std::memory_order_acquire) == kNoticesPageVersion;
}

std::unexpected<Error> misfit(const std::string& path, std::size_t count) {
  return fail("'" + path + "' is no page of notices of this version for " + std::to_string(count) +
              " instruments; another version's? Remove the session ('pinstripe doctor --fix')");
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// Made under another name, so that no reader sees half of it.
Result<Segment> make_page(const std::string& path, std::size_t count) {
  const std::string half = path + ".new";
  std::error_code ignored;
  std::filesystem::remove(half, ignored);  // of a writer that died over it
  auto segment = Segment::create(half, bytes_of(count));
  if (!segment) return segment;
  auto* const page = new (segment->bytes().data()) NoticesPage;
  for (std::size_t i = 0; i < count; ++i) new (words_in(*segment) + i) Word;
  page->magic = kNoticesPageMagic;
  page->count = count;
  page->version.store(kNoticesPageVersion, std::memory_order_release);
  if (std::rename(half.c_str(), path.c_str()) == 0) return segment;
  return fail("cannot rename '" + half + "' to '" + path + "': " + std::strerror(errno));
}

}  // namespace

Result<NoticesBoard> NoticesBoard::open(const std::string& path, std::size_t count) {
  auto segment = is_there(path) ? Segment::open(path, false) : make_page(path, count);
  if (!segment) return fail_within("the page of notices", segment);
  if (!fits(*segment, count)) return misfit(path, count);
  return NoticesBoard(std::move(*segment));
}

NoticeWord NoticesBoard::word(std::size_t instrument) const noexcept {
  return word_in(segment_, instrument);
}

void NoticesBoard::say(std::size_t instrument, NoticeWord word) noexcept {
  if (instrument >= page_in(segment_).count) return;
  words_in(segment_)[instrument].set(static_cast<std::uint32_t>(word));
}

Result<std::optional<NoticesReader>> NoticesReader::open(const std::string& path,
                                                         std::size_t count) {
  if (!is_there(path)) return std::nullopt;
  auto segment = Segment::open(path, true);
  if (!segment) return fail_within("the page of notices", segment);
  if (!fits(*segment, count)) return misfit(path, count);
  return NoticesReader(std::move(*segment));
}

NoticeWord NoticesReader::word(std::size_t instrument) const noexcept {
  return word_in(segment_, instrument);
}

}  // namespace pinstripe
