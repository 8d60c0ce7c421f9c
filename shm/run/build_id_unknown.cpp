// What programs get that do not link `pinstripe_build_id`. Weak, so that the object library's
// definition wins where both are linked.
#include "shm/run/build_id.h"

namespace pinstripe {

[[gnu::weak]] std::string_view build_id() noexcept { return "unknown"; }

}  // namespace pinstripe
