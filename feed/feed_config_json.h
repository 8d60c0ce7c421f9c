// Reads the `feed` part of a session config.
#pragma once

#include "feed/feed_config.h"
#include "feed/synthetic.h"
#include "shm/run/config_node.h"

namespace pinstripe {

/// Keys of FeedConfig; `instruments` is filled by the session.
FeedConfig read_feed_config(ConfigNode& node);
/// Keys of SyntheticConfig (the `market` of a synthetic session).
SyntheticConfig read_synthetic_config(ConfigNode& node);

}  // namespace pinstripe
