#include "shm/net/tls_memory.h"

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace pinstripe::net {
namespace {

/// In front of each block. 16 bytes, so that what follows is aligned as malloc's.
struct alignas(16) BlockHead {
  std::size_t bytes;  // that the caller may use
  BlockHead* next;    // in a free list
};
static_assert(sizeof(BlockHead) == 16, "blocks behind it stay aligned");

constexpr std::size_t kClassBytes = 64;
constexpr std::size_t kClasses = 16;       // pooled up to 1 KiB
constexpr unsigned kKeptPerClass = 32;     // per thread: 280 KiB at most

/// Free blocks of one thread. What is left at its end stays taken: a few blocks a thread.
struct FreeLists {
  std::array<BlockHead*, kClasses> first;
  std::array<unsigned, kClasses> count;
};
thread_local constinit FreeLists t_free{};

std::size_t class_of(std::size_t bytes) noexcept { return (bytes + kClassBytes - 1) / kClassBytes; }

void* pool_take(std::size_t bytes, const char*, int) noexcept {
  if (bytes == 0) return nullptr;
  const std::size_t c = class_of(bytes);
  if (c <= kClasses && t_free.first[c - 1] != nullptr) {
    BlockHead* const head = t_free.first[c - 1];
    t_free.first[c - 1] = head->next;
    --t_free.count[c - 1];
    return head + 1;
  }
  const std::size_t usable = c <= kClasses ? c * kClassBytes : bytes;
  auto* const head = static_cast<BlockHead*>(std::malloc(sizeof(BlockHead) + usable));
  if (head == nullptr) return nullptr;
  head->bytes = usable;
  return head + 1;
}

void pool_give(void* block, const char*, int) noexcept {
  if (block == nullptr) return;
  BlockHead* const head = static_cast<BlockHead*>(block) - 1;
  const std::size_t c = class_of(head->bytes);
  if (c > kClasses || t_free.count[c - 1] == kKeptPerClass) return std::free(head);
  head->next = t_free.first[c - 1];
  t_free.first[c - 1] = head;
  ++t_free.count[c - 1];
}

void* pool_resize(void* block, std::size_t bytes, const char* file, int line) noexcept {
  if (block == nullptr) return pool_take(bytes, file, line);
  if (bytes == 0) {
    pool_give(block, file, line);
    return nullptr;
  }
  const std::size_t before = (static_cast<BlockHead*>(block) - 1)->bytes;
  if (bytes <= before) return block;
  void* const grown = pool_take(bytes, file, line);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, block, before);
  pool_give(block, file, line);
  return grown;
}

}  // namespace

bool give_openssl_a_pool() noexcept {
  static const bool is_given =
      ::CRYPTO_set_mem_functions(&pool_take, &pool_resize, &pool_give) == 1;
  return is_given;
}

}  // namespace pinstripe::net
