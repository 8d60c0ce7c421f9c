#include "feed/feed_stage.h"

#include "feed/feed_engine.h"

namespace pinstripe {

FeedStage::FeedStage(const Config& config)
    : engine_(std::make_unique<FeedEngine>(config)), queue_(&engine_->queue()) {}
FeedStage::~FeedStage() = default;
FeedStage::FeedStage(FeedStage&&) noexcept = default;
FeedStage& FeedStage::operator=(FeedStage&&) noexcept = default;

void FeedStage::take(TimeNs now, const In& in) noexcept { engine_->take(now, in); }
TimeNs FeedStage::next_due() const noexcept { return engine_->next_due(); }
std::uint64_t FeedStage::state_hash() const noexcept {
  StateWriter w;
  engine_->save(w);
  return w.hash();
}
void FeedStage::save(StateWriter& w) const noexcept { engine_->save(w); }
Result<void> FeedStage::load(StateReader& r) { return engine_->load(r); }
std::span<const std::int64_t> FeedStage::counters() const noexcept { return engine_->counters(); }
std::vector<std::string> FeedStage::counter_names() const { return engine_->counter_names(); }
BookState FeedStage::book_state(std::uint16_t instrument) const noexcept {
  return engine_->keeper(instrument).state();
}
std::int64_t FeedStage::refused() const noexcept {
  return engine_->counters()[static_cast<std::size_t>(FeedCount::kBadLines)];
}
const FeedError& FeedStage::last_error() const noexcept { return engine_->last_error(); }
const FeedErrors& FeedStage::errors() const noexcept { return engine_->errors(); }
bool FeedStage::stopped() const noexcept { return engine_->stopped(); }

}  // namespace pinstripe
