// Kills the stages of a running session at drawn places: the fault that `verify` and the kill tests
// inject from outside, as a user would (kill -9, SIGSTOP).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "shm/base/result.h"
#include "shm/ring/segment.h"
#include "shm/ring/stage_page.h"
#include "tools/session/session_plan.h"

namespace pinstripe {

struct KillPlan {
  std::uint64_t seed = 1;
  std::uint64_t kills = 5;               // in this session
  std::vector<std::string> stages;       // whom; all of the session's in turn where empty
  std::map<std::string, std::uint64_t> records;  // of each stage in an undisturbed run
  double stop_share = 0.1;               // by SIGSTOP, which the supervisor has to notice
  double again_share = 0.2;              // killed once more while it rejoins
  double held_share = 0.6;               // not before a position is open and an order works
};

/// What was done; `held_*` count kills while the paper venue showed that.
struct KillReport {
  std::map<std::string, std::uint64_t> kills;
  std::uint64_t stopped = 0, again = 0;
  std::uint64_t held_position = 0, held_order = 0, held_both = 0;
  std::uint64_t total() const;
  KillReport& operator+=(const KillReport& more);
  /// One line for people.
  std::string text() const;
};

/// Places are drawn as journal records of the victim, between none and as many as the undisturbed
/// run has; so start-up and drain have their share.
class Killer {
 public:
  /// Waits for the session's directory as long as `goes_on()`.
  static Result<Killer> attach(const std::string& session, const KillPlan& plan,
                               const std::function<bool()>& goes_on);
  /// Kills and waits for each rejoin until all are done or `goes_on()` is false.
  KillReport run(const std::function<bool()>& goes_on);

 private:
  struct Victim {
    std::string name;
    Segment journal;
    std::shared_ptr<const StagePageView> page;
  };
  struct Kill {
    std::size_t victim;
    double at;       // of the victim's records
    bool stop, again, held;
  };
  Killer(const KillPlan& plan, SessionPlan session) : plan_(plan), session_(std::move(session)) {}
  std::vector<Kill> draw() const;
  bool await_place(const Kill& kill, const std::function<bool()>& goes_on) const;
  bool strike(const Kill& kill, KillReport& report);
  bool await_successor(const Victim& victim, std::int32_t pid, std::uint64_t recoveries,
                       const std::function<bool()>& goes_on) const;
  struct Held {
    bool position = false, order = false;
  };
  Held what_is_held() const;

  KillPlan plan_;
  SessionPlan session_;
  std::vector<Victim> victims_;
  std::vector<std::shared_ptr<const StagePageView>> exec_pages_;
};

}  // namespace pinstripe
