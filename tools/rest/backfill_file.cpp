#include "tools/rest/backfill_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace pinstripe {
namespace {

constexpr std::size_t kBlockBytes = 1 << 20;
constexpr std::size_t kLineBytesMax = 4'096;  // of any row that is written here

std::int64_t time_before(std::string_view line, char end) {
  std::int64_t ms = -1;
  const std::string_view text = line.substr(0, line.find(end));
  const auto read = std::from_chars(text.data(), text.data() + text.size(), ms);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? ms : -1;
}

/// A trade's id: Binance's aggregate number, Bybit's text, OKX's number in a text.
std::string id_in(std::string_view line) {
  for (const std::string_view key : {"\"a\":", "\"i\":\"", "\"tradeId\":\""}) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = line.substr(at + key.size());
    return std::string(rest.substr(0, rest.find_first_of(key.ends_with('"') ? "\"" : ",}")));
  }
  return {};
}

std::size_t commas_in(BackfillKind kind) { return kind == BackfillKind::kKlines ? 7 : 1; }

}  // namespace

std::string_view backfill_header(BackfillKind kind) {
  switch (kind) {
    case BackfillKind::kKlines:
      return "open_time_ms,open,high,low,close,volume_base,volume_quote,trades";
    case BackfillKind::kFunding: return "funding_time_ms,funding_rate";
    case BackfillKind::kTrades: break;
  }
  return {};
}

bool read_backfill_line(BackfillKind kind, std::string_view line, BackfillRow& row) {
  row.line = line;
  if (kind == BackfillKind::kTrades) {
    row.time_ms = time_before(line, ' ');
    row.id = id_in(line);
    return row.time_ms > 0 && !row.id.empty() && line.ends_with("}");
  }
  row.time_ms = time_before(line, ',');
  std::size_t commas = 0;
  for (const char c : line) commas += c == ',' ? 1 : 0;
  return row.time_ms > 0 && commas == commas_in(kind);
}

BackfillFile::BackfillFile(BackfillFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), kind_(other.kind_),
      is_kept_(other.is_kept_), rows_(other.rows_), mended_bytes_(other.mended_bytes_),
      first_ms_(other.first_ms_), last_(std::move(other.last_)) {}

BackfillFile::~BackfillFile() {
  if (fd_ < 0) return;
  if (rows_ == 0 && !is_kept_) ::unlink(path_.c_str());  // under its lock
  ::close(fd_);
}

Result<BackfillFile> BackfillFile::open(const std::string& path, BackfillKind kind) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail("cannot open '" + path + "': " + std::strerror(errno) +
                "; name a folder that can be written with --out");
  }
  BackfillFile file(fd, path, kind);
  struct stat is {};
  const bool is_held = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  // One that failed before its first row has just taken its file away.
  if (!is_held || ::fstat(fd, &is) != 0 || is.st_nlink == 0) {
    return fail("'" + path + "' is being written by another fetch; wait for its end");
  }
  if (auto read = file.read_through(); !read) return std::unexpected(read.error());
  file.is_kept_ = false;
  return file;
}

void BackfillFile::note(const BackfillRow& row) {
  if (rows_++ == 0) first_ms_ = row.time_ms;
  if (!last_.empty() && last_.back().time_ms != row.time_ms) last_.clear();
  last_.push_back(row);
}

/// `number` from 1; the first is the header, where the kind has one.
Result<void> BackfillFile::take_line(std::string_view line, std::uint64_t number) {
  const std::string where = "'" + path_ + "', line " + std::to_string(number) + ": ";
  const std::string_view header = backfill_header(kind_);
  if (number == 1 && !header.empty()) {
    if (line == header) return {};
    return fail(where + "must be '" + std::string(header) + "'; move the file away");
  }
  BackfillRow row;
  const std::int64_t last_ms = last_.empty() ? 0 : last_.back().time_ms;
  if (!read_backfill_line(kind_, line, row) || row.time_ms < last_ms ||
      (kind_ != BackfillKind::kTrades && row.time_ms == last_ms)) {
    return fail(where + "is damaged or out of order: '" + std::string(line.substr(0, 60)) +
                "'; move the file away and fetch it again");
  }
  note(row);
  return {};
}

Result<void> BackfillFile::read_through() {
  std::string held;  // the beginning of a line whose end has not been read
  std::uint64_t number = 0, whole_bytes = 0;
  std::string block(kBlockBytes, '\0');
  for (;;) {
    const ssize_t n = ::read(fd_, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("cannot read '" + path_ + "': " + std::strerror(errno));
    if (n == 0) break;
    std::string_view rest(block.data(), static_cast<std::size_t>(n));
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      held.append(rest.substr(0, end));
      if (auto taken = take_line(held, ++number); !taken) return taken;
      whole_bytes += held.size() + 1;
      held.clear();
      rest.remove_prefix(end + 1);
    }
    held.append(rest);
    if (held.size() > kLineBytesMax) {
      return fail("'" + path_ + "', line " + std::to_string(number + 1) +
                  ": is longer than any row; this is no file of a fetch, move it away");
    }
  }
  mended_bytes_ = held.size();
  if (auto cut = cut_at(whole_bytes); !cut) return cut;
  const std::string_view header = backfill_header(kind_);
  if (number > 0 || header.empty()) return {};
  return write_all(std::string(header) + "\n");
}

Result<void> BackfillFile::cut_at(std::uint64_t bytes) {
  const auto at = static_cast<off_t>(bytes);
  if (::ftruncate(fd_, at) == 0 && ::lseek(fd_, at, SEEK_SET) == at) return {};
  return fail("cannot take the cut row off the end of '" + path_ + "': " + std::strerror(errno));
}

Result<void> BackfillFile::write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return fail("cannot write '" + path_ + "': " + std::strerror(errno) +
                  "; what is whole is kept, the same command goes on from there");
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fdatasync(fd_) == 0) return {};
  return fail("cannot bring '" + path_ + "' to disk: " + std::strerror(errno));
}

Result<void> BackfillFile::append(const std::vector<BackfillRow>& rows) {
  if (rows.empty()) return {};
  std::string text;
  for (const BackfillRow& row : rows) text.append(row.line).append("\n");
  if (auto written = write_all(text); !written) return written;
  for (const BackfillRow& row : rows) note(row);
  return {};
}

}  // namespace pinstripe
