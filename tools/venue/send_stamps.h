// When each stream message left the simulated exchange, for benches: a file of fixed size, mapped
// and touched before the first message, so that a stamp costs a hash, a clock and a store.
//
//   0  magic "PINSTMP\0" u64, capacity u64, count u64 (all that was sent, kept or not), zero u64
//  32  capacity x {hash of the payload u64, CLOCK_REALTIME just before the write i64}, in order
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe::venue {

struct SendStamp {
  std::uint64_t payload_hash = 0;
  std::int64_t sent_ns = 0;  // CLOCK_REALTIME
};
static_assert(sizeof(SendStamp) == 16);

std::uint64_t payload_hash(std::string_view payload) noexcept;

class SendStamps {
 public:
  static constexpr std::uint64_t kCapacity = 1u << 20;  // 16 MiB; beyond it messages are counted

  SendStamps() = default;
  ~SendStamps();
  SendStamps(const SendStamps&) = delete;
  SendStamps& operator=(const SendStamps&) = delete;

  /// Makes the file anew. Without it `add` does nothing.
  Result<void> create(const std::string& file, std::uint64_t capacity = kCapacity);
  void add(std::string_view payload) noexcept;

 private:
  std::byte* memory_ = nullptr;
  std::uint64_t capacity_ = 0;
};

struct ReadStamps {
  std::vector<SendStamp> stamps;  // as they were sent
  std::uint64_t beyond = 0;       // messages that found the file full
};
Result<ReadStamps> read_send_stamps(const std::string& file);

}  // namespace pinstripe::venue
