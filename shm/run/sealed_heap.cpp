// Replaces the C library's allocation functions in the program that links this object.
#include "shm/run/sealed_heap.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace {

// Initial-exec: the first access of a lazily made thread-local would itself allocate.
[[gnu::tls_model("initial-exec")]] thread_local constinit bool t_sealed = false;
[[gnu::tls_model("initial-exec")]] thread_local constinit bool t_passes = false;
constinit std::atomic<std::uint64_t> g_allocations{0};
constinit std::atomic<std::uint64_t> g_passed{0};
constinit std::atomic<bool> g_aborts{false};

[[gnu::noinline, gnu::cold]] void allocated_after_seal() noexcept {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (!g_aborts.load(std::memory_order_relaxed)) return;
  t_sealed = false;  // what follows may allocate
  static constexpr char kText[] =
      "pinstripe: an allocation on the hot path after start (sealed heap); stopping\n";
  const ssize_t ignored = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
  static_cast<void>(ignored);
  std::abort();
}

inline void note() noexcept {
  if (t_sealed) [[unlikely]] allocated_after_seal();
  if (t_passes) [[unlikely]] g_passed.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

namespace pinstripe {

void seal_heap() noexcept {
#ifdef PINSTRIPE_SEAL_ABORTS
  g_aborts.store(true, std::memory_order_relaxed);
#else
  const char* mode = std::getenv("PINSTRIPE_SEAL");
  g_aborts.store(mode != nullptr && std::strcmp(mode, "abort") == 0, std::memory_order_relaxed);
#endif
  t_sealed = true;
}

void unseal_heap() noexcept { t_sealed = false; }

HeapPass::HeapPass() noexcept : was_sealed_(t_sealed) {
  t_sealed = false;
  t_passes = t_passes || was_sealed_;
}

HeapPass::~HeapPass() {
  if (!was_sealed_) return;
  t_sealed = true;
  t_passes = false;
}

std::uint64_t allocations_let_pass() noexcept {
  return g_passed.load(std::memory_order_relaxed);
}

std::uint64_t allocations_after_seal() noexcept {
  return g_allocations.load(std::memory_order_relaxed);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
bool heap_can_be_sealed() noexcept { return false; }
#else
bool heap_can_be_sealed() noexcept { return true; }
#endif

}  // namespace pinstripe

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  note();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  note();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  note();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  note();
  if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
    return EINVAL;
  }
  void* const p = __libc_memalign(alignment, size);
  if (p == nullptr) return ENOMEM;
  *out = p;
  return 0;
}
void* valloc(std::size_t size) {
  note();
  return __libc_memalign(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), size);
}
void* pvalloc(std::size_t size) {
  note();
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return __libc_memalign(page, (size + page - 1) / page * page);
}

}  // extern "C"

#endif
