#include "shm/base/isa.h"

namespace pinstripe {

Isa widest_isa() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return Isa::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) return Isa::kAvx2;
#endif
  return Isa::kPlain;
}

Isa usable_isa(Isa wanted) noexcept {
  const Isa widest = widest_isa();
  return wanted < widest ? wanted : widest;
}

}  // namespace pinstripe
