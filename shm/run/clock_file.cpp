#include "shm/run/clock_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "shm/ring/end_lock.h"

namespace pinstripe {

Result<ClockParams> write_clock(const std::string& directory) {
  const ClockParams p = calibrate_clock();
  const std::string path = directory + "/" + kClockName;
  const nlohmann::json j{{"counter_base", p.counter_base},
                         {"realtime_base_ns", p.realtime_base},
                         {"monotonic_base_ns", p.monotonic_base},
                         {"ns_per_count", p.ns_per_count},
                         {"boot_id", ProcessToken::self().boot_id}};
  const std::string text = j.dump(1) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written) return fail("cannot write the session clock '" + path + "'; is /dev/shm full?");
  return p;
}

Result<ClockParams> read_clock(const std::string& directory) {
  const std::string path = directory + "/" + kClockName;
  std::ifstream in(path);
  if (!in) return fail("cannot read the session clock '" + path + "'; was the session prepared?");
  const auto j = nlohmann::json::parse(in, nullptr, false);
  if (!j.is_object() || !j.contains("ns_per_count") || !j["ns_per_count"].is_number()) {
    return fail("the session clock '" + path + "' is damaged; stop the session and start it again");
  }
  if (j.value("boot_id", "") != ProcessToken::self().boot_id) {
    return fail("the session clock '" + path + "' is from another boot; start a new session");
  }
  ClockParams p;
  p.counter_base = j.value("counter_base", std::uint64_t{0});
  p.realtime_base = j.value("realtime_base_ns", std::int64_t{0});
  p.monotonic_base = j.value("monotonic_base_ns", std::int64_t{0});
  p.ns_per_count = j["ns_per_count"];
  if (!(p.ns_per_count > 0)) return fail("the session clock '" + path + "' is damaged");
  return p;
}

}  // namespace pinstripe
