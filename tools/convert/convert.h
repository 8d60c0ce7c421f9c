// Captures to binary captures and back, always proven before they get their name.
#pragma once

#include <cstdint>
#include <string>

#include "feed/inspect.h"

namespace pinstripe {

struct Converted {
  std::string from, to;
  std::uint64_t frames = 0;
  std::uint64_t decoded = 0;     // of them; the others lie there as text
  std::uint64_t text_bytes = 0;  // uncompressed
  std::uint64_t bytes = 0;       // of the file written
};

/// Text or gzip to binary. Before the file gets its name it is read back: its text must be that of
/// `from` byte for byte, and a feed stage fed from either must publish the same and be left in the
/// same state after every frame. `options`: market and symbol where the frames do not tell them.
Result<Converted> convert_capture(const std::string& from, const std::string& to,
                                  const InspectOptions& options);

/// A binary capture's text to a plain file; refuses anything damaged by block and frame.
Result<Converted> convert_back(const std::string& from, const std::string& to);

}  // namespace pinstripe
