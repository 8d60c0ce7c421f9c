#include "feed/line_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "feed/frame.h"

namespace pinstripe {
namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

/// Puts what the escape at the start of `text` (a backslash and more) stands for; gives the
/// characters taken, 0 where it is none. Surrogate pairs do not occur in venue messages.
std::size_t unescape_one(std::string_view text, char*& to) noexcept {
  constexpr std::string_view kShort = "\"\\/bfnrt";
  constexpr std::string_view kMeans = "\"\\/\b\f\n\r\t";
  if (const std::size_t at = kShort.find(text[1]); at != std::string_view::npos) {
    *to++ = kMeans[at];
    return 2;
  }
  if (text[1] != 'u' || text.size() < 6) return 0;
  unsigned code = 0;
  const char* const digits = text.data() + 2;
  const auto read = std::from_chars(digits, digits + 4, code, 16);
  if (read.ec != std::errc() || read.ptr != digits + 4) return 0;
  if (code >= 0xD800 && code < 0xE000) return 0;
  if (code >= 0x800) *to++ = static_cast<char>(0xE0 | (code >> 12));
  if (code >= 0x800) *to++ = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  if (code >= 0x80 && code < 0x800) *to++ = static_cast<char>(0xC0 | (code >> 6));
  *to++ = static_cast<char>(code < 0x80 ? code : 0x80 | (code & 0x3F));
  return 6;
}

}  // namespace

LineReader::LineReader(std::string path, std::unique_ptr<InflatedFile> bytes, std::size_t line_max)
    : path_(std::move(path)),
      bytes_(std::move(bytes)),
      buffer_(new char[line_max + kBlockBytes + kFramePadding]()),
      capacity_(line_max + kBlockBytes) {}

Result<std::unique_ptr<LineReader>> LineReader::open(const std::string& path,
    std::size_t line_max) {
  auto bytes = InflatedFile::open(path);
  if (!bytes) return std::unexpected(bytes.error());
  std::unique_ptr<LineReader> reader(new LineReader(path, std::move(*bytes), line_max));
  reader->fill();
  if (reader->error_ && reader->filled_ == 0) return std::unexpected(*reader->error_);
  return reader;
}

void LineReader::fail_with(const std::string& why) {
  at_end_ = true;
  if (!error_) error_ = Error{why, Exit::kFailed};
}

/// Told by the length alone, not by how the blocks happen to lie: a reader that goes on from a
/// place refuses the same lines as one that began at the start.
void LineReader::fail_too_long() {
  fail_with("'" + path_ + "' line " + std::to_string(line_number_ + 1) +
            " is longer than the reader takes (" + std::to_string(capacity_ - kBlockBytes) +
            " bytes); is this a capture?");
}

/// Reads one more block; what is still needed moves to the front. False where nothing came.
bool LineReader::fill() {
  if (at_end_) return false;
  if (filled_ + kBlockBytes > capacity_ && group_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + group_, filled_ - group_);
    base_offset_ += group_;
    at_ -= group_;
    last_end_ = last_end_ > group_ ? last_end_ - group_ : 0;
    filled_ -= group_;
    group_ = 0;
  }
  if (filled_ + kBlockBytes > capacity_) {
    fail_too_long();
    return false;
  }
  const std::size_t got = bytes_->read(buffer_.get() + filled_, kBlockBytes);
  filled_ += got;
  at_end_ = bytes_->ended();
  if (!bytes_->fault().empty()) {
    const bool is_cut = bytes_->fault() == kCutFile;
    const std::string offset = std::to_string(base_offset_ + filled_);
    fail_with("'" + path_ + "' " +
              (is_cut ? "is cut: its compressed data end" : bytes_->fault()) + " after " + offset +
              " uncompressed bytes; everything before was delivered; take the file anew");
  }
  return got > 0;
}

/// End (index of the line feed, or of the data) of the line at `at_`.
bool LineReader::find_line(std::size_t& end) {
  std::size_t searched = at_;
  while (true) {
    const void* found =
        searched < filled_ ? std::memchr(buffer_.get() + searched, '\n',
            filled_ - searched) : nullptr;
    if (found != nullptr) {
      end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.get());
      break;
    }
    const std::size_t distance = filled_ - at_;
    if (fill()) {
      searched = at_ + distance;
      continue;
    }
    if (error_) return false;  // what is left of a cut file may be half a line
    end = filled_;
    break;
  }
  if (end - group_ > capacity_ - kBlockBytes) fail_too_long();
  return end - group_ <= capacity_ - kBlockBytes && at_ < filled_;
}

bool LineReader::look(std::string_view& line) {
  std::size_t end = 0;
  if (!find_line(end)) return false;
  const std::size_t trimmed = end > at_ && buffer_[end - 1] == '\r' ? end - 1 : end;
  line = {buffer_.get() + at_, trimmed - at_};
  return true;
}

bool LineReader::next(std::string_view& line) {
  std::size_t end = 0;
  if (!find_line(end)) return false;
  last_end_ = end > at_ && buffer_[end - 1] == '\r' ? end - 1 : end;
  line = {buffer_.get() + at_, last_end_ - at_};
  line_offset_ = offset();
  at_ = end < filled_ ? end + 1 : end;
  ++line_number_;
  return true;
}

bool LineReader::unescape(std::string_view& part) noexcept {
  const char* from = part.data();
  const char* const end = from + part.size();
  char* const start = buffer_.get() + (from - buffer_.get());
  char* to = start;
  while (from < end) {
    if (*from != '\\') {
      *to++ = *from++;
      continue;
    }
    if (end - from < 2) return false;
    const std::size_t taken = unescape_one(std::string_view(from, end), to);
    if (taken == 0) return false;
    from += taken;
  }
  part = {start, static_cast<std::size_t>(to - start)};
  return true;
}

std::string_view LineReader::group() const noexcept {
  return {buffer_.get() + group_, last_end_ - group_};
}

void LineReader::save(StateWriter& w, const Place& place) const noexcept {
  w.u64(place.offset);
  w.u64(place.line_number);
  bytes_->save(w, place.offset);
}

Result<void> LineReader::load(StateReader& r) {
  const std::uint64_t target = r.u64();
  line_number_ = r.u64();
  if (!bytes_->load(r) || bytes_->offset() > target) {
    return fail("'" + path_ +
                "': the checkpoint's place in it is damaged; use an older checkpoint");
  }
  while (bytes_->offset() < target && !bytes_->ended()) {
    bytes_->read(buffer_.get(), std::min(capacity_, target - bytes_->offset()));
  }
  if (bytes_->offset() != target) {
    return fail("'" + path_ + "' cannot be read up to byte " + std::to_string(target) +
                " (uncompressed), where the session was; put the file back that it read");
  }
  group_ = at_ = filled_ = last_end_ = 0;
  base_offset_ = target;
  at_end_ = false;
  error_.reset();
  return {};
}

}  // namespace pinstripe
