#include "shm/limits/limits_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace pinstripe {

namespace {

constexpr const char* kFirstLine = "pinstripe-limits 1";
constexpr std::size_t kTextMax = 96 * 1024;
constexpr std::size_t kLineMax = 320;
constexpr std::int64_t kLongestWindowNs = 7 * 86'400 * kNsPerSecond;
static_assert((kLimitVenues + kLimitBuckets + 2) * kLineMax <= kTextMax, "every line fits");

/// Lines in a buffer of fixed size.
struct Text {
  char data[kTextMax];
  std::size_t size = 0;
  unsigned lines = 0;

  template <class... Args>
  void line(const char* format, Args... args) noexcept {
    const int n = std::snprintf(data + size, kLineMax, format, args...);
    size += static_cast<std::size_t>(n);
    data[size++] = '\n';
    ++lines;
  }
};

void put_gate(Text& text, const VenueGate& g, std::int64_t active_until_ns) noexcept {
  text.line("venue %.15s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId32 " %" PRIu32
            " %" PRIu32 " %" PRIu32 " %u",
            g.name, g.ban_until_ns, g.backoff_until_ns, g.open_until_ns, active_until_ns, g.cause,
            g.bans, g.backoffs, g.opens, static_cast<unsigned>(g.circuit));
}

void put_bucket(Text& text, const LimitBucket& b, const LimitLease& lease) noexcept {
  text.line("bucket %.15s %u %u %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 " %" PRIu32
            " %" PRId64 " %" PRIu64 " %.47s",
            b.venue, static_cast<unsigned>(b.kind), static_cast<unsigned>(b.counting), b.window_ns,
            b.guard_ns, b.limit, b.reserve, b.said_limit, lease.until_ns, lease.count, b.key);
}

/// Writes all of it, beside the file, then puts it in its place.
int replace_file(const char* path, const Text& text, bool sync) noexcept {
  char beside[512];
  std::snprintf(beside, sizeof(beside), "%s.new", path);
  const int fd = ::open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int error = 0;
  for (std::size_t at = 0; at < text.size && error == 0;) {
    const ssize_t n = ::write(fd, text.data + at, text.size - at);
    if (n > 0) at += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) error = errno;
  }
  if (error == 0 && sync && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  if (error == 0 && ::rename(beside, path) != 0) error = errno;
  if (error != 0) ::unlink(beside);
  return error;
}

bool read_gate(std::istringstream& in, LimitLedger& ledger, std::int64_t now_ns) {
  std::string name;
  VenueGate g;
  unsigned circuit = 0;
  in >> name >> g.ban_until_ns >> g.backoff_until_ns >> g.open_until_ns >> g.active_until_ns >>
      g.cause >> g.bans >> g.backoffs >> g.opens >> circuit;
  if (!in || name.size() >= sizeof(g.name) || circuit > 2) return false;
  set_name(g.name, name);
  g.circuit = static_cast<Circuit>(circuit);
  ledger.restore_gate(g, now_ns);
  return true;
}

bool read_bucket(std::istringstream& in, LimitLedger& ledger, std::int64_t now_ns) {
  std::string venue, key;
  LimitBucket b;
  unsigned kind = 0, counting = 0;
  std::uint64_t count = 0;
  in >> venue >> kind >> counting >> b.window_ns >> b.guard_ns >> b.limit >> b.reserve >>
      b.said_limit >> b.lease_until_ns >> count;
  if (!in || venue.size() >= sizeof(b.venue) || kind >= std::size(kLimitKindNames) ||
      counting >= std::size(kLimitCountingNames) || b.window_ns <= 0 ||
      b.window_ns > kLongestWindowNs || b.guard_ns < 0 || b.guard_ns >= b.window_ns ||
      b.lease_until_ns <= kLongestWindowNs) {
    return false;
  }
  in.get();
  std::getline(in, key);  // to the line's end: a key may hold blanks
  set_name(b.venue, venue);
  set_name(b.key, key);
  b.kind = static_cast<LimitKind>(kind);
  b.counting = static_cast<LimitCounting>(counting);
  ledger.restore_bucket(b, count, now_ns);
  return true;
}

std::unexpected<Error> not_understood(const std::string& path, std::size_t line) {
  return fail("cannot read '" + path + "': line " + std::to_string(line) +
              " is not understood; it holds the bans and used limits of venues. If no venue has "
              "banned this machine within three days, remove it");
}

}  // namespace

std::string limits_state_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/pinstripe/limits";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/state/pinstripe/limits";
}

int write_limits_file(const char* path, const LimitState& state, bool sync) noexcept {
  Text text;
  text.line("%s", kFirstLine);
  const std::int64_t now_ns = state.head.now_ns;
  for (const VenueGate& gate : state.gates) {
    if (gate.name[0] != '\0') put_gate(text, gate, now_ns + LimitLedger::kActiveNs);
  }
  for (const LimitBucket& bucket : state.buckets) {
    if (!LimitLedger::is_saved(bucket)) continue;
    const LimitLease lease = LimitLedger::lease_of(bucket, now_ns);
    if (lease.count > 0) put_bucket(text, bucket, lease);
  }
  text.line("end %u", text.lines);
  return replace_file(path, text, sync);
}

Result<void> read_limits_file(const std::string& path, LimitLedger& ledger, std::int64_t now_ns) {
  std::ifstream file(path);
  if (!file) {
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
    return fail("cannot open '" + path + "': " + std::strerror(errno));
  }
  std::string line;
  if (!std::getline(file, line) || line != kFirstLine) return not_understood(path, 1);
  std::size_t lines = 1;
  while (std::getline(file, line)) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "end") {
      std::size_t said = 0;
      in >> said;
      if (!in || said != lines) return not_understood(path, lines + 1);
      return {};
    }
    const bool read = word == "venue"    ? read_gate(in, ledger, now_ns)
                      : word == "bucket" ? read_bucket(in, ledger, now_ns)
                                         : false;
    if (!read) return not_understood(path, lines + 1);
    ++lines;
  }
  return not_understood(path, lines + 1);
}

}  // namespace pinstripe
