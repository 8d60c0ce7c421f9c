// Who listens to what: one topic a name, with what its listeners have last been told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tools/venue/engine.h"
#include "tools/venue/ladder_view.h"
#include "tools/venue/protocol.h"

namespace pinstripe::venue {

enum class TopicKind : std::uint8_t {
  kDepth,        // changes of the book
  kTopLevels,    // the best levels, whole, each time
  kTouch,        // best bid and offer
  kTrade,
  kAggTrade,
  kCandle,
  kTicker,       // 24 hours
  kMiniTicker,
  kMark,
  kFunding,
  kOpenInterest,
  kLiquidation,
};

struct Topic {
  std::string name;              // unique in its table
  TopicKind kind = TopicKind::kTrade;
  ListingIndex index = 0;
  std::int64_t every_ms = 0;     // least time between two messages; 0: each tick
  std::int64_t minutes = 1;      // of a candle
  std::size_t depth = 1;         // levels
  std::string word;              // part of the name that the venue repeats: "1m"

  std::int64_t due_ms = 0;
  bool dirty = true;             // something has happened since the last message
  std::uint64_t last_id = 0;     // update id that the last message ended with
  std::uint64_t seen_id = 0;     // update id at the last look; kept where looking costs much
  std::uint64_t count = 0;       // messages sent
  std::int64_t candle_ms = 0;    // candle that was told last
  std::int64_t told_ms = 0;      // when the last message left; kept where silence has a limit
  LadderView view{1};
  std::set<std::int64_t> touched_bids, touched_asks;  // prices, since the last message
  std::vector<StreamPeer*> peers;
};

class TopicTable {
 public:
  explicit TopicTable(std::size_t listings) : by_listing_(listings) {}

  Topic* find(const std::string& name);
  /// Opens the topic if nobody listens to it yet; true where the peer did not listen to it before.
  bool join(const Topic& topic, StreamPeer& peer);
  /// False where the peer did not listen to it. A topic without listeners is forgotten.
  bool leave(const std::string& name, StreamPeer& peer);
  void leave_all(StreamPeer& peer);
  std::vector<std::string> of_peer(const StreamPeer& peer) const;

  const std::vector<Topic*>& of_listing(ListingIndex index) const { return by_listing_[index]; }
  /// Topics of the listing have something to tell.
  void touch_book(ListingIndex index);
  void each(const std::function<void(Topic&)>& tell);
  /// Every topic that is dirty and due; it is clean afterwards.
  void each_due(std::int64_t now_ms, const std::function<void(Topic&)>& tell);

 private:
  void forget(const std::string& name);

  std::map<std::string, std::unique_ptr<Topic>> topics_;
  std::vector<std::vector<Topic*>> by_listing_;
};

}  // namespace pinstripe::venue
