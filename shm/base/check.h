// Assertions that stay on in release: a broken invariant stops the process (design 10).
//
// A CHECK states what the programmer promised, never what the outside world may do. The failing
// path is out of line and cold, so a passing check costs one predictable branch.
#pragma once

namespace pinstripe {

/// Prints the broken promise to standard error and aborts. Never returns, never allocates.
[[noreturn, gnu::noinline, gnu::cold]] void check_failed(const char* file, int line,
                                                         const char* condition,
                                                         const char* message) noexcept;

}  // namespace pinstripe

#define PINSTRIPE_CHECK(condition, message)                                      \
  do {                                                                           \
    if (!(condition)) [[unlikely]]                                               \
      ::pinstripe::check_failed(__FILE__, __LINE__, #condition, message);        \
  } while (false)
