// Errors at start and in tools: a chain that says what, where, why and what to do (design 10).
// Nothing here is used on the hot path.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace pinstripe {

/// Exit status of every program (design 9).
enum class Exit : int { kDone = 0, kFailed = 1, kUsage = 2, kCheckFailed = 3 };

/// A start-up error. `message` reads outermost context first: "cannot start feed: cannot open
/// 'x.gz': No such file or directory; check the path given with --data".
struct Error {
  std::string message;
  Exit exit = Exit::kFailed;

  /// The same error with what was being attempted in front.
  Error within(const std::string& what) && {
    return Error{what + ": " + message, exit};
  }
};

template <class T>
using Result = std::expected<T, Error>;

/// A failure while running (exit 1).
inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message), Exit::kFailed});
}
/// Wrong usage or configuration (exit 2).
inline std::unexpected<Error> fail_usage(std::string message) {
  return std::unexpected(Error{std::move(message), Exit::kUsage});
}
/// Passes an error on with context in front.
template <class T>
std::unexpected<Error> fail_within(const std::string& what, Result<T>& result) {
  return std::unexpected(std::move(result.error()).within(what));
}

}  // namespace pinstripe
