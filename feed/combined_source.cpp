// Sources made of sources: the first part of one, several merged by time.
#include <algorithm>

#include "feed/source.h"
#include "feed/synthetic.h"

namespace pinstripe {
namespace {

class LimitedSource : public FrameSource {
 public:
  LimitedSource(std::unique_ptr<FrameSource> inner, std::uint64_t frames_max, std::int64_t span_ns)
      : inner_(std::move(inner)), left_(frames_max == 0 ? UINT64_MAX : frames_max) {
    const FeedFrame* first = inner_->peek();
    if (span_ns > 0 && first != nullptr) {
      end_ = saturating_add(first->origin_ns, TimeNs(span_ns));
    }
  }
  const FeedFrame* peek() override {
    if (left_ == 0) return nullptr;
    const FeedFrame* f = inner_->peek();
    return f != nullptr && f->origin_ns < end_ ? f : nullptr;
  }
  void pop() override {
    inner_->pop();
    --left_;
  }
  std::optional<Error> error() const override { return inner_->error(); }
  std::int64_t backward_times() const noexcept override { return inner_->backward_times(); }
  std::span<const std::string> files() const noexcept override { return inner_->files(); }
  bool seekable() const noexcept override { return inner_->seekable(); }
  FeedPosition position() const noexcept override { return inner_->position(); }
  void save(StateWriter& w) const noexcept override {
    w.u64(left_);
    w.unit(end_);
    inner_->save(w);
  }
  Result<void> load(StateReader& r) override {
    left_ = r.u64();
    end_ = r.unit<TimeNs>();
    return inner_->load(r);
  }

 private:
  std::unique_ptr<FrameSource> inner_;
  std::uint64_t left_;
  TimeNs end_ = TimeNs::max();
};

class MergedSource : public FrameSource {
 public:
  explicit MergedSource(std::vector<std::unique_ptr<FrameSource>> sources)
      : sources_(std::move(sources)) {}
  const FeedFrame* peek() override {
    current_ = nullptr;
    const FeedFrame* best = nullptr;
    for (const auto& s : sources_) {
      if (s->error()) return nullptr;
      const FeedFrame* f = s->peek();
      if (f == nullptr || (best != nullptr && f->origin_ns >= best->origin_ns)) continue;
      best = f;
      current_ = s.get();
    }
    return best;
  }
  void pop() override {
    if (peek() != nullptr) current_->pop();
  }
  std::optional<Error> error() const override {
    for (const auto& s : sources_) {
      if (s->error()) return s->error();
    }
    return std::nullopt;
  }
  std::int64_t backward_times() const noexcept override {
    std::int64_t sum = 0;
    for (const auto& s : sources_) sum += s->backward_times();
    return sum;
  }
  bool seekable() const noexcept override {
    return std::ranges::all_of(sources_, [](const auto& s) { return s->seekable(); });
  }
  FeedPosition position() const noexcept override {
    return current_ != nullptr ? current_->position() : FeedPosition{};
  }
  void save(StateWriter& w) const noexcept override {
    for (const auto& s : sources_) s->save(w);
  }
  Result<void> load(StateReader& r) override {
    current_ = nullptr;
    for (const auto& s : sources_) {
      if (auto loaded = s->load(r); !loaded) return loaded;
    }
    return {};
  }

 private:
  std::vector<std::unique_ptr<FrameSource>> sources_;
  FrameSource* current_ = nullptr;
};

}  // namespace

std::unique_ptr<FrameSource> limit_source(std::unique_ptr<FrameSource> inner,
                                          std::uint64_t frames_max, std::int64_t span_ns) {
  if (frames_max == 0 && span_ns == 0) return inner;
  return std::make_unique<LimitedSource>(std::move(inner), frames_max, span_ns);
}

std::unique_ptr<FrameSource> merge_sources(std::vector<std::unique_ptr<FrameSource>> sources) {
  return std::make_unique<MergedSource>(std::move(sources));
}

}  // namespace pinstripe
