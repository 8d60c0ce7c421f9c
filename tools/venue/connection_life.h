// The planned end of streams: each is told some time before, where its venue says so, and ended
// when its life is over.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "tools/venue/stream_peer.h"

namespace pinstripe::venue {

class ConnectionLife {
 public:
  using Act = std::function<void(StreamPeer&)>;

  /// Streams opened from now on end after `life_ms`; 0: they do not end.
  void set(std::int64_t life_ms) { life_ms_ = life_ms; }
  void opened(StreamPeer& peer, std::int64_t now_ms);
  void closed(StreamPeer& peer) { ends_.erase(&peer); }
  /// Tells each stream once, `notice_ms` before its end or, where its life is short, halfway; ends
  /// those whose time is over (1001).
  void tick(std::int64_t now_ms, std::int64_t notice_ms, const Act& tell);

 private:
  struct End {
    std::int64_t at_ms;
    bool is_told;
    bool is_over;
  };
  std::int64_t life_ms_ = 0;
  std::map<StreamPeer*, End> ends_;
};

}  // namespace pinstripe::venue
