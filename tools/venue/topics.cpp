#include "tools/venue/topics.h"

#include <algorithm>

namespace pinstripe::venue {

Topic* TopicTable::find(const std::string& name) {
  const auto at = topics_.find(name);
  return at == topics_.end() ? nullptr : at->second.get();
}

bool TopicTable::join(const Topic& topic, StreamPeer& peer) {
  std::unique_ptr<Topic>& slot = topics_[topic.name];
  if (!slot) {
    slot = std::make_unique<Topic>(topic);
    by_listing_[topic.index].push_back(slot.get());
  }
  std::vector<StreamPeer*>& peers = slot->peers;
  if (std::find(peers.begin(), peers.end(), &peer) != peers.end()) return false;
  peers.push_back(&peer);
  return true;
}

bool TopicTable::leave(const std::string& name, StreamPeer& peer) {
  Topic* topic = find(name);
  if (topic == nullptr || std::erase(topic->peers, &peer) == 0) return false;
  if (topic->peers.empty()) forget(name);
  return true;
}

void TopicTable::leave_all(StreamPeer& peer) {
  for (const std::string& name : of_peer(peer)) leave(name, peer);
}

std::vector<std::string> TopicTable::of_peer(const StreamPeer& peer) const {
  std::vector<std::string> names;
  for (const auto& [name, topic] : topics_) {
    const auto& peers = topic->peers;
    if (std::find(peers.begin(), peers.end(), &peer) != peers.end()) names.push_back(name);
  }
  return names;
}

void TopicTable::forget(const std::string& name) {
  const auto at = topics_.find(name);
  std::erase(by_listing_[at->second->index], at->second.get());
  topics_.erase(at);
}

void TopicTable::touch_book(ListingIndex index) {
  for (Topic* topic : by_listing_[index]) {
    const TopicKind kind = topic->kind;
    if (kind == TopicKind::kDepth || kind == TopicKind::kTopLevels || kind == TopicKind::kTouch) {
      topic->dirty = true;
    }
  }
}

void TopicTable::each(const std::function<void(Topic&)>& tell) {
  for (const auto& [name, topic] : topics_) tell(*topic);
}

void TopicTable::each_due(std::int64_t now_ms, const std::function<void(Topic&)>& tell) {
  for (const auto& [name, topic] : topics_) {
    if (!topic->dirty || now_ms < topic->due_ms) continue;
    topic->dirty = false;
    topic->due_ms = now_ms + topic->every_ms;
    tell(*topic);
  }
}

}  // namespace pinstripe::venue
