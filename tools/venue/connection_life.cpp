#include "tools/venue/connection_life.h"

#include <algorithm>
#include <vector>

namespace pinstripe::venue {
namespace {

constexpr unsigned kGoingAway = 1001;

}  // namespace

void ConnectionLife::opened(StreamPeer& peer, std::int64_t now_ms) {
  if (life_ms_ > 0) ends_[&peer] = {now_ms + life_ms_, false, false};
}

void ConnectionLife::tick(std::int64_t now_ms, std::int64_t notice_ms, const Act& tell) {
  const std::int64_t before_ms = std::min(notice_ms, life_ms_ / 2);
  std::vector<StreamPeer*> over;  // closing may call closed()
  for (auto& [peer, end] : ends_) {
    if (!end.is_told && now_ms >= end.at_ms - before_ms) {
      end.is_told = true;
      tell(*peer);
    }
    if (end.is_over || now_ms < end.at_ms) continue;
    end.is_over = true;
    over.push_back(peer);
  }
  for (StreamPeer* peer : over) peer->close(kGoingAway, "the connection's time is over");
}

}  // namespace pinstripe::venue
