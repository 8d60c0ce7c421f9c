// One recorded file as frames, whatever kind of file it is: text, gzip, binary capture.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "feed/capture_lines.h"
#include "feed/inflated_file.h"
#include "feed/source.h"
#include "shm/base/state_io.h"

namespace pinstripe {

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  /// The next frame, valid until the next call. False at the end or after an error.
  virtual bool read(CaptureLine& out) = 0;
  virtual const std::optional<Error>& error() const noexcept = 0;
  virtual const std::string& path() const noexcept = 0;
  virtual const FileStamp& stamp() const noexcept = 0;
  /// Where the frame last read begins, or the end in its place; after `load` it is read again.
  virtual void save(StateWriter& w) const noexcept = 0;
  virtual Result<void> load(StateReader& r) = 0;
};

/// Tells the kind of file by its first bytes; `format` says what its frames are, `select` which of
/// a text file's belong to the stream (a binary capture holds one stream's).
Result<std::unique_ptr<FrameReader>> open_frames(const std::string& path, CaptureFormat format,
                                                 const CaptureSelect& select = {});

}  // namespace pinstripe
