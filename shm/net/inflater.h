// The receiving half of permessage-deflate (RFC 7692), by zlib, over memory taken once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "shm/base/result.h"

namespace pinstripe::net {

/// What the handshake agreed on for messages from the server.
struct DeflateTerms {
  bool is_on = false;
  bool server_no_context_takeover = false;  // every message begins with an empty window
  int server_window_bits = 15;              // 8 .. 15
};

enum class InflateStatus : std::uint8_t { kOk, kTooBig, kCorrupt };

/// One compressed stream. Messages come in pieces: begin, add ..., end.
class Inflater {
 public:
  static Result<std::unique_ptr<Inflater>> open(const DeflateTerms& terms);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// A new message; `out` takes what it inflates to, and more than that is kTooBig.
  void begin(std::span<char> out) noexcept;
  InflateStatus add(std::string_view compressed) noexcept;
  /// Adds the four bytes that the sender left away.
  InflateStatus end() noexcept;
  /// Bytes written to `out` since begin().
  std::size_t size() const noexcept { return written_; }

 private:
  struct Zlib;

  explicit Inflater(const DeflateTerms& terms);
  InflateStatus restart_behind_final_block() noexcept;

  std::unique_ptr<Zlib> zlib_;
  DeflateTerms terms_;
  std::span<char> out_;
  std::size_t written_ = 0;
  bool is_between_blocks_ = true;
};

}  // namespace pinstripe::net
