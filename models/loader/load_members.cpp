// Which fold a session may use, and the loading of an ensemble.
#include <algorithm>

#include "models/models_config.h"
#include "shm/msg/signal.h"

namespace pinstripe {
namespace {

bool overlaps(const ModelFile& model, const TradedRange& traded) {
  return traded.known && model.train_from <= traded.to && traded.from <= model.train_to;
}

std::string range_text(TimeNs from, TimeNs to) {
  return "[" + std::to_string(from.value) + ", " + std::to_string(to.value) + "] ns";
}

}  // namespace

Result<FoldChoice> choose_fold(std::span<const ModelFile> folds, const TradedRange& traded,
                               bool in_sample) {
  if (folds.empty()) return fail_usage("a member needs at least one model file");
  std::string seen;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (!overlaps(folds[i], traded)) return FoldChoice{i, false};
    seen += (i == 0 ? "" : ", ") + folds[i].source + " " +
            range_text(folds[i].train_from, folds[i].train_to);
  }
  if (in_sample) return FoldChoice{0, true};
  return fail_usage("the traded time " + range_text(traded.from, traded.to) +
                    " overlaps the training range of every fold (" + seen +
                    "); a model must not trade what it was fitted on: give another fold, or allow "
                    "it with --in-sample, which marks the account");
}

Result<bool> load_members(ModelsConfig& config, std::uint64_t registry_hash,
                          std::span<const std::string> feature_names, const TradedRange& traded,
                          bool in_sample) {
  if (config.members.size() > kMemberMax) {
    return fail_usage("models.members: at most " + std::to_string(kMemberMax) + " members");
  }
  bool any_in_sample = false;
  for (std::size_t i = 0; i < config.members.size(); ++i) {
    MemberConfig& member = config.members[i];
    const std::string where = "models.members[" + std::to_string(i) + "]";
    std::vector<ModelFile> folds;
    for (const std::string& path : member.folds) {
      auto fold = load_model(path);
      if (!fold) return fail_within(where, fold);
      if (auto ok = check_registry(*fold, registry_hash, feature_names); !ok) {
        return std::unexpected(std::move(ok.error()).within(where));
      }
      folds.push_back(std::move(*fold));
    }
    const auto choice = choose_fold(folds, traded, in_sample);
    if (!choice) return std::unexpected(Error(choice.error()).within(where));
    member.model = std::move(folds[choice->index]);
    member.in_sample = choice->in_sample;
    any_in_sample = any_in_sample || choice->in_sample;
    if (member.name.empty()) member.name = member.model.name;
    const auto same = [&](const MemberConfig& other) { return other.name == member.name; };
    const auto before = config.members.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(config.members.begin(), before, same)) {
      member.name += "#" + std::to_string(i);
    }
  }
  return any_in_sample;
}

}  // namespace pinstripe
