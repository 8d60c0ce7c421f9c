#include "shm/base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace pinstripe {

void check_failed(const char* file, int line, const char* condition,
                  const char* message) noexcept {
  char text[512];
  const int length = std::snprintf(text, sizeof(text),
                                   "pinstripe: CHECK failed at %s:%d: %s (%s)\n", file,
                                   line, message, condition);
  if (length > 0) {
    const auto bytes = length < static_cast<int>(sizeof(text)) ? length : int{sizeof(text)} - 1;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, static_cast<size_t>(bytes));
  }
  std::abort();
}

}  // namespace pinstripe
