// What programs get that do not link `pinstripe_sealed_heap`: nothing is replaced, nothing
// counted. Weak, so that the object library's definitions win where both are linked.
#include "shm/run/sealed_heap.h"

namespace pinstripe {

[[gnu::weak]] void seal_heap() noexcept {}
[[gnu::weak]] void unseal_heap() noexcept {}
[[gnu::weak]] HeapPass::HeapPass() noexcept : was_sealed_(false) {}
[[gnu::weak]] HeapPass::~HeapPass() {}
[[gnu::weak]] std::uint64_t allocations_let_pass() noexcept { return 0; }
[[gnu::weak]] std::uint64_t allocations_after_seal() noexcept { return 0; }
[[gnu::weak]] bool heap_can_be_sealed() noexcept { return false; }

}  // namespace pinstripe
