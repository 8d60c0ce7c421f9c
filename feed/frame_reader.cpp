#include "feed/frame_reader.h"

#include "feed/binary_capture.h"
#include "feed/line_reader.h"

namespace pinstripe {
namespace {

class TextReader : public FrameReader {
 public:
  TextReader(std::unique_ptr<LineReader> lines, CaptureFormat format, const CaptureSelect& select)
      : lines_(std::move(lines)), format_(format), select_(select) {}

  bool read(CaptureLine& out) override {
    start_ = lines_->place();
    lines_->begin_group();
    return read_capture_line(*lines_, format_, select_, out);
  }
  const std::optional<Error>& error() const noexcept override { return lines_->error(); }
  const std::string& path() const noexcept override { return lines_->path(); }
  const FileStamp& stamp() const noexcept override { return lines_->stamp(); }
  void save(StateWriter& w) const noexcept override { lines_->save(w, start_); }
  Result<void> load(StateReader& r) override { return lines_->load(r); }

 private:
  std::unique_ptr<LineReader> lines_;
  CaptureFormat format_;
  CaptureSelect select_;
  LineReader::Place start_;
};

}  // namespace

Result<std::unique_ptr<FrameReader>> open_frames(const std::string& path, CaptureFormat format,
                                                 const CaptureSelect& select) {
  if (is_binary_capture(path)) return open_binary_frames(path, format);
  auto lines = LineReader::open(path);
  if (!lines) return std::unexpected(lines.error());
  return std::make_unique<TextReader>(std::move(*lines), format, select);
}

}  // namespace pinstripe
