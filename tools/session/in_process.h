// The one-thread pipeline: every stage of a prepared session in this process, the same runners and
// merge over the same rings, no parking. Its orders_digest is the five processes' (protocol 4).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/result.h"

namespace pinstripe {

class Attachment;

/// One stage with its runner in this process, driven by turns.
class InProcessStage {
 public:
  explicit InProcessStage(std::string name) : name_(std::move(name)) {}
  virtual ~InProcessStage() = default;
  const std::string& name() const noexcept { return name_; }
  /// One batch of the runner; true where something became visible elsewhere.
  virtual bool step() = 0;
  virtual bool done() const = 0;
  /// It took nothing because its journal has no room.
  virtual bool waits_for_journal() const = 0;
  /// The feed of a paced session waits for the next frame's time.
  virtual bool waits_for_time() const { return false; }
  /// Asks the feed to end its stream; nothing for the others.
  virtual void stop() {}
  /// Counters and progress to the stage's page.
  virtual void publish() = 0;
  virtual std::optional<Error> failure() const { return std::nullopt; }

 private:
  std::string name_;
};

/// Every stage of the prepared session, in pipeline order; `attachment` must outlive them.
Result<std::vector<std::unique_ptr<InProcessStage>>> open_in_process(Attachment& attachment);

/// Called between rounds; false asks for an orderly stop, an error ends the run at once.
using EachRound = std::function<Result<bool>()>;

/// Rounds over all stages until each has ended, with the last counters on the pages; the error of
/// the first stage that failed. False where two rounds in a row have moved nothing while nobody
/// waits for time or for its journal: then no later round can.
Result<bool> run_to_end(std::vector<std::unique_ptr<InProcessStage>>& stages,
                        const EachRound& each_round);

struct InProcessResult {
  std::string journal_problem;  // the journal was not finished; empty: it was, or there is none
};

/// Runs the prepared session `name` to its end. `each_round` (may be empty) is called between
/// rounds, for progress and for readers of the rings; false from it asks for an orderly stop.
Result<InProcessResult> run_in_process(const std::string& name,
                                       const std::function<bool()>& each_round);

}  // namespace pinstripe
