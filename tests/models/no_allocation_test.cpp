// The hot path of the models stage takes no memory: global new is counted in this test program.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "models/models_stage.h"
#include "tests/models/sample_models.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace pinstripe {
namespace {

TEST(ModelsStage, TakesNoMemoryAfterItsConstruction) {
  ModelsConfig config;
  config.instruments.resize(1);
  config.decision_interval_ns = 0;
  config.voting = Voting::kPerformance;
  for (const ModelFile& model : {sample_trees("t", 6), sample_mlp("m", 6, 8),
                                 sample_logistic("l", {1, 2, 3, 4, 5, 6}, 0)}) {
    MemberConfig member;
    member.name = model.name;
    member.model = model;
    config.members.push_back(member);
  }
  ModelsStage sut(config);
  NullSink<Signal> sink;
  FeatureVector v;
  v.h.type = MsgType::kFeatureVector;
  v.h.instrument = 0;
  v.registry_hash = kTestRegistry;
  v.valid_mask = 0x3F;
  v.context.state = BookState::kValid;
  const std::size_t before = allocations;
  EXPECT_GT(before, 0U);
  for (int i = 0; i < 20'000; ++i) {
    v.h.origin_ns = TimeNs(10'000 * kNsPerSecond + i * kNsPerMs);
    v.context.bid_ticks = PriceTicks(10'000 + i % 13);
    v.context.ask_ticks = PriceTicks(10'002 + i % 13);
    v.values[0] = static_cast<float>(i % 7);
    sut.on_event(v.h.origin_ns, Input::message(&v.h), sink);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(sut.counters()[1], 20'000);
}

}  // namespace
}  // namespace pinstripe
