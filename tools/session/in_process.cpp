#include "tools/session/in_process.h"

#include "shm/run/float_env.h"
#include "tools/session/actors.h"
#include "tools/session/attach.h"

namespace pinstripe {
namespace {

Result<StageDesk> desk_of(Attachment& attachment, const StageSpec& spec) {
  auto page = attachment.page(spec.name);
  if (!page) return std::unexpected(page.error());
  auto setup = attachment.attach(spec, true);
  if (!setup) return std::unexpected(setup.error());
  return StageDesk{*page, std::move(*setup)};
}

void run_rounds(std::vector<std::unique_ptr<InProcessStage>>& stages,
                const std::function<bool()>& each_round) {
  constexpr std::uint64_t kRoundsBetweenCalls = 256;
  for (std::uint64_t round = 0;; ++round) {
    bool all_done = true;
    for (auto& stage : stages) {
      stage->step();
      all_done = all_done && stage->done();
    }
    if (all_done) return;
    if (round % kRoundsBetweenCalls != 0) continue;
    for (auto& stage : stages) stage->publish();
    if (each_round && !each_round()) {
      for (auto& stage : stages) stage->stop();
    }
  }
}

}  // namespace

Result<InProcessResult> run_to_end(std::vector<std::unique_ptr<InProcessStage>>& stages,
                                   const std::function<bool()>& each_round) {
  check_float_environment();
  run_rounds(stages, each_round);
  InProcessResult result;
  for (auto& stage : stages) {
    stage->publish();
    if (auto failed = stage->failure(); failed) return std::unexpected(*failed);
    if (result.skipped_line.empty()) result.skipped_line = stage->skipped();
  }
  return result;
}

Result<std::vector<std::unique_ptr<InProcessStage>>> open_in_process(Attachment& attachment) {
  PlainKit kit;
  return open_actors(attachment.plan(), attachment.clock(),
                     [&](const StageSpec& spec) { return desk_of(attachment, spec); }, kit);
}

Result<InProcessResult> run_in_process(const std::string& name,
                                       const std::function<bool()>& each_round) {
  auto attachment = Attachment::open(name);
  if (!attachment) return std::unexpected(attachment.error());
  auto stages = open_in_process(*attachment);
  if (!stages) return std::unexpected(stages.error());
  return run_to_end(*stages, each_round);
}

}  // namespace pinstripe
