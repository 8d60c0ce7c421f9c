#include "tools/session/in_process.h"

#include <cstdio>

#include "shm/run/float_env.h"
#include "tools/session/actors.h"
#include "tools/session/attach.h"
#include "tools/session/carrier_process.h"
#include "tools/session/standstill.h"

namespace pinstripe {
namespace {

Result<StageDesk> desk_of(Attachment& attachment, const StageSpec& spec) {
  auto page = attachment.page(spec.name);
  if (!page) return std::unexpected(page.error());
  auto setup = attachment.attach(spec, true);
  if (!setup) return std::unexpected(setup.error());
  return StageDesk{*page, std::move(*setup)};
}

/// Rounds over all stages until each has ended; see run_to_end.
Result<bool> run_rounds(std::vector<std::unique_ptr<InProcessStage>>& stages,
                        const EachRound& each_round) {
  constexpr std::uint64_t kRoundsBetweenCalls = 256;
  int still = 0;
  for (std::uint64_t round = 0;; ++round) {
    bool all_done = true, moved = false, journal = false;
    for (auto& stage : stages) {
      moved |= stage->step() || stage->waits_for_time();
      journal |= stage->waits_for_journal();
      all_done = all_done && stage->done();
    }
    if (all_done) return true;
    if (journal && !moved) sleep_for_journal();
    still = moved || journal ? 0 : still + 1;
    if (still == 2) return false;
    if (round % kRoundsBetweenCalls != 0) continue;
    for (auto& stage : stages) stage->publish();
    if (!each_round) continue;
    const auto goes_on = each_round();
    if (!goes_on) return std::unexpected(goes_on.error());
    if (!*goes_on) {
      for (auto& stage : stages) stage->stop();
    }
  }
}

}  // namespace

Result<bool> run_to_end(std::vector<std::unique_ptr<InProcessStage>>& stages,
                        const EachRound& each_round) {
  check_float_environment();
  const auto ended = run_rounds(stages, each_round);
  if (!ended) return std::unexpected(ended.error());
  for (auto& stage : stages) {
    stage->publish();
    if (auto failed = stage->failure(); failed) return std::unexpected(*failed);
  }
  return *ended;
}

Result<std::vector<std::unique_ptr<InProcessStage>>> open_in_process(Attachment& attachment) {
  PlainKit kit;
  return open_actors(attachment.plan(), attachment.clock(),
                     [&](const StageSpec& spec) { return desk_of(attachment, spec); }, kit);
}

namespace {

/// Gives up the stages' ends, journals too, when it returns: the carrier waits for that.
Result<InProcessResult> run_attached(Attachment attachment, CarrierProcess& carrier,
                                     const std::function<bool()>& each_round) {
  auto stages = open_in_process(attachment);
  if (!stages) return std::unexpected(stages.error());
  const auto ended = run_to_end(*stages, [&]() -> Result<bool> {
    if (const std::string line = carrier.mind(); !line.empty()) {
      std::fprintf(stderr, "pinstripe: %s\n", line.c_str());
      if (carrier.lost()) return fail("the journals are not carried to disk any more");
    }
    return !each_round || each_round();
  });
  if (!ended) return std::unexpected(ended.error());
  if (!*ended) {
    return fail(standstill_text(attachment.plan(), take_snapshot(attachment.plan())));
  }
  return InProcessResult{};
}

}  // namespace

Result<InProcessResult> run_in_process(const std::string& name,
                                       const std::function<bool()>& each_round) {
  auto attachment = Attachment::open(name);
  if (!attachment) return std::unexpected(attachment.error());
  const SessionPlan plan = attachment->plan();
  auto carrier = CarrierProcess::start(plan);
  if (!carrier) return std::unexpected(carrier.error());
  auto result = run_attached(std::move(*attachment), *carrier, each_round);
  const std::string problem = carrier->finish();
  if (result) result->journal_problem = problem;
  return result;
}

}  // namespace pinstripe
