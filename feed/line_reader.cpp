#include "feed/line_reader.h"

#include <cerrno>
#include <cstring>

#include "feed/frame.h"

namespace pinstripe {
namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

}  // namespace

LineReader::LineReader(std::string path, gzFile file, std::size_t line_max)
    : path_(std::move(path)),
      file_(file),
      buffer_(new char[line_max + kBlockBytes + kFramePadding]()),
      capacity_(line_max + kBlockBytes) {}

LineReader::~LineReader() { gzclose_r(file_); }

Result<std::unique_ptr<LineReader>> LineReader::open(const std::string& path,
    std::size_t line_max) {
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return fail("cannot open '" + path + "': " + std::strerror(errno) +
                "; check the path given with --data");
  }
  gzbuffer(file, kBlockBytes);
  std::unique_ptr<LineReader> reader(new LineReader(path, file, line_max));
  reader->fill();
  if (reader->error_ && reader->filled_ == 0) return std::unexpected(*reader->error_);
  return reader;
}

void LineReader::fail_with(const std::string& why) {
  at_end_ = true;
  if (!error_) error_ = Error{why, Exit::kFailed};
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
    fail_with("'" + path_ + "' line " + std::to_string(line_number_ + 1) +
              " is longer than the reader takes (" + std::to_string(capacity_ - kBlockBytes) +
              " bytes); is this a capture?");
    return false;
  }
  const int got = gzread(file_, buffer_.get() + filled_, static_cast<unsigned>(kBlockBytes));
  if (got > 0) filled_ += static_cast<std::size_t>(got);
  int code = Z_OK;
  const char* text = gzerror(file_, &code);
  if (got < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) {
    const bool is_cut = code == Z_BUF_ERROR;
    const std::string offset = std::to_string(base_offset_ + filled_);
    fail_with("'" + path_ + "' " +
              (is_cut ? "is cut: its gzip stream ends" : std::string("cannot be read: ") + text) +
              " after " + offset + " uncompressed bytes; everything before was delivered; take the "
              "file anew");
  } else if (got < static_cast<int>(kBlockBytes) && gzeof(file_) != 0) {
    at_end_ = true;
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
      return true;
    }
    const std::size_t distance = filled_ - at_;
    if (!fill()) break;
    searched = at_ + distance;
  }
  if (error_) return false;  // what is left of a cut file may be half a line
  end = filled_;
  return at_ < filled_;
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
  at_ = end < filled_ ? end + 1 : end;
  ++line_number_;
  return true;
}

std::string_view LineReader::group() const noexcept {
  return {buffer_.get() + group_, last_end_ - group_};
}

}  // namespace pinstripe
