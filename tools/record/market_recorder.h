// Listens to live markets as a session's feed does, and keeps every frame in files.
//
// A feed stage beside it knows each book, so that the hub brings the snapshots and renewed
// subscriptions which a session would have had; its output goes nowhere.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "feed/feed_stage.h"
#include "feed/live/market_hub.h"
#include "tools/record/frame_files.h"

namespace pinstripe {

/// What has come so far.
struct RecordCounts {
  std::uint64_t frames = 0;      // written, or waiting for the next flush
  std::uint64_t bytes = 0;       // on disk
  std::int64_t gaps = 0;         // breaks in the venues' sequences
  std::int64_t bad_lines = 0;    // frames that do not decode; recorded all the same
  std::size_t links = 0, links_live = 0;
  std::size_t books = 0, books_valid = 0;
};

class MarketRecorder {
 public:
  /// Connects; `config` names the instruments, and how its feed stage keeps their books. Fails
  /// where a connection is not open within `open_ns`, and where the folder defines an instrument
  /// otherwise (feed/instrument_file.h); else their definitions lie in it.
  static Result<std::unique_ptr<MarketRecorder>> open(FeedConfig config,
                                                      const HubOptions& options,
                                                      const RecordPlan& plan,
                                                      std::int64_t open_ns);

  /// Until `ends` says so, asked between frames; `each_second` is called about once a second. All
  /// that came is on disk when it returns, or the error says what the disk did not take.
  Result<void> run(const std::function<bool()>& ends,
                   const std::function<void(const RecordCounts&)>& each_second);

  RecordCounts counts() const;
  /// Of each connection and REST desk, by name: frames that the hub showed.
  std::vector<std::pair<std::string, std::uint64_t>> shown() const;
  std::vector<LinkReport> links() const { return hub_->links(); }
  const FrameFiles& files() const noexcept { return *files_; }

 private:
  explicit MarketRecorder(FeedConfig config);
  Result<void> listen(const std::function<bool()>& ends,
                      const std::function<void(const RecordCounts&)>& each_second);
  Result<bool> step(std::int64_t now_ns);
  std::int64_t counter(std::string_view name) const;

  FeedConfig config_;
  FeedStage stage_;
  std::vector<std::string> counter_names_;
  std::unique_ptr<MarketHub> hub_;
  std::unique_ptr<FrameFiles> files_;
  std::vector<std::uint64_t> shown_;
};

}  // namespace pinstripe
