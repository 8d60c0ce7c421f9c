// Recorded files as frame sources: one reader a stream, merged by time.
#include <algorithm>

#include "feed/capture_lines.h"
#include "feed/frame_reader.h"
#include "feed/source.h"

namespace pinstripe {
namespace {

/// The clock as it was before the frame in hand was taken.
struct Before {
  TimeNs origin_ns;
  std::int64_t backward = 0;
};

/// The files of one stream, one after the other. All are opened at the start: zlib allocates when
/// it opens a file, and after the start nothing may (design 2).
class StreamReader {
 public:
  StreamReader(const CaptureStream& stream, std::uint32_t first_file)
      : stream_(stream), first_file_(first_file) {}

  Result<void> open() {
    for (std::size_t i = 0; i < stream_.files.size(); ++i) {
      const CaptureSelect all;
      auto reader = open_frames(stream_.files[i], stream_.format,
                                stream_.selects.empty() ? all : stream_.selects[i]);
      if (!reader) return std::unexpected(reader.error());
      readers_.push_back(std::move(*reader));
    }
    return {};
  }
  /// Goes to the next frame; false at the end or after an error.
  bool advance() {
    before_ = {frame_.origin_ns, backward_};
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
  /// Of the frame in hand.
  FeedPosition position() const noexcept {
    const FileStamp& file = readers_[file_]->stamp();
    return {.file = frame_.file, .size = file.size, .mtime_ns = file.mtime_ns,
            .offset = offset_, .line = frame_.line};
  }

  /// Where the frame in hand begins: `load` reads it again, or the end or the error in its place.
  void save(StateWriter& w) const noexcept {
    for (const auto& reader : readers_) {
      w.u64(reader->stamp().size);
      w.i64(reader->stamp().mtime_ns);
    }
    w.u64(file_);
    w.unit(before_.origin_ns);
    w.i64(before_.backward);
    readers_[file_]->save(w);
  }
  Result<void> load(StateReader& r) {
    for (const auto& reader : readers_) {
      FileStamp was;
      was.size = r.u64();
      was.mtime_ns = r.i64();
      if (was != reader->stamp()) return refuse_changed(*reader, was);
    }
    file_ = r.u64();
    frame_.origin_ns = r.unit<TimeNs>();
    backward_ = r.i64();
    if (file_ >= readers_.size()) return fail("the checkpoint's file number is damaged");
    error_.reset();
    return readers_[file_]->load(r);
  }

 private:
  static std::unexpected<Error> refuse_changed(const FrameReader& reader, const FileStamp& was) {
    const FileStamp& is = reader.stamp();
    return fail("'" + reader.path() + "' is not the file that the session read: it had " +
                std::to_string(was.size) + " bytes, last changed at " +
                std::to_string(was.mtime_ns) + " ns, and has " + std::to_string(is.size) +
                " bytes, last changed at " + std::to_string(is.mtime_ns) +
                " ns; put the recorded file back");
  }

  bool read_frame() {
    CaptureLine line;
    if (!readers_[file_]->read(line)) return false;
    frame_.format = line.format;
    frame_.instrument = stream_.instrument;
    frame_.file = first_file_ + static_cast<std::uint32_t>(file_);
    frame_.line = line.line;
    frame_.bytes = line.bytes;
    frame_.column = line.column;
    offset_ = line.offset;
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
  std::vector<std::unique_ptr<FrameReader>> readers_;
  FeedFrame frame_;
  std::uint64_t offset_ = 0;  // of its line, in uncompressed bytes
  Before before_;
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

  bool seekable() const noexcept override { return true; }
  FeedPosition position() const noexcept override {
    return current_ < readers_.size() ? readers_[current_].position() : FeedPosition{};
  }
  void save(StateWriter& w) const noexcept override {
    w.u64(readers_.size());
    w.unit(before_.origin_ns);
    w.i64(before_.backward);
    for (const StreamReader& r : readers_) r.save(w);
  }
  Result<void> load(StateReader& r) override {
    if (r.u64() != readers_.size()) {
      return fail("the checkpoint is of another number of recorded streams; name the files of its "
                  "session");
    }
    out_.origin_ns = r.unit<TimeNs>();
    backward_ = r.i64();
    error_.reset();
    for (StreamReader& reader : readers_) {
      if (auto loaded = reader.load(r); !loaded) return fail_within("cannot go on", loaded);
    }
    if (r.failed()) return fail("the checkpoint ends inside the place of its recorded files");
    for (std::size_t i = 0; i < readers_.size(); ++i) step(i);
    choose();
    return {};
  }

 private:
  void step(std::size_t i) {
    if (has_.size() < readers_.size()) has_.resize(readers_.size());
    has_[i] = readers_[i].advance();
    if (!has_[i] && readers_[i].error() && !error_) error_ = readers_[i].error();
  }
  /// The reader with the earliest frame; the first of equals.
  void choose() {
    before_ = {out_.origin_ns, backward_};
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
  Before before_;
  std::int64_t backward_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_captures(const std::vector<CaptureStream>& streams) {
  auto source = std::make_unique<CaptureSource>();
  if (auto opened = source->open(streams); !opened) return fail_within("cannot read captures",
      opened);
  return source;
}

}  // namespace pinstripe
