// Where the recorded market data lies: $PINSTRIPE_DATA, else ../shared/data beside the checkout.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace pinstripe {

/// Path of a file or folder under the data directory, or nothing where the data is absent.
inline std::optional<std::string> recorded_data(const std::string& name) {
  const char* given = std::getenv("PINSTRIPE_DATA");
  const std::filesystem::path root = given != nullptr ? given : "../shared/data";
  const auto path = root / name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return std::filesystem::absolute(path).string();  // configs elsewhere name it
}

}  // namespace pinstripe

/// Skips the test, saying why, where the recorded data is not there.
#define PINSTRIPE_NEED_DATA(variable, name)                                             \
  const auto variable##_found = ::pinstripe::recorded_data(name);                       \
  if (!variable##_found) GTEST_SKIP() << "recorded data " << name << " is not present"; \
  const std::string variable = *variable##_found
