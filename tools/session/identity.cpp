#include "tools/session/identity.h"

#include "features/registry.h"
#include "shm/base/hash.h"
#include "shm/base/isa.h"
#include "shm/run/build_id.h"
#include "tools/session/stage_configs.h"
#include "tools/session/stage_setup.h"

namespace pinstripe {
namespace {

/// Over the rings that `stage` reads, in tie order: a record's payload is a message of theirs.
std::uint64_t inputs_layout_hash(const SessionPlan& plan, const StageSpec& stage) {
  Hasher h;
  for (const RingSpec& ring : plan.topology.rings) {
    if (ring.consumer != stage.name) continue;
    const RingShape shape = shape_of(ring);
    h.add(ring.id);
    h.text(ring.type);
    h.add(shape.message_bytes);
    h.add(shape.layout_hash);
  }
  return h.value();
}

void add_files(const SessionPlan& plan, JournalIdentity& identity) {
  Hasher h;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    h.text(plan.files[i].name);
    h.add(plan.files[i].digest);
    if (i < kJournalModelsMax) identity.model_digest[i] = plan.files[i].digest;
  }
  identity.models_digest = h.value();
}

}  // namespace

Result<JournalIdentity> identity_of(const SessionPlan& plan, const StageSpec& stage) {
  const auto features = features_config_of(plan);
  if (!features) return std::unexpected(features.error());
  JournalIdentity identity;
  identity.session_id = plan.session_id;
  set_identity_name(identity.session, plan.name);
  set_identity_name(identity.stage, stage.name);
  identity.kind = static_cast<std::uint32_t>(stage.kind);
  identity.isa = static_cast<std::uint32_t>(widest_isa());
  identity.config_digest = config_digest(plan);
  identity.registry_hash = registry_hash(*features);
  add_files(plan, identity);
  identity.data_digest = plan.data_digest;
  identity.inputs_layout_hash = inputs_layout_hash(plan, stage);
  set_identity_name(identity.build_id, build_id());
  return identity;
}

}  // namespace pinstripe
