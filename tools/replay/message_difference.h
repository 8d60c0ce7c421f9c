// Two messages that ought to be one: the first field in which they differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shm/msg/header.h"

namespace pinstripe {

struct FieldDifference {
  std::string field;            // "price_ticks"; of an array "values[12]"
  std::string journal, replay;  // both values, as people read them
};

/// Compares by the field table, measurement stamps left out. Nothing where all agree.
std::optional<FieldDifference> message_difference(std::string_view ring_type,
                                                  const MsgHeader& journal,
                                                  const MsgHeader& replay);

}  // namespace pinstripe
