// Recorded files as frame sources: one reader a stream, merged by time.
#include <algorithm>

#include "feed/capture_lines.h"
#include "feed/line_reader.h"
#include "feed/source.h"

namespace pinstripe {
namespace {

/// The files of one stream, one after the other. All are opened at the start: zlib allocates when
/// it opens a file, and after the start nothing may (design 2).
class StreamReader {
 public:
  StreamReader(const CaptureStream& stream, std::uint32_t first_file)
      : stream_(stream), first_file_(first_file) {}

  Result<void> open() {
    for (const std::string& file : stream_.files) {
      auto reader = LineReader::open(file);
      if (!reader) return std::unexpected(reader.error());
      readers_.push_back(std::move(*reader));
    }
    return {};
  }
  /// Goes to the next frame; false at the end or after an error.
  bool advance() {
    while (true) {
      if (read_frame()) return true;
      if (readers_[file_]->error()) {
        error_ = readers_[file_]->error();
        return false;
      }
      if (file_ + 1 >= readers_.size()) return false;
      ++file_;
    }
  }
  const FeedFrame& frame() const noexcept { return frame_; }
  const std::optional<Error>& error() const noexcept { return error_; }
  std::int64_t backward_times() const noexcept { return backward_; }

 private:
  bool read_frame() {
    LineReader& reader = *readers_[file_];
    reader.begin_group();
    CaptureLine line;
    if (!read_capture_line(reader, stream_.format, line)) return false;
    frame_.format = line.format;
    frame_.instrument = stream_.instrument;
    frame_.file = first_file_ + static_cast<std::uint32_t>(file_);
    frame_.line = line.line;
    frame_.bytes = line.bytes;
    frame_.column = line.column;
    if (line.has_time) {
      std::int64_t origin_ns = 0;
      const bool outside =
          __builtin_sub_overflow(line.receive_ns, stream_.clock_offset_ns, &origin_ns);
      const TimeNs origin(origin_ns);
      if (outside || origin < frame_.origin_ns) {
        ++backward_;
      } else {
        frame_.origin_ns = origin;
      }
    }
    return true;
  }

  CaptureStream stream_;
  std::uint32_t first_file_;
  std::size_t file_ = 0;
  std::vector<std::unique_ptr<LineReader>> readers_;
  FeedFrame frame_;
  std::int64_t backward_ = 0;
  std::optional<Error> error_;
};

class CaptureSource : public FrameSource {
 public:
  Result<void> open(const std::vector<CaptureStream>& streams) {
    for (const CaptureStream& s : streams) {
      if (s.files.empty()) continue;
      readers_.emplace_back(s, static_cast<std::uint32_t>(files_.size()));
      files_.insert(files_.end(), s.files.begin(), s.files.end());
    }
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if (auto opened = readers_[i].open(); !opened) return opened;
      step(i);
    }
    choose();
    return {};
  }
  const FeedFrame* peek() override {
    return current_ < readers_.size() && !error_ ? &out_ : nullptr;
  }
  void pop() override {
    if (current_ >= readers_.size()) return;
    step(current_);
    choose();
  }
  std::optional<Error> error() const override { return error_; }
  std::int64_t backward_times() const noexcept override {
    std::int64_t sum = backward_;
    for (const StreamReader& r : readers_) sum += r.backward_times();
    return sum;
  }
  std::span<const std::string> files() const noexcept override { return files_; }

 private:
  void step(std::size_t i) {
    if (has_.size() < readers_.size()) has_.resize(readers_.size());
    has_[i] = readers_[i].advance();
    if (!has_[i] && readers_[i].error() && !error_) error_ = readers_[i].error();
  }
  /// The reader with the earliest frame; the first of equals.
  void choose() {
    current_ = readers_.size();
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if (!has_[i]) continue;
      if (current_ == readers_.size() ||
          readers_[i].frame().origin_ns < readers_[current_].frame().origin_ns) {
        current_ = i;
      }
    }
    if (current_ == readers_.size()) return;
    const TimeNs last = out_.origin_ns;
    out_ = readers_[current_].frame();
    if (out_.origin_ns < last) {  // a later stream of another clock
      out_.origin_ns = last;
      ++backward_;
    }
  }

  std::vector<StreamReader> readers_;
  std::vector<char> has_;
  std::vector<std::string> files_;
  std::size_t current_ = 0;
  FeedFrame out_;
  std::int64_t backward_ = 0;
  std::optional<Error> error_;
};

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

 private:
  std::vector<std::unique_ptr<FrameSource>> sources_;
  FrameSource* current_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_captures(const std::vector<CaptureStream>& streams) {
  auto source = std::make_unique<CaptureSource>();
  if (auto opened = source->open(streams); !opened) return fail_within("cannot read captures",
      opened);
  return source;
}

std::unique_ptr<FrameSource> limit_source(std::unique_ptr<FrameSource> inner,
                                          std::uint64_t frames_max, std::int64_t span_ns) {
  if (frames_max == 0 && span_ns == 0) return inner;
  return std::make_unique<LimitedSource>(std::move(inner), frames_max, span_ns);
}

std::unique_ptr<FrameSource> merge_sources(std::vector<std::unique_ptr<FrameSource>> sources) {
  return std::make_unique<MergedSource>(std::move(sources));
}

}  // namespace pinstripe
