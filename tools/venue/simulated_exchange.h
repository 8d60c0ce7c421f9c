// The simulated exchange as a whole: engine, synthetic market, protocols, faults; what moves with
// time and what the control paths below /venue/ do. Sockets are the server's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/venue/engine.h"
#include "tools/venue/faults.h"
#include "tools/venue/liquidity.h"
#include "tools/venue/protocol.h"
#include "tools/venue/server.h"
#include "tools/venue/venue_config.h"

namespace pinstripe::venue {

class SimulatedExchange {
 public:
  /// Lives the config's history up to `now_ms` at once.
  SimulatedExchange(const VenueConfig& config, std::int64_t now_ms);

  std::vector<VenueProtocol*> protocols() const;
  FaultBoard& faults() { return faults_; }
  const VenueEngine& engine() const { return *engine_; }
  /// What ends streams, by protocol ("": all); set before the first tick.
  void on_streams(std::function<void(const std::string&, StreamFate)> act) {
    act_on_streams_ = std::move(act);
  }
  /// Moves the market to this time and sends what is due.
  void tick(std::int64_t now_ms);
  /// GET /venue/state; POST /venue/pause, /venue/resume, /venue/fault, /venue/clear.
  HttpAnswer control(const HttpAsk& ask, std::int64_t now_ms);

 private:
  void move_market(std::int64_t now_ms);
  HttpAnswer add_fault(const std::string& body, std::int64_t now_ms);
  void begin_fault(const Fault& fault, std::int64_t now_ms);
  void restart_books(const Fault& fault, std::int64_t now_ms);
  void undo_fault(const Fault& fault);
  void draw_fault(std::int64_t now_ms);
  void set_trading(const Fault& fault, bool trades);
  Json state(std::int64_t now_ms) const;

  VenueConfig config_;
  std::unique_ptr<VenueEngine> engine_;
  std::vector<std::unique_ptr<Liquidity>> liquidity_;
  std::vector<std::unique_ptr<VenueProtocol>> protocols_;
  FaultBoard faults_;
  std::function<void(const std::string&, StreamFate)> act_on_streams_;
  bool is_paused_ = false;
  std::int64_t next_fault_ms_ = 0;
  std::uint64_t drawn_ = 0;
};

}  // namespace pinstripe::venue
